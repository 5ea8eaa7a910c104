/** Turns the plan of a view into the source of one JavaScript function of nested loops. */
import type { SelectPlan, ViewPlan } from './plan.ts';

/** What a select is applied to: JavaScript of its focus and of `%rowIndex`. */
interface Place {
  readonly focus: string;
  readonly index: string;
}

/** Writes what follows on a row, once its columns up to here are filled. */
type Then = () => string;

/** Longer code than this is written once, as a function, where it follows on several branches. */
const SHORT = 40;

/** @returns the body of a factory with the parameters `E` (expressions), `P` (progress) and `V` (variables); it returns `(r, emit) => void` */
export function emitView(plan: ViewPlan): string {
  const emission = new Emission(plan);
  const used = plan.expressions.map((_, i) => `const e${i} = E[${i}];`).join('\n');
  const where = plan.where.map(
    (one) => `P.at = ${one}; if (${emission.value(one, { focus: 'r', index: '0' })} !== true) return;`,
  );
  const selects = emission.selects(plan.selects, { focus: 'r', index: '0' }, () => 'emit(row);');
  return `'use strict';\n${used}\nconst row = new Array(${plan.columns.length}).fill(null);
return (r, emit) => {\nV.resource = r;\n${where.join('\n')}\n${selects}\n};`;
}

class Emission {
  readonly #plan: ViewPlan;
  #names = 0;

  constructor(plan: ViewPlan) {
    this.#plan = plan;
  }

  /** @returns JavaScript of an expression at a place */
  value(expression: number, { focus, index }: Place): string {
    const call = `e${expression}(${focus}, V)`;
    return this.#plan.expressions[expression]!.isCounting ? `(V.rowIndex = ${index}, ${call})` : call;
  }

  selects(selects: readonly SelectPlan[], place: Place, then: Then): string {
    const [first, ...rest] = selects;
    if (!first) return then();
    return this.#select(first, place, () => this.selects(rest, place, then));
  }

  #select(select: SelectPlan, place: Place, then: Then): string {
    const body = (at: Place): string => this.#body(select, at, then);
    if (select.kind === undefined) return body(place);
    if (select.kind === 'repeat') return this.#repeat(select, place, body);
    const [expression] = select.first;
    const [items, focus, index] = [this.#name('l'), this.#name('f'), this.#name('i')];
    const found = `P.at = ${expression}; const ${items} = ${this.value(expression!, place)};`;
    const loop = (inner: string): string =>
      `for (let ${index} = 0; ${index} < ${items}.length; ${index}++) { const ${focus} = ${items}[${index}];\n${inner}\n}`;
    if (select.kind === 'forEach') return `${found}\n${loop(body({ focus, index }))}`;
    const { before, next } = this.#shared(then);
    return `${before}${found}\nif (${items}.length === 0) {\n${this.#blank(select)}${next()}\n} else ${loop(this.#body(select, { focus, index }, next))}`;
  }

  #body(select: SelectPlan, place: Place, then: Then): string {
    const columns = select.columns.map(
      ({ expression, slot }) => `P.at = ${expression}; row[${slot}] = ${this.value(expression, place)};\n`,
    );
    const union: Then = () =>
      select.unionAll.length === 0 ? then() : this.#union(select.unionAll, place, then);
    return columns.join('') + this.selects(select.selects, place, union);
  }

  #union(branches: readonly SelectPlan[], place: Place, then: Then): string {
    const { before, next } = branches.length > 1 ? this.#shared(then) : { before: '', next: then };
    return before + branches.map((branch) => `{\n${this.#select(branch, place, next)}\n}`).join('\n');
  }

  /** What is found is walked before what follows it. */
  #repeat(select: SelectPlan, place: Place, body: (at: Place) => string): string {
    const [walk, items, focus, index] = [this.#name('w'), this.#name('l'), this.#name('f'), this.#name('i')];
    const at = { focus, index: `${index}` };
    const inner = body(at);
    const deeper = select.next.map((one) => `P.at = ${one}; ${walk}(${this.value(one, at)});`).join('\n');
    const start = select.first.map((one) => `P.at = ${one}; ${walk}(${this.value(one, place)});`).join('\n');
    return `let ${index} = -1;\nconst ${walk} = (${items}) => { for (const ${focus} of ${items}) {\n${index}++;\n${inner}\n${deeper}\n} };\n${start}`;
  }

  /** The one row of an empty `forEachOrNull`: nulls, but 0 for a column that is `%rowIndex`. */
  #blank(select: SelectPlan): string {
    const own = select.columns.map(
      ({ expression, slot }) =>
        `row[${slot}] = ${this.#plan.expressions[expression]!.isIndex ? '0' : 'null'};\n`,
    );
    const inner = [...select.selects, ...select.unionAll.slice(0, 1)].map((one) => this.#blank(one));
    return own.concat(inner).join('');
  }

  /** @returns what follows as a function, where it is long and follows on several branches */
  #shared(then: Then): { before: string; next: Then } {
    const text = then();
    if (text.length <= SHORT) return { before: '', next: () => text };
    const name = this.#name('n');
    return { before: `const ${name} = () => {\n${text}\n};\n`, next: () => `${name}();` };
  }

  #name(letter: string): string {
    return `${letter}${this.#names++}`;
  }
}
