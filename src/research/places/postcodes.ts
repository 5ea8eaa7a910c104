/** Turns postcodes into numbers and back into what lies at them: a table of millions in tens of megabytes. */

/** What is known of where a postcode is. */
export interface Place {
  readonly lsoa?: string;
  /** 1 (most deprived) to 10 */
  readonly imdDecile?: number;
  readonly neighbourhood?: string;
}

const SIGNS = ' 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const MOST_SIGNS = 7;

/** @returns a number that is the same for "ZZ99 3VZ" and "zz993vz"; undefined for what is no postcode */
export function postcodeNumber(text: string): number | undefined {
  const code = text.toUpperCase().replaceAll(/\s/g, '');
  if (!/^[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}$/.test(code)) return undefined;
  let number = 0;
  for (const sign of code.padEnd(MOST_SIGNS)) number = number * SIGNS.length + SIGNS.indexOf(sign);
  return number;
}

/** Postcodes in the order of their numbers, and for each which of few places it is in. */
export class Postcodes {
  #codes = new Float64Array(1_024);
  #at = new Uint32Array(1_024);
  #count = 0;
  #isSorted = true;
  readonly #places: Place[] = [];
  readonly #known = new Map<string, number>();

  get count(): number {
    return this.#count;
  }

  /** @param code of `postcodeNumber` */
  add(code: number, place: Place): void {
    if (this.#count === this.#codes.length) this.#grow();
    if (this.#count > 0 && code <= this.#codes[this.#count - 1]!) this.#isSorted = false;
    this.#codes[this.#count] = code;
    this.#at[this.#count++] = this.#numberOf(place);
  }

  find(code: number): Place | undefined {
    if (!this.#isSorted) this.#sort();
    let [low, high] = [0, this.#count - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#codes[middle]!;
      if (found === code) return this.#places[this.#at[middle]!];
      if (found < code) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** Many postcodes have one place: it is held once. */
  #numberOf(place: Place): number {
    const key = JSON.stringify([place.lsoa, place.imdDecile, place.neighbourhood]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.#places.length);
    return this.#places.push(place) - 1;
  }

  #grow(): void {
    const [codes, at] = [new Float64Array(this.#count * 2), new Uint32Array(this.#count * 2)];
    codes.set(this.#codes);
    at.set(this.#at);
    this.#codes = codes;
    this.#at = at;
  }

  #sort(): void {
    const order = Uint32Array.from({ length: this.#count }, (_, at) => at).sort(
      (a, b) => this.#codes[a]! - this.#codes[b]!,
    );
    this.#codes = Float64Array.from(order, (at) => this.#codes[at]!);
    this.#at = Uint32Array.from(order, (at) => this.#at[at]!);
    this.#isSorted = true;
  }
}
