/** Writes a value that is no new object under the JSON name of its element. */
import type { Built, Slot } from './block.ts';
import { keyFor } from './choice.ts';
import { originsOf, traceOf } from './origins.ts';
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
  if (!member.isArray) return { parent, key, position: 'only', hasCompanion, trace };
  const isFirst = target.listModes.some(({ text }) => text === 'first');
  return { parent, key, position: isFirst ? 'first' : 'last', hasCompanion, trace };
}

/** Writes a value that is no new object: kept under a name where a later rule needs it or it may be absent. */
export function writeValue(site: Site, target: Target, slot: Slot, value: Value): Value | undefined {
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
      site.place,
    );
    return undefined;
  }
  slot.parent.touched.add(slot.key);
  let code = ownedCode(site, value, value.code);
  if (value.many) code = block.keep(`copyOf(run, ${site.place}, single(run, ${site.place}, ${code}))`);
  else if (target.variable && !/^\w+$/.test(code)) code = block.keep(code);
  const definite = value.definite && !value.many;
  const isLast = slot.position !== 'only' && target.listModes.some(({ text }) => text === 'last');
  const put = (inner: Site['block']): void => {
    if (isLast)
      inner.line(
        `goesLast(run, ${site.place}, ${inner.lend(slot.parent)}, ${JSON.stringify(slot.key)}, ${code});`,
      );
    else write(inner, slot, code);
  };
  if (value.companion !== undefined && slot.hasCompanion)
    writeWithCompanion(site, slot, code, value.companion);
  else if (definite) put(block);
  else block.nest(`if (${code} !== undefined)`, put);
  return { ...value, code, definite, many: false, built: value.built };
}

/** A primitive with its id and extensions, which stand beside it in JSON. */
function writeWithCompanion({ block, place }: Site, slot: Slot, code: string, companion: string): void {
  slot.parent.isOpen = true;
  const put = slot.position === 'only' ? 'putPrimitive' : 'pushPrimitive';
  const front = slot.position === 'first' ? ', true' : '';
  const element = `{...beside(run, ${place}, ${companion}), "value": ${code}}`;
  block.line(`${put}(${block.lend(slot.parent)}, ${JSON.stringify(slot.key)}, ${element}${front});`);
  block.trace(slot.parent, slot.key, slot.trace, slot.position === 'first');
}

function write(block: Site['block'], slot: Slot, code: string): void {
  if (slot.position === 'only') block.set(slot.parent, slot.key, code, slot.trace);
  else block.push(slot.parent, slot.key, code, slot.position === 'first', slot.trace);
}
