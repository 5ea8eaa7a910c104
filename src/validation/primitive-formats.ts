/** Turns a primitive FHIR type and a JSON value into what is wrong with the value, in words that never repeat it. */

/** A fault of one primitive value. */
export interface PrimitiveFault {
  readonly rule: 'fhir-type' | 'fhir-empty' | 'fhir-format' | 'fhir-date' | 'fhir-number' | 'fhir-length';
  /** what is wrong and what to write instead */
  readonly text: string;
}

const YEAR = '(?!0000)\\d{4}';
const DAY = `${YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])`;
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d:(?:[0-5]\\d|60)(?:\\.\\d{1,9})?';
const ZONE = '(?:Z|[+-](?:(?:0\\d|1[0-3]):[0-5]\\d|14:00))';
const PARTIAL_DAY = `${YEAR}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\\d|3[01]))?)?`;

/** Neither spaces nor control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const WORD = /^[^\s\u0000-\u001f]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const CODE = /^[^\s\u0000-\u001f]+(?: [^\s\u0000-\u001f]+)*$/;

/** What stands for the type where the id of an element is looked at: a string, but not any. */
export const ELEMENT_ID = 'id of an element';

/** @source hl7.org/fhir/R4/datatypes.html#primitive; times as there, so a time needs seconds and a zone */
export const FORMATS: ReadonlyMap<string, { readonly pattern: RegExp; readonly write: string }> = new Map([
  ['date', { pattern: new RegExp(`^${PARTIAL_DAY}$`), write: 'YYYY, YYYY-MM or YYYY-MM-DD' }],
  [
    'dateTime',
    {
      pattern: new RegExp(`^(?:${PARTIAL_DAY}|${DAY}T${TIME}${ZONE})$`),
      write: 'a date, or YYYY-MM-DDThh:mm:ss with Z or an offset such as +01:00',
    },
  ],
  [
    'instant',
    {
      pattern: new RegExp(`^${DAY}T${TIME}${ZONE}$`),
      write: 'YYYY-MM-DDThh:mm:ss with Z or an offset such as +01:00',
    },
  ],
  ['time', { pattern: new RegExp(`^${TIME}$`), write: 'hh:mm:ss' }],
  ['code', { pattern: CODE, write: 'a code without leading, trailing or double spaces' }],
  ['id', { pattern: /^[A-Za-z0-9\-.]{1,64}$/, write: '1 to 64 letters, digits, hyphens or full stops' }],
  [ELEMENT_ID, { pattern: WORD, write: 'text without spaces' }],
  ['uri', { pattern: WORD, write: 'a URI without spaces' }],
  ['url', { pattern: WORD, write: 'a URL without spaces' }],
  ['canonical', { pattern: WORD, write: 'a canonical URL without spaces' }],
  ['oid', { pattern: /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/, write: 'urn:oid: and the numbers' }],
  [
    'uuid',
    {
      pattern: /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
      write: 'urn:uuid: and a lower-case UUID',
    },
  ],
  [
    'base64Binary',
    // white space may stand between groups of four
    {
      pattern: /^(?:\s*[A-Za-z\d+/]{4})*\s*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?\s*$/,
      write: 'Base64',
    },
  ],
]);
/** Control characters have no place in FHIR text, but for tab, line feed and carriage return. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;
/** In characters, of all text but Base64. */
export const LONGEST_TEXT = 1_048_576;

const RANGES: ReadonlyMap<string, readonly [low: number, high: number]> = new Map([
  ['integer', [-2_147_483_648, 2_147_483_647]],
  ['unsignedInt', [0, 2_147_483_647]],
  ['positiveInt', [1, 2_147_483_647]],
]);

/** @returns the first fault of the value, or undefined when it is a good value of the type */
export function primitiveFault(type: string, value: unknown): PrimitiveFault | undefined {
  if (type === 'boolean')
    return typeof value === 'boolean' ? undefined : wrongType('true or false, without quotes');
  if (type === 'decimal' || RANGES.has(type)) return numberFault(type, value);
  return textFault(type, value);
}

function numberFault(type: string, value: unknown): PrimitiveFault | undefined {
  if (typeof value !== 'number') return wrongType('a number, without quotes');
  const range = RANGES.get(type);
  if (!range)
    return Number.isFinite(value) ? undefined : { rule: 'fhir-number', text: 'is no finite number' };
  if (!Number.isInteger(value))
    return { rule: 'fhir-number', text: `is not a whole number, as ${type} must be` };
  if (value < range[0] || value > range[1])
    return { rule: 'fhir-number', text: `is outside the range of ${type}, ${range[0]} to ${range[1]}` };
  return undefined;
}

function textFault(type: string, value: unknown): PrimitiveFault | undefined {
  if (typeof value !== 'string') return wrongType('text in quotes');
  if (value.trim() === '') return { rule: 'fhir-empty', text: 'is blank: leave it out' };
  if (CONTROL.test(value)) return { rule: 'fhir-format', text: 'holds control characters: remove them' };
  const format = FORMATS.get(type);
  if (format && !format.pattern.test(value))
    return { rule: 'fhir-format', text: `is not written as ${article(type)} ${type}: write ${format.write}` };
  if ((type === 'date' || type === 'dateTime' || type === 'instant') && !isCalendarDay(value))
    return { rule: 'fhir-date', text: 'is a day that its month does not have' };
  if (value.length > LONGEST_TEXT && type !== 'base64Binary')
    return { rule: 'fhir-length', text: 'is longer than 1,048,576 characters' };
  return undefined;
}

/** @param text a date, dateTime or instant of good form */
export function isCalendarDay(text: string): boolean {
  if (text.length < 10) return true;
  const day = Number(text.slice(8, 10));
  return (
    day <= 28 || day <= new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate()
  );
}

/** `an id`, `an instant`, `a uri`. */
function article(type: string): 'a' | 'an' {
  return /^[aio]/.test(type) ? 'an' : 'a';
}

function wrongType(write: string): PrimitiveFault {
  return { rule: 'fhir-type', text: `has the wrong JSON type: write ${write}` };
}
