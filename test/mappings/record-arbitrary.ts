/** Makes records of a kind from its JSON Schema: fields dropped at random, codes from the code lists, texts with odd characters. */
import fc from 'fast-check';

/** The part of JSON Schema that the sources' schemas use. */
export interface RecordSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, RecordSchema>>;
  readonly required?: readonly string[];
  readonly items?: RecordSchema;
  readonly definitions?: Readonly<Record<string, RecordSchema>>;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly examples?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly 'x-date'?: string;
  readonly 'x-list'?: string;
}

/** @returns the codes that a field takes, by its dotted path; undefined for a field of free text */
export type CodesOf = (path: string) => readonly string[] | undefined;

type Arbitrary = fc.Arbitrary<unknown>;

/** Nesting of organisations in organisations. */
const DEEPEST = 3;

/** NHS numbers that are never issued. */
const NHS_NUMBERS = ['9990000018', '999 000 0026', '999-000-0034'];

/** Signs that separators, patterns and replacements of maps would trip over. */
const ODD = [
  ':',
  '|',
  ';',
  '; ',
  '/',
  '.',
  '$&',
  '$1',
  '\\',
  '"',
  "'",
  '`',
  '%',
  '\n',
  '\t',
  '–',
  'é',
  'Ł',
  '李',
  '🌿',
  '‮',
];

const text = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
      fc.constantFrom(...ODD),
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((parts) => parts.join('').trim())
  .filter((made) => made !== '' && made.isWellFormed());

/** Two things never have one key by chance. */
const key = fc
  .tuple(text, fc.integer({ min: 0, max: 999_999_999 }))
  .map(([made, number]) => `${made}${number}`);

const day = fc
  .integer({ min: Date.UTC(1930, 0, 1), max: Date.UTC(2027, 11, 31) })
  .map((ms) => new Date(ms).toISOString().slice(0, 10));

const time = fc
  .tuple(
    day,
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.constantFrom('Z', '+00:00', '+01:00'),
  )
  .map(([date, hour, minute, zone]) => `${date}T${two(hour)}:${two(minute)}:00${zone}`);

/**
 * @param schema of the kind's records
 * @returns records that fit it, as a reader of the source gives them
 */
export function recordArbitrary(
  schema: RecordSchema,
  codesOf: CodesOf,
): fc.Arbitrary<Record<string, unknown>> {
  return objectOf(schema, schema, '', codesOf, new Map()) as fc.Arbitrary<Record<string, unknown>>;
}

function arbitraryOf(
  root: RecordSchema,
  given: RecordSchema,
  path: string,
  codesOf: CodesOf,
  depths: ReadonlyMap<string, number>,
): Arbitrary | undefined {
  const name = given.$ref;
  if (name !== undefined) {
    const depth = (depths.get(name) ?? 0) + 1;
    if (depth > DEEPEST) return undefined;
    const definition = root.definitions?.[name.replace('#/definitions/', '')] ?? {};
    return arbitraryOf(root, definition, path, codesOf, new Map([...depths, [name, depth]]));
  }
  if (given.properties) return objectOf(root, given, path, codesOf, depths);
  if (path.endsWith('.id')) return key;
  if (given.type === 'array') return listOf(root, given, path, codesOf, depths);
  if (given.type === 'boolean') return fc.boolean();
  if (given.type === 'integer') return fc.integer({ min: given.minimum ?? 0, max: given.maximum ?? 999 });
  if (given.type === 'number')
    return fc
      .integer({ min: (given.minimum ?? 0) * 10, max: (given.maximum ?? 100) * 10 })
      .map((ten) => ten / 10);
  return textOf(given, codesOf(path));
}

function objectOf(
  root: RecordSchema,
  { properties = {}, required = [] }: RecordSchema,
  path: string,
  codesOf: CodesOf,
  depths: ReadonlyMap<string, number>,
): Arbitrary {
  const members = Object.entries(properties).flatMap(([name, property]) => {
    const value = arbitraryOf(root, property, path === '' ? name : `${path}.${name}`, codesOf, depths);
    return value ? [[name, value] as const] : [];
  });
  const optional = members.filter(([name]) => !required.includes(name)).map(([name]) => name);
  return fc
    .tuple(
      fc.record(Object.fromEntries(members)),
      fc.integer({ min: 0, max: 9 }),
      // no stream: what holds one is made anew, with other draws, each time that it is looked at
      fc.tuple(...optional.map(() => fc.integer({ min: 0, max: 9 }))),
    )
    .map(([record, threshold, draws]) => {
      const dropped = new Set(optional.filter((_, at) => draws[at]! > threshold));
      return Object.fromEntries(Object.entries(record).filter(([name]) => !dropped.has(name)));
    });
}

function listOf(
  root: RecordSchema,
  given: RecordSchema,
  path: string,
  codesOf: CodesOf,
  depths: ReadonlyMap<string, number>,
): Arbitrary | undefined {
  const item = arbitraryOf(root, given.items ?? {}, path, codesOf, depths);
  const separator = given['x-list'];
  const read = separator
    ? item?.map((value) => `${value}`.replaceAll(separator, ',').trim()).filter((value) => value !== '')
    : item;
  return read && fc.uniqueArray(read, { minLength: 1, maxLength: 3, selector: idOf });
}

/** Things of one list have keys of their own. */
function idOf(value: unknown): unknown {
  const { id, item, topic } = Object(value) as { id?: unknown; item?: unknown; topic?: unknown };
  return id ?? item ?? topic ?? value;
}

function textOf(given: RecordSchema, codes: readonly string[] | undefined): Arbitrary {
  if (codes) return fc.constantFrom(...codes);
  if (given.enum) return fc.constantFrom(...given.enum);
  if (given.examples) return fc.constantFrom(...given.examples);
  if (given.pattern?.includes('refused'))
    return fc.oneof(fc.integer({ min: 0, max: 100 }).map(String), fc.constant('refused'));
  if (given.pattern?.includes('{1,64}')) return fc.uuid(); // an id of FHIR
  if (given.pattern) return fc.constantFrom(...NHS_NUMBERS);
  const date = given['x-date'];
  if (given.format === 'date-time' || date?.includes('HH')) return time;
  if (given.format === 'date' || date) return day;
  return given.maxLength === undefined ? text : text.map((made) => [...made].slice(0, 16).join(''));
}

function two(number: number): string {
  return `${number}`.padStart(2, '0');
}
