/** Remembers what one block of code has read and made, so that nothing is read or made twice. */

export abstract class Memory {
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
  constructor(parent: Memory | undefined) {
    this.#parent = parent;
  }

  /** @returns a name that no other variable of the compilation has */
  abstract name(): string;

  abstract line(text: string): void;

  /** Keeps a value under a new name. */
  keep(code: string): string {
    const js = this.name();
    this.line(`const ${js} = ${code};`);
    this.#kept.add(js);
    return js;
  }

  /** From here on the variable holds a value, neither undefined nor null. */
  bind(js: string): void {
    this.#bound.add(js);
  }

  /** A variable that came from outside, and holds a value. */
  parameter(js: string): void {
    this.#bound.add(js);
    this.#parameters.add(js);
  }

  /** @returns true when the variable holds a value in this block */
  isBound(js: string): boolean {
    return this.#find((memory) => memory.#bound.has(js)) !== undefined;
  }

  /**
   * Reads from a source object, or finds what was read from it before: sources never change.
   * @param early read where the owner was read, so that all that follows finds it: for reads that cost nothing
   */
  read(owner: string, code: string, early: boolean): string {
    const known = this.#find((memory) => memory.#reads.has(code));
    if (known) return known.#reads.get(code)!;
    const home = (early && this.#homeOf([owner])) || this;
    const js = home.keep(home.isBound(owner) ? code : code.replaceAll(`${owner}[`, `${owner}?.[`));
    home.#reads.set(code, js);
    return js;
  }

  /** Keeps a text made of variables; the same text is made once a run, however many references repeat it. */
  keepText(code: string): string {
    const home = this.#homeOf(variablesIn(code)) ?? this;
    const same = code.replaceAll(/text\(run, \d+, /g, 'text(run, ');
    const known = home.#texts.get(same) ?? { js: this.name(), made: [] };
    const { js, made } = known;
    if (made.some((memory) => this.#isWithin(memory))) return js;
    if (home === this && made.length === 0) this.line(`const ${js} = ${code};`);
    else {
      if (made.length === 0) home.line(`let ${js};`);
      this.line(`${js} ??= ${code};`);
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
