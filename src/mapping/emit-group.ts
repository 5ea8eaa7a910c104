/** Writes the rules of a group: parameters bound to values, inherited rules first, then sources, targets and dependents of each rule. */
import type { Block } from './block.ts';
import { callGroup } from './call-group.ts';
import { emitSources } from './emit-source.ts';
import { emitTargets } from './emit-target.ts';
import { originOf } from './origins.ts';
import { type FoundGroup, type Site, type Unit, type Variable, variableOf } from './site.ts';
import { argument } from './transform-call.ts';
import type { Argument, Invocation, Parameter, Rule, Word } from './tree.ts';

/** JavaScript's functions end at some 65,000; no map needs a tenth of a percent of it. */
const MOST_PARAMETERS = 100;

/** Longest chain of `extends`. */
const MOST_PARENTS = 20;

/** What a source, a target or a dependent costs to compile, in characters of code, though it may leave none. */
const COST = 20;

/** Writes a group's rules into the block; `values` are those of its parameters, in order. */
export function emitGroup(unit: Unit, block: Block, found: FoundGroup, values: readonly Variable[]): void {
  const { name, parameters } = found.group;
  if (parameters.length > MOST_PARAMETERS) {
    const message = `group ${name.text} has ${parameters.length} parameters, more than ${MOST_PARAMETERS}; pass objects instead`;
    return unit.findings.add('map-parameters', name.at, message);
  }
  block.budget.within(() => emitChain(unit, block, chainOf(unit, found), values));
}

/** @returns the group after those that it extends, the outermost first */
function chainOf(unit: Unit, found: FoundGroup): FoundGroup[] {
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
  return chain;
}

function emitChain(
  unit: Unit,
  block: Block,
  chain: readonly FoundGroup[],
  values: readonly Variable[],
): void {
  const own = chain.at(-1)!.group.parameters;
  for (const { file, group } of chain) {
    unit.saw(group);
    const constants = unit.constants(file);
    block.budget.spend(constants.size);
    const scope = new Map(constants);
    for (const parameter of group.parameters) {
      const value = values[counterpart(own, group.parameters, parameter)];
      if (value) scope.set(parameter.name.text, typed(unit, file, parameter, value));
    }
    emitRules({ unit, block, scope, file, place: 0 }, group.rules);
  }
}

/**
 * A group and the one that it extends have the same parameters by mode and name, perhaps in another order, and the former
 * may have more; where the names differ, the first source is the first source.
 * @returns where the parameter of an extended group stands among those of the group that is called
 */
function counterpart(own: readonly Parameter[], inherited: readonly Parameter[], wanted: Parameter): number {
  const named = own.findIndex(({ mode, name }) => mode === wanted.mode && name.text === wanted.name.text);
  if (named >= 0) return named;
  const rank = inherited.filter(({ mode }) => mode === wanted.mode).indexOf(wanted);
  return own.indexOf(own.filter(({ mode }) => mode === wanted.mode)[rank]!);
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

function emitRules(site: Site, rules: readonly Rule[]): void {
  for (const rule of rules) emitRule(site, rule);
}

function emitRule(outer: Site, rule: Rule): void {
  if (outer.unit.findings.isFull) return;
  const site: Site = { ...outer, place: outer.unit.place(rule.at, rule.name) };
  const { sources, targets, dependents } = rule;
  site.block.budget.spend(COST * (sources.length + targets.length + dependents.length));
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
  if (!value) return undefined;
  const code = value.many ? site.block.keep(`single(run, ${site.place}, ${value.code})`) : value.code;
  const origins = originOf(site, parameter, code);
  const definite = value.definite && !value.many;
  return { ...value, code, many: false, definite, origins, mode: 'source' };
}
