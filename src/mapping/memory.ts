/** Remembers what one block of code has read and made, so that nothing is read or made twice. */

/** Where the code goes. */
export interface Writer {
  name(): string;
  line(text: string): void;
}

export class Memory {
  readonly #writer: Writer;
  readonly #parent: Memory | undefined;
  /** variables that hold a value here */
  readonly #bound = new Set<string>();
  /** those of them that came from outside */
  readonly #parameters = new Set<string>();
  readonly #kept = new Set<string>();
  /** variables by the code that they were read with */
  readonly #reads = new Map<string, string>();
  /** variables of texts, and the blocks after whose start each is made */
  readonly #texts = new Map<string, { readonly js: string; readonly made: Memory[] }>();

  /** @param parent memory of the block around this one */
  constructor(writer: Writer, parent: Memory | undefined) {
    this.#writer = writer;
    this.#parent = parent;
  }

  keep(code: string): string {
    const js = this.#writer.name();
    this.#writer.line(`const ${js} = ${code};`);
    this.#kept.add(js);
    return js;
  }

  bind(js: string): void {
    this.#bound.add(js);
  }

  parameter(js: string): void {
    this.#bound.add(js);
    this.#parameters.add(js);
  }

  isBound(js: string): boolean {
    return this.#find((memory) => memory.#bound.has(js)) !== undefined;
  }

  read(owner: string, code: string, early: boolean): string {
    const known = this.#find((memory) => memory.#reads.has(code));
    if (known) return known.#reads.get(code)!;
    const home = (early && this.#homeOf([owner])) || this;
    const js = home.keep(home.isBound(owner) ? code : code.replaceAll(`${owner}[`, `${owner}?.[`));
    home.#reads.set(code, js);
    return js;
  }

  keepText(code: string): string {
    const home = this.#homeOf(variablesIn(code)) ?? this;
    const same = code.replaceAll(/text\(run, \d+, /g, 'text(run, ');
    const known = home.#texts.get(same) ?? { js: this.#writer.name(), made: [] };
    const { js, made } = known;
    if (made.some((memory) => this.#isWithin(memory))) return js;
    if (home === this && made.length === 0) this.#writer.line(`const ${js} = ${code};`);
    else {
      if (made.length === 0) home.#writer.line(`let ${js};`);
      this.#writer.line(`${js} ??= ${code};`);
    }
    made.push(this);
    home.#texts.set(same, known);
    return js;
  }

  /** @returns the innermost memory that keeps one of the variables, or has it as a parameter: all of them are known there */
  #homeOf(variables: readonly string[]): Memory | undefined {
    const keeps = this.#find((memory) => variables.some((js) => memory.#kept.has(js)));
    const binds = this.#find((memory) => variables.some((js) => memory.#parameters.has(js)));
    return keeps && binds && !keeps.#isWithin(binds) ? binds : (keeps ?? binds);
  }

  #find(fits: (memory: Memory) => boolean): Memory | undefined {
    for (let memory: Memory | undefined = this; memory; memory = memory.#parent)
      if (fits(memory)) return memory;
    return undefined;
  }

  #isWithin(outer: Memory): boolean {
    return this.#find((memory) => memory === outer) !== undefined;
  }
}

/** @returns the variables that JavaScript names outside of its texts */
function variablesIn(code: string): string[] {
  return code.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').match(/\bv\d+\b/g) ?? [];
}
