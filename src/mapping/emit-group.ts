/** Writes the rules of a group: parameters bound to values, inherited rules first, then sources, targets and dependents of each rule. */
import type { Block } from './block.ts';
import { callGroup } from './call-group.ts';
import { emitSources } from './emit-source.ts';
import { emitTargets } from './emit-target.ts';
import { type FoundGroup, type Site, type Unit, type Variable, variableOf } from './site.ts';
import { argument } from './transform-call.ts';
import type { Argument, Invocation, Parameter, Rule, Word } from './tree.ts';

/** Longest chain of `extends`. */
const MOST_PARENTS = 20;

/** Writes a group's rules into the block; `values` are those of its parameters, in order. */
export function emitGroup(unit: Unit, block: Block, found: FoundGroup, values: readonly Variable[]): void {
  const chain = [found];
  for (let at: FoundGroup | undefined = found; at?.group.parent; ) {
    const name: Word = at.group.parent;
    at = unit.findGroup(at.file, name);
    if (!at) break;
    if (chain.length > MOST_PARENTS || chain.some(({ group }) => group === at?.group)) {
      unit.findings.add(
        'map-cyclic-extends',
        name.at,
        `group ${name.text} extends itself; remove this extends`,
      );
      break;
    }
    chain.unshift(at);
  }
  for (const { file, group } of chain) {
    unit.saw(group);
    const scope = new Map(unit.constants(file));
    group.parameters.forEach((parameter, index) => {
      const value = values[index];
      if (value) scope.set(parameter.name.text, typed(unit, file, parameter, value));
    });
    emitRules({ unit, block, scope, file, place: 0 }, group.rules);
  }
}

/** A value whose shape is not known takes the parameter's type; one that is known must fit it. */
function typed(unit: Unit, file: string, parameter: Parameter, value: Variable): Variable {
  const declared = parameter.type && unit.typeShape(file, parameter.type);
  if (!declared || declared.kind === 'any') return value;
  if (value.shape.kind === 'any') return { ...value, shape: declared };
  if (!unit.shapes.fits(value.shape, declared)) {
    const is = unit.shapes.describe(value.shape);
    const message = `${parameter.name.text} is declared as ${parameter.type?.text}, but a rule passes ${is}`;
    unit.findings.add('map-type', parameter.name.at, `${message}; declare that type or pass another element`);
  }
  return value;
}

export function emitRules(site: Site, rules: readonly Rule[]): void {
  for (const rule of rules) emitRule(site, rule);
}

function emitRule(outer: Site, rule: Rule): void {
  const site: Site = { ...outer, place: outer.unit.place(rule.at, rule.name) };
  emitSources(site, rule, (inner) => {
    const filled = emitTargets(inner, rule);
    for (const dependent of rule.dependents) emitDependent(filled, dependent);
    emitRules(filled, rule.rules);
  });
}

function emitDependent(site: Site, { name, parameters }: Invocation): void {
  const found = site.unit.findGroup(site.file, name);
  const values = parameters.map((parameter) => {
    const [word, more] = parameter.kind === 'path' ? parameter.words : [];
    return word && !more ? variableOf(site, word) : computed(site, parameter);
  });
  if (!found || values.some((value) => !value)) return;
  callGroup(site, found, values as Variable[], name);
}

/** A literal or an expression as a parameter: the one value that it gives. */
function computed(site: Site, parameter: Argument): Variable | undefined {
  const value = argument(site, parameter);
  if (!value?.many) return value && { ...value, mode: 'source' };
  const code = site.block.keep(`single(run, ${site.place}, ${value.code})`);
  return { ...value, code, many: false, definite: false, mode: 'source' };
}
