/** Writes the target side of a rule: elements created, values transformed, and each put under its JSON name. */
import type { Built } from './block.ts';
import { isRefusedName } from './element-name.ts';
import { emitCopy } from './emit-copy.ts';
import { nearest } from './finding.ts';
import { originsOf } from './origins.ts';
import { objectIn, objectOf, theOne } from './place-object.ts';
import { ANY, type Member, type Shape } from './shapes.ts';
import { plain, type Site, type Value, type Variable, variableOf, within } from './site.ts';
import { transform } from './transforms.ts';
import type { Rule, Target, Word } from './tree.ts';
import { keyOf, slotOf, writeChoice, writeValue } from './write-value.ts';

/** @returns the site with the variables that the targets bind */
export function emitTargets(site: Site, rule: Rule): Site {
  return rule.targets.reduce((at, target) => {
    const value = emitTarget(at, rule, target);
    if (!value) return unknownAfter(at, target);
    return within(at, target.variable?.text, { ...value, mode: 'target', origins: originsOf(at, target) });
  }, site);
}

/** After a finding the variable is still there, so that one mistake is one finding. */
function unknownAfter(site: Site, { variable }: Target): Site {
  if (!variable) return site;
  const built = site.block.create([]);
  return within(site, variable.text, { ...plain(built.js, ANY, { built, fresh: true }), mode: 'target' });
}

function emitTarget(site: Site, rule: Rule, target: Target): Value | undefined {
  if (!target.context) return emitLoose(site, target);
  const context = variableOf(site, target.context);
  if (!context) return undefined;
  const [step, more] = target.path;
  if (!step) return emitWhole(site, target, context);
  if (context.mode === 'source') {
    const message = `${target.context.text} is a source and cannot be written; name a target variable`;
    site.unit.findings.add('map-source-as-target', target.context.at, message);
    return undefined;
  }
  if (isRefusedName(site.unit, step)) return undefined;
  if (!context.built) return refuseCopied(site, target);
  const member = targetMember(site, context.shape, step);
  if (!member) return undefined;
  if (more) return emitDeep(site, rule, target, context.built, member);
  return emitElement(site, rule, target, context.built, member);
}

/** `tgt.a.b = x`: `a` is made where it is not there yet; of a list, the first. */
function emitDeep(site: Site, rule: Rule, target: Target, parent: Built, member: Member): Value | undefined {
  const [first, ...rest] = target.path;
  const context = { ...target.context!, text: `${target.context!.text}.${first!.text}` }; // no variable of a map has a dot
  const single = {
    ...NOTHING_MORE,
    at: target.at,
    context: target.context,
    path: [first!],
    variable: context,
  };
  const listModes = member.isArray ? [{ text: 'single', at: first!.at }] : [];
  const made = emitElement(site, rule, { ...single, listModes }, parent, member);
  if (!made) return undefined;
  const inner = within(site, context.text, { ...made, mode: 'target' });
  return site.block.budget.within(() => emitTarget(inner, rule, { ...target, context, path: rest }));
}

const NOTHING_MORE = { transform: undefined, share: undefined } as const;

/** @returns the element to write to; a finding when the target has none of that name */
function targetMember(site: Site, shape: Shape, step: Word): Member | undefined {
  const { shapes, findings } = site.unit;
  const primitive = shapes.primitive(shape);
  if (primitive !== undefined && step.text === 'value')
    return {
      shape,
      isArray: false,
      keys: ['value'],
      types: [primitive],
      isChoice: false,
      stem: 'value',
      hasCompanion: false,
    };
  const member = shapes.member(shape, step.text);
  if (!member) {
    const where = shapes.describe(shape);
    const hint = nearest(step.text, shapes.names(shape));
    findings.add('map-unknown-element', step.at, `${where} has no element ${step.text}${hint}`);
  }
  return member;
}

/** `tgt as t` is another name; `tgt = x` gives a primitive its value. */
function emitWhole(site: Site, target: Target, context: Variable): Value | undefined {
  if (!target.transform) return context;
  const member =
    context.built?.isPrimitive && targetMember(site, context.shape, { text: 'value', at: target.at });
  if (member) return emitElement(site, NO_RULE, target, context.built!, member);
  const instead = 'write to one of its elements';
  site.unit.findings.unsupported(
    target.at,
    'a transform assigned to a variable that is no primitive',
    instead,
  );
  return undefined;
}

/** Stands in for a rule that is no simple copy. */
const NO_RULE = { sources: [], targets: [] } as const;

/** `create('Patient') as p` without a place: an object that a later rule puts somewhere. */
function emitLoose(site: Site, target: Target): Value | undefined {
  const made = transform(site, target, undefined);
  if (!made) return undefined;
  if (!('entries' in made)) return made;
  return objectOf(site, made, undefined);
}

function refuseCopied(site: Site, target: Target): undefined {
  const instead = 'create the element and copy into it';
  site.unit.findings.unsupported(target.at, 'writing into a value that was copied or computed', instead);
  return undefined;
}

function emitElement(
  site: Site,
  rule: Pick<Rule, 'sources' | 'targets'>,
  target: Target,
  parent: Built,
  member: Member,
): Value | undefined {
  if (!target.transform) return emitBare(site, rule, target, parent, member);
  const made = transform(site, target, member);
  if (!made) return undefined;
  const value = 'entries' in made ? plain('', made.shape) : made;
  if (member.isChoice && !('entries' in made) && made.choice !== undefined)
    return writeChoice(site, target, parent, member, { ...made, choice: made.choice });
  const key = keyOf(site, target, member, value);
  if (key === undefined) return undefined;
  const slot = slotOf(site, target, parent, member, key);
  if ('entries' in made) return objectIn(site, target, made, slot);
  return writeValue(site, target, slot, made);
}

/** A target without a value: a copy in `src.a -> tgt.a`, else an element of the type that it has. */
function emitBare(
  site: Site,
  rule: Pick<Rule, 'sources' | 'targets'>,
  target: Target,
  parent: Built,
  member: Member,
): Value | undefined {
  const { shapes, findings } = site.unit;
  const isCopy = !target.variable && rule.sources.length === 1 && rule.targets.length === 1;
  if (isCopy && site.item) return emitCopy(site, target, parent, member, site.item);
  const [type] = member.types;
  const known = type === undefined ? undefined : shapes.definitions.type(type);
  const isEmpty = known?.kind === 'primitive-type' && !target.variable;
  const unclear = member.types.length > 1 || known?.abstract || isEmpty;
  const isValue = type === undefined && member.shape.kind !== 'any' && !shapes.isObject(member.shape);
  if (unclear || isValue) {
    const example = type === undefined || known?.abstract ? "create('Patient')" : 'a value';
    const message = `${member.stem} has no single type to create; write = ${example}`;
    findings.add('map-no-value', target.at, message);
    return undefined;
  }
  const slot = slotOf(site, target, parent, member, member.keys[0]!);
  if (target.listModes.length === 0 && !member.isArray) return theOne(site, member.shape, slot);
  return objectIn(site, target, { entries: [], shape: member.shape }, slot);
}
