/** Writes the objects that a map creates and where each goes: one of its own, one shared by several rules, one at an end of its list. */
import type { Slot } from './block.ts';
import { literalOf } from './built.ts';
import type { Shape } from './shapes.ts';
import { plain, type Site, type Value } from './site.ts';
import type { Made } from './transform-call.ts';
import type { Target } from './tree.ts';

/** An element whose list mode says whether another one is meant. */
export function objectIn(site: Site, target: Target, made: Made, slot: Slot): Value {
  const modes = new Set(target.listModes.map(({ text }) => text));
  if (modes.has('share')) return shared(site, `${slot.key} ${target.share?.text ?? ''}`, made, slot);
  if (modes.has('single') || modes.has('collate')) return shared(site, `${slot.key} first`, made, slot, true);
  if (slot.position !== 'only' && (modes.has('first') || modes.has('last')))
    return atEnd(site, made, slot, modes);
  return objectOf(site, made, slot);
}

/** The one element of a list that goes first, or last: a second one is an error. */
function atEnd(site: Site, made: Made, slot: Slot, modes: ReadonlySet<string>): Value {
  const { block } = site;
  const key = JSON.stringify(slot.key);
  const parent = block.lend(slot.parent);
  if (modes.has('first')) {
    block.line(`claimEnd(run, ${site.place}, ${parent}, ${key}, "first");`);
    return objectOf(site, made, slot);
  }
  const value = objectOf(site, made, undefined);
  block.line(`goesLast(run, ${site.place}, ${parent}, ${key}, ${block.use(value.built!)});`);
  return value;
}

/** An element that occurs once is made by the first rule and found by the next ones. */
export function theOne(site: Site, shape: Shape, slot: Slot): Value {
  const { block } = site;
  const form = { ...site.unit.shapes.form(shape), touched: touchedOf(slot.parent, slot.key) };
  const waiting = block.waitingFor(slot.parent, slot.key);
  if (waiting) return plain(waiting.js, shape, { built: waiting, fresh: true });
  if (form.isPrimitive || !block.mayHold(slot.parent, slot.key))
    return objectOf(site, { entries: [], shape }, slot);
  const empty = literalOf(new Map(), form.layout);
  const js = block.keep(`${block.use(slot.parent)}[${JSON.stringify(slot.key)}] ?? ${empty}`);
  return plain(js, shape, { built: block.adopt(js, slot, form), fresh: true });
}

export function objectOf(site: Site, made: Made, slot: Slot | undefined): Value {
  const form = site.unit.shapes.form(made.shape);
  const isOne = slot?.position === 'only';
  const touched = isOne ? touchedOf(slot.parent, slot.key) : new Set<string>();
  const built = site.block.create(made.entries, slot, { ...form, touched });
  site.unit.created(site.place, made.shape, touched);
  return plain(built.js, made.shape, { built, fresh: true });
}

/**
 * `share x`: one element for all rules that name the same id on the same parent; `single`: the first of the list for all rules.
 * One that stays empty is taken out when all rules of the parent are done.
 */
function shared(site: Site, name: string, made: Made, slot: Slot, single = false): Value {
  const { block } = site;
  const { parent, key } = slot;
  const touched = touchedOf(parent, name);
  for (const [key] of made.entries) touched.add(key);
  parent.touched.add(key);
  const form = { ...site.unit.shapes.form(made.shape), touched };
  site.unit.created(site.place, made.shape, touched);
  const literal = literalOf(new Map(made.entries), form.layout);
  let variable = parent.shares.get(name);
  if (variable === undefined) {
    variable = block.name();
    parent.shares.set(name, variable);
    parent.block.line(`let ${variable};`);
    const [list, js] = [parent.js, variable];
    parent.block.atClose(
      `if (${js} !== undefined && !hasValues(${js})) takeOut(${list}, ${JSON.stringify(key)}, ${js});`,
    );
  }
  const shareName = variable;
  const member = `${block.lend(parent)}[${JSON.stringify(key)}]`;
  if (single) block.line(`${shareName} ??= ${slot.position === 'only' ? member : `${member}?.[0]`};`);
  block.nest(`if (${shareName} === undefined)`, (inner) => {
    inner.line(`${shareName} = ${literal};`);
    if (slot.position === 'only') inner.set(parent, key, shareName, slot.trace);
    else inner.push(parent, key, shareName, false, slot.trace);
  });
  const js = block.keep(shareName);
  return plain(js, made.shape, { built: block.adopt(js, undefined, form), fresh: true });
}

/** The keys that rules write to an element which several of them find again. */
function touchedOf(parent: Slot['parent'], name: string): Set<string> {
  const touched = parent.below.get(name) ?? new Set();
  parent.below.set(name, touched);
  return touched;
}
