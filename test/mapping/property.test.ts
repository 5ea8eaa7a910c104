/** Whatever a record holds, a compiled map gives issues and never a crash. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileOne, mapText, SCHEMA } from './one-hop.ts';

const TEXT = mapText(
  'Observation',
  `src.id as id -> tgt.id = append('Observation:o:', id), tgt.implicitRules = truncate(id, 3) "id";
  src.status as s -> tgt.status = translate(s, '#s', 'code') "status";
  src.status as s where s.startsWith('a').not() and src.size > 2 -> tgt.language = (s.upper()) "plain";
  src.seen -> tgt.issued;
  src.size as n check $this > 0 -> tgt.value = qty(n, 'cm') "size";
  src.weight as w -> tgt.component as c, c.value = cast(w, 'integer') "cast";
  src.place as p -> tgt.code as code then { p.town -> code.text; p.code as c -> code.coding = c('https://s', c) "c"; } "place";
  src.notes as n where kind.exists() and n.words != 'x' -> tgt.note as note, note.text = (n.words & '.') "notes";
  src.tags last as t -> tgt.category = cc(t) "tag";
  src.tags 0..2 as t where $this.length() < 9 -> tgt.identifier as i share one, i.value = t "tags";
  src where tags.count() > notes.count() -> tgt.method = evaluate(src, name) "name";`,
  'conceptmap "#s" { prefix s = "a" s:open - s:final }',
);

const { hop, issues: faults } = compileOne(TEXT, { schemas: [SCHEMA] });

/** Records with the schema's names and any JSON below them. */
const anyField = fc.jsonValue({ maxDepth: 3 });
const record = fc.record(
  Object.fromEntries(
    Object.keys(SCHEMA.properties!).map((name) => [
      name,
      fc.oneof(fc.string(), anyField, fc.array(anyField)),
    ]),
  ),
  { requiredKeys: [] },
);

test('gives a resource and issues for records of any JSON, and leaves the record alone', () => {
  expect(faults.filter(({ severity }) => severity === 'error')).toEqual([]);
  fc.assert(
    fc.property(fc.oneof(record, anyField), (given) => {
      const issues: Parameters<NonNullable<typeof hop>>[1] = [];
      const before = JSON.stringify(given);
      const out = hop!(given, issues);
      if (given !== null) expect(out === undefined ? issues.length : out).toBeTruthy();
      expect(JSON.stringify(given)).toBe(before);
      for (const { diagnostics } of issues) expect(diagnostics).toMatch(/^t\.map:\d+:\d+/);
    }),
    { numRuns: 500 },
  );
});

test('leaves no undefined member behind', () => {
  const undefinedMember = (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).some((member) => member === undefined || undefinedMember(member));
  fc.assert(
    fc.property(record, (given) => {
      expect(undefinedMember(hop!(given, []))).toBe(false);
    }),
    { numRuns: 300 },
  );
});
