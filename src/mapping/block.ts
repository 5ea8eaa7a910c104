/** Writes the JavaScript of a compiled map: blocks of lines, and objects folded into one literal as far as nothing intervenes. */

import type { Budget } from './budget.ts';
import {
  adoptedBuilt,
  type BuiltIn,
  type Form,
  holdsSomething,
  literalOf,
  newBuilt,
  type SlotIn,
} from './built.ts';
import { Memory } from './memory.ts';
import { stepLine } from './steps.ts';

export type Built = BuiltIn<Block>;
export type Slot = SlotIn<Block>;

/** What all blocks of one compilation share. */
export interface Shared {
  readonly budget: Budget;
  readonly keepsPlaces: boolean;
}

export class Block extends Memory {
  readonly #parent: Block | undefined;
  readonly #loop: boolean;
  /** text, or what becomes text when the block is closed */
  readonly #lines: (string | (() => string))[] = [];
  readonly #waiting: Built[] = [];
  /** objects that were put into their slots before anything was known to be in them */
  readonly #early: { readonly built: Built; readonly slot: Slot }[] = [];
  readonly #shared: Shared;

  constructor(shared: Shared, parent?: Block, loop = false) {
    super(parent);
    this.#shared = shared;
    this.#parent = parent;
    this.#loop = loop;
  }

  get budget(): Budget {
    return this.#shared.budget;
  }

  /** @returns a name that no other variable of the compilation has */
  name(): string {
    return this.budget.name();
  }

  line(text: string): void {
    this.budget.spend(text.length);
    this.#lines.push(text);
  }

  /** Writes `head { … }` with a block inside. @param loop number of the place of a loop's rule: its turns are counted */
  nest(head: string, fill: (inner: Block) => void, loop?: number): void {
    const inner = new Block(this.#shared, this, loop !== undefined);
    this.budget.within(() => fill(inner));
    const text = inner.close();
    if (text === '') return;
    this.line(`${head} {\n${loop === undefined ? '' : stepLine(loop, text)}${text}\n}`);
  }

  /** A new object, put into its slot when it holds something. */
  create(entries: Iterable<[string, string]>, slot?: Slot, form: Form = {}): Built {
    const built = newBuilt<Block>(this.name(), this, entries, slot, form);
    slot?.parent.touched.add(slot.key);
    this.#waiting.push(built);
    return built;
  }

  /** An object that is there already, or may be: a parameter, or the element that earlier rules made. */
  adopt(js: string, slot?: Slot, form: Form = {}): Built {
    const built = adoptedBuilt<Block>(js, this, slot, form);
    if (slot) this.#waiting.push(built);
    return built;
  }

  /** @returns the object's variable, for code written from now on */
  use(built: Built): string {
    built.block.#writeOut(built);
    return built.js;
  }

  /** @returns the object's variable, to be handed to a function that may write any member: what waits goes in before */
  lend(built: Built): string {
    const js = this.use(built);
    this.#bringIn(built);
    built.foreign = true;
    return js;
  }

  /** Puts in what waits for a place in the object, the outermost first: it was made first. */
  #bringIn(parent: Built): void {
    const outer = this.#parent;
    if (outer) outer.#bringIn(parent);
    for (const child of [...this.#waiting]) if (child.slot?.parent === parent) this.#letIn(child);
  }

  /** @returns an object that waits to be put into this slot, in this block or one around it */
  waitingFor(parent: Built, key: string): Built | undefined {
    const home = this.#find((at) => at === parent.block || at.#waitingHere(parent, key).length > 0);
    return home ? home.#waitingHere(parent, key)[0] : undefined;
  }

  /** @returns true when an earlier run of this code, or earlier code, may have written the key */
  mayHold(built: Built, key: string): boolean {
    return built.foreign || built.writes.has(key) || this.#loopsWithin(built.block);
  }

  /** Writes one member; `trace` as in a slot. */
  set(built: Built, key: string, code: string, trace?: string): void {
    if (built.entries && built.block === this && trace === undefined) built.entries.set(key, code);
    else this.line(`${this.use(built)}[${JSON.stringify(key)}] = ${code};`);
    if (built.block === this) built.filled = true;
    built.writes.set(key, this.#certain(built, key));
    built.touched.add(key);
    this.trace(built, key, trace);
  }

  /**
   * Remembers which rule wrote a member, and from what.
   * @param split variable of the object that was split into the value and what stands beside it
   */
  trace(built: Built, key: string, trace: string | undefined, split?: string): void {
    if (trace === undefined) return;
    this.line(
      `trace(run, ${built.js}, ${JSON.stringify(key)}, ${trace}${split === undefined ? '' : `, ${split}`});`,
    );
  }

  /** Adds to a member that is a list. */
  push(built: Built, key: string, code: string, trace?: string): void {
    this.#letOlderIn(built, key);
    for (const older of this.#waitingHere(built, key)) this.#letIn(older);
    this.#add(built, key, code, trace);
  }

  #add(built: Built, key: string, code: string, trace: string | undefined): void {
    built.touched.add(key);
    if (built.entries && built.block === this && trace === undefined) {
      const list = built.entries.get(key) ?? [];
      if (Array.isArray(list)) {
        built.entries.set(key, [...list, code]);
        built.writes.set(key, this);
        return;
      }
    }
    const member = `${this.use(built)}[${JSON.stringify(key)}]`;
    const add = `${member}.push(${code});`;
    const known = built.writes.get(key);
    if (!this.mayHold(built, key)) this.line(`${member} = [${code}];`);
    else if (known && this.#isWithin(known)) this.line(add);
    else this.line(`if (${member} === undefined) ${member} = [${code}]; else ${add}`);
    built.writes.set(key, this.#certain(built, key));
    this.trace(built, key, trace);
  }

  /** Writes out everything that waits, and returns the text of the block. */
  close(): string {
    for (const built of [...this.#waiting]) if (!this.#hasWaitingParent(built)) this.#writeOut(built);
    for (const built of [...this.#waiting]) this.#settle(built);
    for (const { built, slot } of this.#early.reverse()) this.#takeOut(built, slot);
    return this.#lines.map((line) => (typeof line === 'string' ? line : line())).join('\n');
  }

  #writeOut(built: Built): void {
    const { entries } = built;
    if (!entries) return;
    for (const child of [...this.#waiting]) if (child.slot?.parent === built) this.#writeOut(child);
    if (!built.entries) return; // one of them needed it
    built.filled ||= entries.size > 0;
    built.entries = undefined;
    // objects that grow are slow, so what later code may write may have its place from the start
    const later = this.#shared.keepsPlaces ? built.writes : new Map<string, unknown>();
    const keys = (): string[] => [...(built.layout ?? []), ...later.keys()];
    this.#lines.push(() => `const ${built.js} = ${literalOf(entries, keys())};`);
    if (built.filled) this.#place(built);
  }

  /** Puts a filled object into its slot, behind those that wait for the same slot longer. */
  #place(built: Built): void {
    const { slot } = built;
    if (!slot) return;
    this.#letOlderIn(slot.parent, slot.key);
    const [first] = this.#waitingHere(slot.parent, slot.key);
    if (first && first !== built) {
      this.#writeOut(first);
      if (this.#waitingHere(slot.parent, slot.key)[0] !== built) return;
    }
    this.#attach(built, slot);
  }

  /** What waits for the same slot in the blocks around this one was made earlier: the outermost goes in first. */
  #letOlderIn(parent: Built, key: string): void {
    const outer = this.#parent;
    if (this === parent.block || !outer) return;
    outer.#letOlderIn(parent, key);
    for (const older of outer.#waitingHere(parent, key)) outer.#letIn(older);
  }

  /** Puts an object into its slot at its turn, though it may stay empty yet: then it is taken out when the block is closed. */
  #letIn(built: Built): void {
    this.#writeOut(built);
    const { slot } = built;
    if (!slot) return;
    this.#attach(built, slot);
    if (!built.filled) this.#early.push({ built, slot });
  }

  #waitingHere(parent: Built, key: string): Built[] {
    return this.#waiting.filter((built) => built.slot?.parent === parent && built.slot.key === key);
  }

  #attach(built: Built, slot: Slot): void {
    built.slot = undefined;
    const index = this.#waiting.indexOf(built);
    if (index >= 0) this.#waiting.splice(index, 1);
    if (built.isPrimitive) {
      this.#attachPrimitive(slot, built.js);
    } else if (slot.position === 'only') this.set(slot.parent, slot.key, built.js, slot.trace);
    else this.#add(slot.parent, slot.key, built.js, slot.trace);
  }

  /** A primitive is split into its value and, under `_name`, its id and extensions. */
  #attachPrimitive({ parent, key, position, trace }: Slot, js: string): void {
    const put = position === 'only' ? 'putPrimitive' : 'pushPrimitive';
    this.line(`${put}(${this.use(parent)}, ${JSON.stringify(key)}, ${js});`);
    this.trace(parent, key, trace, js);
    parent.touched.add(key);
    parent.foreign = true;
    parent.isOpen = true; // which of the two was written is not known here
  }

  /** At the end of the block: what may have stayed empty is put into its slot only when it did not. */
  #settle(built: Built): void {
    for (const child of [...this.#waiting])
      if (child !== built && child.slot?.parent === built) this.#settle(child);
    const { slot } = built;
    if (!slot) return;
    if (slot.position !== 'only') this.#letOlderIn(slot.parent, slot.key);
    if (built.filled) return this.#attach(built, slot);
    built.slot = undefined;
    if (built.foreign || built.writes.size > 0)
      this.nest(`if (${holdsSomething(built)})`, (inner) => inner.#attach(built, slot));
  }

  #takeOut(built: Built, { parent, key }: Slot): void {
    if (built.filled) return;
    if (parent.foreign) built.isOpen = true; // what may write to the parent may have written to its elements
    const out = `takeOut(${this.use(parent)}, ${JSON.stringify(key)}, ${built.js});`;
    this.line(
      built.foreign || built.isOpen || built.writes.size > 0
        ? `if (!(${holdsSomething(built)})) ${out}`
        : out,
    );
  }

  #hasWaitingParent(built: Built): boolean {
    const parent = built.slot?.parent;
    return parent !== undefined && parent.block === this && parent.entries !== undefined;
  }

  #certain(built: Built, key: string): Block | undefined {
    const known = built.writes.get(key);
    return known && this.#isWithin(known) ? known : this;
  }

  #isWithin(block: Block): boolean {
    return this.#find((at) => at === block) !== undefined;
  }

  #loopsWithin(outer: Block): boolean {
    const found = this.#find((at) => at === outer || at.#loop);
    return found !== undefined && found !== outer;
  }

  /** @returns the first that fits, of this block and those around it */
  #find(fits: (block: Block) => boolean): Block | undefined {
    for (let at: Block | undefined = this; at; at = at.#parent) if (fits(at)) return at;
    return undefined;
  }
}
