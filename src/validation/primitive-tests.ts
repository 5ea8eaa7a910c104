/** Turns a primitive FHIR type into a test of JSON values that is quick where the value is good. */
import { FORMATS, isCalendarDay, primitiveFault } from './primitive-formats.ts';

type Test = (value: unknown) => boolean;

const tests = new Map<string, Test>();

/** @returns true for exactly the values in which `primitiveFault` finds nothing */
export function isPrimitive(type: string): Test {
  const known = tests.get(type) ?? testOf(type);
  tests.set(type, known);
  return known;
}

/** Short texts of these types are good once they are written in their format: it has no blanks and no control characters. */
const LONGEST_SHORT = 1_000;
/** Text that does not begin with a blank, and holds no control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const TEXT = /^(?!\s)[^\u0000-\u0008\u000b\u000c\u000e-\u001f]+$/;

function testOf(type: string): Test {
  if (type === 'boolean') return (value) => typeof value === 'boolean';
  if (type === 'date' || type === 'dateTime' || type === 'instant') return temporalTest(type);
  if (NUMBERS.has(type)) return (value) => primitiveFault(type, value) === undefined;
  const format = type === 'base64Binary' ? undefined : (FORMATS.get(type)?.pattern ?? TEXT);
  return (value) =>
    (typeof value === 'string' && value.length < LONGEST_SHORT && format?.test(value) === true) ||
    primitiveFault(type, value) === undefined;
}

const NUMBERS: ReadonlySet<string> = new Set(['decimal', 'integer', 'unsignedInt', 'positiveInt']);

function temporalTest(type: string): Test {
  const format = FORMATS.get(type)!.pattern;
  return (value) => typeof value === 'string' && format.test(value) && isCalendarDay(value);
}
