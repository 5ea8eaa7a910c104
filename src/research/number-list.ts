/** Turns a file of NHS numbers, one a line, into what can be asked whether it has a number. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseNhsNumber } from '../fhir/identifiers.ts';
import { AdapterError, issueOf } from '../fhir/outcome.ts';

/** Numbers as they are, sorted: eight bytes each, so that a national list takes tens of megabytes. */
export interface NumberList {
  readonly count: number;
  has(nhsNumber: string): boolean;
}

/**
 * Reads the first column of each line; a first line without digits is a head, empty lines are passed over.
 * @throws AdapterError rule `opt-out-list` with the line, never a number, where one is no NHS number
 */
export async function readNumberList(path: string): Promise<NumberList> {
  let numbers = new Float64Array(1_024);
  let count = 0;
  let line = 0;
  const file = createReadStream(path);
  for await (const text of createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    const cell = text
      .replace(/^\uFEFF/, '')
      .split(/[,;\t]/, 1)[0]!
      .replaceAll('"', '')
      .trim();
    if (cell === '' || (line === 1 && !/\d/.test(cell))) continue;
    const number = parseNhsNumber(cell);
    if (number === undefined) throw badLine(line);
    if (count === numbers.length) numbers = grown(numbers);
    numbers[count++] = Number(number);
  }
  const sorted = numbers.slice(0, count).sort();
  return { count, has: (number) => isAmong(sorted, Number(number)) };
}

function grown(numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(numbers.length * 2);
  wider.set(numbers);
  return wider;
}

function isAmong(sorted: Float64Array, wanted: number): boolean {
  let [low, high] = [0, sorted.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = sorted[middle]!;
    if (found === wanted) return true;
    if (found < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

function badLine(line: number): AdapterError {
  const diagnostics = `The list of national data opt-outs, line ${line}: this is no NHS number (ten digits with a right check digit). Nothing was exported: ask the service for the list again.`;
  return new AdapterError('permanent', issueOf({ rule: 'opt-out-list', code: 'value', diagnostics }));
}
