/** Holds the generator of records to what it is for: each member of a schema is there in some record, and absent in another. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ROOT } from '../../src/cli/load.ts';
import { type RecordSchema, recordArbitrary } from './record-arbitrary.ts';

/** Organisations within organisations end somewhere. */
const DEEP = /(\.parent){3}/;

/** How often objects had a member, and were without it, by the member's path. */
interface Seen {
  readonly isRequired: boolean;
  there: number;
  absent: number;
}

type Members = Map<string, Seen>;

const schemas = globSync('mappings/*/*.schema.json', { cwd: ROOT }).sort();

/** Records are made until nothing is missing: most schemas need a hundred. */
const [BATCH, MOST] = [50, 12];

test.each(schemas)(
  'records of %s have each member, and each that they need not have is absent in some',
  (file) => {
    const schema = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as RecordSchema;
    const seen: Members = new Map();
    const records = recordArbitrary(schema, () => undefined);
    for (let batch = 0; batch === 0 || (batch < MOST && missing(seen).length > 0); batch += 1)
      for (const record of fc.sample(records, { numRuns: BATCH, seed: batch }))
        look(schema, schema, record, '', seen);
    expect(seen.size).toBeGreaterThan(5);
    expect(missing(seen)).toEqual([]);
  },
);

/** @returns the members that no record had, and those that every record had without having to */
function missing(seen: Members): string[] {
  return [...seen].flatMap(([path, { there, absent, isRequired }]) => {
    if (DEEP.test(path) || (there > 0 && (absent > 0 || isRequired))) return [];
    return [`${path} is ${there === 0 ? 'never' : 'always'} there`];
  });
}

function look(root: RecordSchema, given: RecordSchema, value: unknown, path: string, seen: Members): void {
  const { $ref } = given;
  const schema = $ref === undefined ? given : root.definitions![$ref.replace('#/definitions/', '')]!;
  for (const item of Array.isArray(value) ? value : []) look(root, schema.items ?? {}, item, path, seen);
  if (Array.isArray(value)) return;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const where = path === '' ? name : `${path}.${name}`;
    const isRequired = schema.required?.includes(name) ?? false;
    const counted = seen.get(where) ?? { isRequired, there: 0, absent: 0 };
    seen.set(where, counted);
    const member = (value as Readonly<Record<string, unknown>>)[name];
    if (member === undefined) counted.absent += 1;
    else {
      counted.there += 1;
      look(root, property, member, where, seen);
    }
  }
}
