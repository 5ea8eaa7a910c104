/** Writes the objects that a map creates and where each goes: one of its own, one shared by several rules, one at an end of its list. */
import type { Slot } from './block.ts';
import { literalOf } from './built.ts';
import type { Shape } from './shapes.ts';
import { plain, type Site, type Value } from './site.ts';
import type { Made } from './transform-call.ts';
import type { Target } from './tree.ts';

/** @returns an element whose list mode says whether another one is meant; undefined, with a finding, where it has no such mode */
export function objectIn(site: Site, target: Target, made: Made, slot: Slot): Value | undefined {
  const modes = new Set(target.listModes.map(({ text }) => text));
  const isSingle = modes.has('single') || modes.has('collate');
  const isShared = isSingle || modes.has('share');
  const isList = slot.position !== 'only';
  if (!isList && isShared && made.entries.length === 0) return theOne(site, made.shape, slot);
  const end = isList ? endOf(target) : undefined;
  if (isList && (isShared || end) && site.unit.shapes.form(made.shape).isPrimitive) {
    const instead = 'write its value with =, and its list mode behind that';
    site.unit.findings.unsupported(
      target.listModes[0]!.at,
      'a list mode of a primitive that is built',
      instead,
    );
    return undefined;
  }
  if (isShared)
    return shared(site, isSingle ? undefined : `${slot.key} ${target.share?.text ?? ''}`, made, slot, end);
  const value = objectOf(site, made, slot);
  if (end) orderLine(site, site.block, slot, end, site.block.use(value.built!));
  return value;
}

/** @returns the end of its list that a target wants, whatever the order of the rules */
export function endOf({ listModes }: Target): 'first' | 'last' | undefined {
  return listModes.map(({ text }) => text).find((text) => text === 'first' || text === 'last');
}

/** Sends an item to an end of its list: an object, or what was just added. */
export function orderLine(
  { place }: Site,
  block: Site['block'],
  { parent, key }: Slot,
  end: string,
  js?: string,
): void {
  const item = js === undefined ? '' : `, ${js}`;
  block.line(
    `goesTo(run, ${place}, ${block.use(parent)}, ${JSON.stringify(key)}, ${JSON.stringify(end)}${item});`,
  );
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
 * One that stays empty is taken out when all rules are done.
 * @param name of what is shared; undefined for `single`
 */
function shared(
  site: Site,
  name: string | undefined,
  made: Made,
  slot: Slot,
  end: string | undefined,
): Value {
  const { block } = site;
  const { parent } = slot;
  const key = JSON.stringify(slot.key);
  const touched = touchedOf(parent, name ?? `${slot.key} first`);
  for (const [member] of made.entries) touched.add(member);
  parent.touched.add(slot.key);
  const form = { ...site.unit.shapes.form(made.shape), touched };
  site.unit.created(site.place, made.shape, touched);
  const owner = block.lend(parent);
  const first = slot.position === 'only' ? `${owner}[${key}]` : `${owner}[${key}]?.[0]`;
  const js = block.name();
  block.line(
    `let ${js} = ${name === undefined ? first : `sharedOf(run, ${owner}, ${JSON.stringify(name)})`};`,
  );
  block.nest(`if (${js} === undefined)`, (inner) => {
    inner.line(`${js} = ${literalOf(new Map(made.entries), form.layout)};`);
    if (slot.position === 'only') inner.set(parent, slot.key, js, slot.trace);
    else inner.push(parent, slot.key, js, slot.trace);
    if (name !== undefined) inner.line(`share(run, ${owner}, ${JSON.stringify(name)}, ${js});`);
    if (made.entries.length === 0) inner.line(`mayStayEmpty(run, ${js});`);
    if (end) orderLine(site, inner, slot, end, js);
  });
  return plain(js, made.shape, { built: block.adopt(js, undefined, form), fresh: true });
}

/** The keys that rules write to an element which several of them find again. */
function touchedOf(parent: Slot['parent'], name: string): Set<string> {
  const touched = parent.below.get(name) ?? new Set();
  parent.below.set(name, touched);
  return touched;
}
