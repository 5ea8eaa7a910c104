/** Writes a value that is no new object under the JSON name of its element. */
import type { Built, Slot } from './block.ts';
import { keyFor } from './choice.ts';
import { originsOf, traceOf } from './origins.ts';
import { endOf, orderLine } from './place-object.ts';
import type { Member } from './shapes.ts';
import type { Site, Value } from './site.ts';
import { ownedCode } from './transform-call.ts';
import type { Target } from './tree.ts';

/** Writes a choice under the name of the type that the record has. */
export function writeChoice(
  site: Site,
  target: Target,
  parent: Built,
  member: Member,
  value: Value & { readonly choice: string },
): Value {
  const { block } = site;
  const names = member.keys.map((key) => key.slice(member.stem.length));
  const stem = JSON.stringify(member.stem);
  parent.touched.add(member.stem);
  parent.isOpen = true;
  const type = block.keep(
    `allowedChoice(run, ${site.place}, ${value.choice}, ${stem}, ${site.unit.list(names)})`,
  );
  const element = `{...beside(run, ${site.place}, ${value.companion}), "value": ${ownedCode(site, value, value.code)}}`;
  block.line(
    `if (${type} !== undefined) putPrimitive(${block.lend(parent)}, ${stem} + ${type}, ${element});`,
  );
  const trace = traceOf(site, originsOf(site, target));
  if (trace) block.line(`trace(run, ${parent.js}, ${stem} + ${type}, ${trace});`);
  return value;
}

export function keyOf(site: Site, target: Target, member: Member, value: Value): string | undefined {
  const key = keyFor(site.unit.shapes, member, value);
  if ('key' in key) return key.key;
  site.unit.findings.add('map-type', target.at, key.wrong);
  return undefined;
}

export function slotOf(site: Site, target: Target, parent: Built, member: Member, key: string): Slot {
  const { hasCompanion } = member;
  const trace = traceOf(site, originsOf(site, target));
  return { parent, key, position: member.isArray ? 'last' : 'only', hasCompanion, trace };
}

/** Writes a value that is no new object: kept under a name where a later rule needs it or it may be absent. */
export function writeValue(site: Site, target: Target, slot: Slot, value: Value): Value | undefined {
  const { block } = site;
  const end = slot.position === 'only' ? undefined : endOf(target);
  if (value.many && slot.position !== 'only') {
    if (target.variable) {
      const instead = 'write the rule once for each item, with the list as its source';
      site.unit.findings.unsupported(target.variable.at, 'a variable for several values', instead);
    }
    const item = block.name();
    block.nest(
      `for (const ${item} of ${value.code})`,
      (inner) => {
        write(inner, slot, `copyOf(run, ${site.place}, ${item})`);
        if (end) orderLine(site, inner, slot, end);
      },
      site.place,
    );
    return undefined;
  }
  slot.parent.touched.add(slot.key);
  let code = ownedCode(site, value, value.code);
  if (value.many) code = block.keep(`copyOf(run, ${site.place}, single(run, ${site.place}, ${code}))`);
  else if (target.variable && !/^\w+$/.test(code)) code = block.keep(code);
  const definite = value.definite && !value.many;
  const put = (inner: Site['block']): void => {
    write(inner, slot, code);
    if (end) orderLine(site, inner, slot, end);
  };
  if (value.companion !== undefined && slot.hasCompanion)
    writeWithCompanion(site, slot, code, value.companion, end);
  else if (definite) put(block);
  else block.nest(`if (${code} !== undefined)`, put);
  return { ...value, code, definite, many: false, built: value.built };
}

/** A primitive with its id and extensions, which stand beside it in JSON. */
function writeWithCompanion(site: Site, slot: Slot, code: string, companion: string, end?: string): void {
  const { block, place } = site;
  slot.parent.isOpen = true;
  const put = slot.position === 'only' ? 'putPrimitive' : 'pushPrimitive';
  const element = `{...beside(run, ${place}, ${companion}), "value": ${code}}`;
  block.line(`${put}(${block.lend(slot.parent)}, ${JSON.stringify(slot.key)}, ${element});`);
  block.trace(slot.parent, slot.key, slot.trace);
  if (end) orderLine(site, block, slot, end);
}

function write(block: Site['block'], slot: Slot, code: string): void {
  if (slot.position === 'only') block.set(slot.parent, slot.key, code, slot.trace);
  else block.push(slot.parent, slot.key, code, slot.trace);
}
