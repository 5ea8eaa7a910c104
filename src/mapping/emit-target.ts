/** Writes the target side of a rule: elements created, values transformed, and each put under its JSON name. */
import type { Built, Slot } from './block.ts';
import { literalOf } from './built.ts';
import { callGroup } from './call-group.ts';
import { keyFor } from './choice.ts';
import { isRefusedName } from './element-name.ts';
import { nearest } from './finding.ts';
import { ANY, type Member, type Shape } from './shapes.ts';
import { plain, type Site, type Value, type Variable, variableOf, within } from './site.ts';
import { copied, type Made } from './transform-call.ts';
import { transform } from './transforms.ts';
import type { Rule, Target } from './tree.ts';

/** @returns the site with the variables that the targets bind */
export function emitTargets(site: Site, rule: Rule): Site {
  return rule.targets.reduce((at, target) => {
    const value = emitTarget(at, rule, target);
    return value ? within(at, target.variable?.text, { ...value, mode: 'target' }) : unknownAfter(at, target);
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
  if (!step) return emitAlias(site, target, context);
  if (context.mode === 'source') {
    const message = `${target.context.text} is a source and cannot be written; name a target variable`;
    site.unit.findings.add('map-source-as-target', target.context.at, message);
    return undefined;
  }
  if (more) {
    const instead = `create ${step.text} as a variable first, then write its ${more.text}`;
    site.unit.findings.unsupported(more.at, 'a target path of several elements', instead);
    return undefined;
  }
  if (isRefusedName(site.unit, step)) return undefined;
  if (!context.built) return refuseCopied(site, target);
  const member = site.unit.shapes.member(context.shape, step.text);
  if (!member) {
    const where = site.unit.shapes.describe(context.shape);
    const hint = nearest(step.text, site.unit.shapes.names(context.shape));
    site.unit.findings.add('map-unknown-element', step.at, `${where} has no element ${step.text}${hint}`);
    return undefined;
  }
  const [listMode] = target.listModes;
  if (listMode && listMode.text !== 'first' && listMode.text !== 'share') {
    site.unit.findings.unsupported(listMode.at, `the target list mode ${listMode.text}`, 'leave it out');
  }
  return emitElement(site, rule, target, context.built, member);
}

/** `tgt as t` is another name; a value cannot be put in place of a whole variable. */
function emitAlias(site: Site, target: Target, context: Variable): Value | undefined {
  if (!target.transform) return context;
  const instead = 'write to one of its elements';
  site.unit.findings.unsupported(target.at, 'a transform assigned to a variable itself', instead);
  return undefined;
}

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
  rule: Rule,
  target: Target,
  parent: Built,
  member: Member,
): Value | undefined {
  if (!target.transform) return emitBare(site, rule, target, parent, member);
  const made = transform(site, target, member);
  if (!made) return undefined;
  const value = 'entries' in made ? plain('', made.shape) : made;
  const key = keyOf(site, target, member, value);
  if (key === undefined) return undefined;
  const slot = slotOf(target, parent, member, key);
  if ('entries' in made)
    return target.share ? shared(site, target, made.shape, slot) : objectOf(site, made, slot);
  return writeValue(site, target, slot, made);
}

/** A target without a value: a copy in `src.a -> tgt.a`, else an element of the type that it has. */
function emitBare(site: Site, rule: Rule, target: Target, parent: Built, member: Member): Value | undefined {
  const { shapes, findings } = site.unit;
  const isCopy = !target.variable && rule.sources.length === 1 && rule.targets.length === 1;
  if (isCopy && site.item) return emitCopy(site, target, parent, member, site.item);
  const [type] = member.types;
  const known = type === undefined ? undefined : shapes.definitions.type(type);
  const unclear = member.types.length > 1 || known?.abstract || known?.kind === 'primitive-type';
  if (unclear || (type === undefined && member.shape.kind !== 'any')) {
    const example = type === undefined || known?.abstract ? "create('Patient')" : 'a value';
    const message = `${member.stem} has no single type to create; write = ${example}`;
    findings.add('map-no-value', target.at, message);
    return undefined;
  }
  const key = member.keys[0]!;
  const slot = slotOf(target, parent, member, key);
  if (target.share) return shared(site, target, member.shape, slot);
  if (member.isArray) return objectOf(site, { entries: [], shape: member.shape }, slot);
  return theOne(site, member.shape, slot);
}

/** An element that occurs once is made by the first rule and found by the next ones. */
function theOne(site: Site, shape: Shape, slot: Slot): Value {
  const { block } = site;
  const waiting = block.waitingFor(slot.parent, slot.key);
  if (waiting) return plain(waiting.js, shape, { built: waiting, fresh: true });
  if (!block.mayHold(slot.parent, slot.key)) return objectOf(site, { entries: [], shape }, slot);
  const layout = site.unit.shapes.layout(shape);
  const empty = literalOf(new Map(), layout);
  const js = block.keep(`${block.use(slot.parent)}[${JSON.stringify(slot.key)}] ?? ${empty}`);
  return plain(js, shape, { built: block.adopt(js, slot, layout), fresh: true });
}

function objectOf(site: Site, made: Made, slot: Slot | undefined): Value {
  const built = site.block.create(made.entries, slot, site.unit.shapes.layout(made.shape));
  return plain(built.js, made.shape, { built, fresh: true });
}

/** `share x`: one element for all rules that name the same id on the same parent. */
function shared(site: Site, target: Target, shape: Shape, slot: Slot): Value {
  const { block } = site;
  const layout = site.unit.shapes.layout(shape);
  const name = `${slot.key} ${target.share?.text}`;
  let variable = slot.parent.shares.get(name);
  if (variable === undefined) {
    variable = block.name();
    slot.parent.shares.set(name, variable);
    slot.parent.block.line(`let ${variable};`);
  }
  const shareName = variable;
  block.nest(`if (${shareName} === undefined)`, (inner) => {
    inner.line(`${shareName} = ${literalOf(new Map(), layout)};`);
    if (slot.position === 'only') inner.set(slot.parent, slot.key, shareName);
    else inner.push(slot.parent, slot.key, shareName);
  });
  const js = block.keep(shareName);
  return plain(js, shape, { built: block.adopt(js, undefined, layout), fresh: true });
}

function emitCopy(site: Site, target: Target, parent: Built, member: Member, item: Value): Value | undefined {
  const group = defaultGroup(site, item.shape, member);
  if (!group) {
    const value = site.unit.shapes.primitive(item.shape) ? item : copied(site, item);
    const key = keyOf(site, target, member, value);
    return key === undefined
      ? undefined
      : writeValue(site, target, slotOf(target, parent, member, key), value);
  }
  const shape: Shape = { kind: 'type', name: group.type };
  const made = objectOf(site, { entries: [], shape }, slotOf(target, parent, member, member.keys[0]!));
  const values: Variable[] = [
    { ...item, mode: 'source' },
    { ...made, mode: 'target' },
  ];
  callGroup(site, group.found, values, group.found.group.name);
  return made;
}

/** The group marked <<types>> or <<type+>> for these two types, when both are known and complex. */
function defaultGroup(site: Site, from: Shape, member: Member) {
  const { unit } = site;
  const [type] = member.types;
  if (from.kind !== 'type' || unit.shapes.primitive(from) || type === undefined || member.isChoice)
    return undefined;
  const found = unit.visible(site.file).find(({ file, group: { typeMode, parameters } }) => {
    const [source, target] = parameters;
    if (!typeMode || !source?.type || !target?.type) return false;
    const [a, b] = [unit.typeShape(file, source.type), unit.typeShape(file, target.type)];
    return a?.kind === 'type' && b?.kind === 'type' && a.name === from.name && b.name === type;
  });
  return found && { found, type };
}

function keyOf(site: Site, target: Target, member: Member, value: Value): string | undefined {
  const key = keyFor(site.unit.shapes, member, value);
  if ('key' in key) return key.key;
  site.unit.findings.add('map-type', target.at, key.wrong);
  return undefined;
}

function slotOf(target: Target, parent: Built, member: Member, key: string): Slot {
  if (!member.isArray) return { parent, key, position: 'only' };
  return { parent, key, position: target.listModes[0]?.text === 'first' ? 'first' : 'last' };
}

/** Writes a value that is no new object: kept under a name where a later rule needs it or it may be absent. */
function writeValue(site: Site, target: Target, slot: Slot, value: Value): Value | undefined {
  const { block } = site;
  if (value.many && slot.position !== 'only') {
    if (target.variable) {
      const instead = 'write the rule once for each item, with the list as its source';
      site.unit.findings.unsupported(target.variable.at, 'a variable for several values', instead);
    }
    const item = block.name();
    block.nest(
      `for (const ${item} of ${value.code})`,
      (inner) => write(inner, slot, `copyOf(run, ${site.place}, ${item})`),
      true,
    );
    return undefined;
  }
  let { code } = value;
  if (value.many) code = block.keep(`copyOf(run, ${site.place}, single(run, ${site.place}, ${code}))`);
  else if (target.variable && !/^\w+$/.test(code)) code = block.keep(code);
  const definite = value.definite && !value.many;
  if (definite) write(block, slot, code);
  else block.nest(`if (${code} !== undefined)`, (inner) => write(inner, slot, code));
  return { ...value, code, definite, many: false, built: value.built };
}

function write(block: Site['block'], slot: Slot, code: string): void {
  if (slot.position === 'only') block.set(slot.parent, slot.key, code);
  else block.push(slot.parent, slot.key, code, slot.position === 'first');
}
