/** Code lists: what each equivalence, mode and target of a translation gives, and what is reported. */
import type { ConceptMap } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { compileOne, mapText, run, SCHEMA } from './one-hop.ts';

const STATUS: ConceptMap = {
  resourceType: 'ConceptMap',
  status: 'active',
  url: 'https://hedgerow.example/fhir/ConceptMap/status',
  group: [
    {
      source: 'https://a',
      target: 'https://b',
      element: [
        { code: 'open', target: [{ code: 'active', display: 'Active', equivalence: 'equivalent' }] },
        {
          code: 'both',
          target: [
            { code: 'one', equivalence: 'wider' },
            { code: 'two', equivalence: 'wider' },
          ],
        },
        { code: 'none', target: [{ equivalence: 'unmatched' }] },
      ],
    },
  ],
};

/** Translates the record's status, or a Coding of it, into `target`. */
function translated(status: unknown, form: string, map: ConceptMap = STATUS, target = 'tgt.code'): unknown {
  const output = form === '' ? '' : `, '${form}'`;
  const text = mapText(
    'Observation',
    `src.status as s -> ${target} = translate(s, '${map.url}'${output}) "t";`,
  );
  const { out, issues } = run(
    text,
    { status },
    { schemas: [SCHEMA], conceptMaps: { 'x/status.conceptmap.json': map } },
  );
  const { resourceType, ...rest } = out as { resourceType: string };
  expect(resourceType).toBe('Observation');
  return issues.length > 0 ? issues : rest;
}

const withUnmapped = (unmapped: NonNullable<ConceptMap['group']>[number]['unmapped']): ConceptMap => ({
  ...STATUS,
  group: STATUS.group!.map((group) => ({ ...group, unmapped })),
});

test('gives codes, Codings and CodeableConcepts, by name or by the type of the element', () => {
  const coding = { system: 'https://b', code: 'active', display: 'Active' };
  expect(translated('open', 'code', STATUS, 'tgt.status')).toEqual({ status: 'active' });
  expect(translated('open', '')).toEqual({ code: { coding: [coding] } });
  expect(translated('open', 'CodeableConcept', STATUS, 'tgt.category')).toEqual({
    category: [{ coding: [coding] }],
  });
  expect(translated('both', '')).toEqual({
    code: {
      coding: [
        { system: 'https://b', code: 'one' },
        { system: 'https://b', code: 'two' },
      ],
    },
  });
  expect(translated('open', 'Coding', STATUS, 'tgt.code as c, c.coding')).toEqual({
    code: { coding: [coding] },
  });
  expect(translated('open', 'display', STATUS, 'tgt.status')).toEqual({ status: 'Active' });
});

test('takes Codings by their system', () => {
  expect(translated({ system: 'https://a', code: 'open' }, 'code', STATUS, 'tgt.status')).toEqual({
    status: 'active',
  });
  const other = translated({ system: 'https://other', code: 'open' }, 'code', STATUS, 'tgt.status');
  expect(other).toEqual([expect.stringContaining('map-unmapped-code')]);
  expect(translated({ coding: [{ code: 'x' }, { code: 'open' }] }, 'code', STATUS, 'tgt.status')).toEqual({
    status: 'active',
  });
});

test('warns of an unmapped code with the code, the rule and the file, and goes on', () => {
  expect(translated('shut', 'code', STATUS, 'tgt.status')).toEqual([
    'map-unmapped-code t.map:5:1 (rule "t"): "shut" is not in https://hedgerow.example/fhir/ConceptMap/status ' +
      '(x/status.conceptmap.json); add an element for it to that file',
  ]);
});

test('never repeats what may be narrative', () => {
  for (const words of ['Ann lives alone', 'x'.repeat(41), { text: 'Ann' }, ['Ann']]) {
    const [issue] = translated(words, 'code', STATUS, 'tgt.status') as string[];
    expect(issue).toMatch(
      /^map-unmapped-code t\.map:5:1 \(rule "t"\): a (text|value) that is no code is not in /,
    );
  }
});

test('writes nothing, and warns of nothing, for a code that is listed without a match', () => {
  expect(translated('none', 'code', STATUS, 'tgt.status')).toEqual({});
});

test('treats unmapped codes as the group says: provided, fixed, other-map', () => {
  const status = (map: ConceptMap): unknown => translated('shut', 'code', map, 'tgt.status');
  expect(status(withUnmapped({ mode: 'provided' }))).toEqual({ status: 'shut' });
  expect(status(withUnmapped({ mode: 'fixed', code: 'unknown' }))).toEqual({ status: 'unknown' });
  expect(status(withUnmapped({ mode: 'other-map', url: STATUS.url! }))).toEqual([
    expect.stringContaining('"shut"'),
  ]);
});

test('reads ConceptMaps as R5 writes them', () => {
  const r5 = (group: object): ConceptMap => ({
    ...STATUS,
    group: [{ source: 'https://a', target: 'https://b', ...group }] as never,
  });
  const status = (group: object): unknown => translated('shut', 'code', r5(group), 'tgt.status');
  const target = (relationship: string) => ({
    element: [{ code: 'shut', target: [{ code: 'final', relationship }] }],
  });
  expect(status(target('equivalent'))).toEqual({ status: 'final' });
  expect(status(target('not-related-to'))).toEqual({});
  expect(status({ element: [{ code: 'shut', noMap: true }] })).toEqual({});
  expect(status({ element: [], unmapped: { mode: 'use-source-code' } })).toEqual({ status: 'shut' });
  expect(status({ element: [], unmapped: { mode: 'other-map', otherMap: 'https://nowhere' } })).toEqual([
    expect.stringContaining('"shut"'),
  ]);
});

test('translates by a concept map inside the map', () => {
  const more = `conceptmap "#s" { prefix s = "https://a" prefix t = "https://b" unmapped for s = provided s:open - t:"in-progress" }`;
  const text = mapText(
    'Observation',
    `src.status as s -> tgt.status = translate(s, '#s', 'code') "t";`,
    more,
  );
  const status = (code: string): unknown => run(text, { status: code }, { schemas: [SCHEMA] }).out;
  expect(status('open')).toMatchObject({ status: 'in-progress' });
  expect(status('final')).toMatchObject({ status: 'final' });
});

/** What an inline table with these lines makes of a status. */
function byRelation(lines: string, status: string): unknown {
  const more = `conceptmap "#s" { prefix s = "https://a" prefix t = "https://b" prefix u = "https://c" ${lines} }`;
  const text = mapText(
    'Observation',
    `src.status as s -> tgt.status = translate(s, '#s', 'code') "t";`,
    more,
  );
  const { out, issues } = run(text, { status }, { schemas: [SCHEMA] });
  expect(issues).toEqual([]);
  return (out as { status?: string }).status;
}

test.each(['-', '=', '==', '<=', '<-', '>=', '>-', '~'])(
  'uses a target that is related by %s',
  (relation) => {
    expect(byRelation(`s:open ${relation} t:final`, 'open')).toBe('final');
  },
);

test.each(['!=', '--'])('never uses a target that is related by %s', (relation) => {
  expect(byRelation(`s:open ${relation} t:final`, 'open')).toBeUndefined();
  expect(byRelation(`s:open ${relation} t:draft s:open - t:final`, 'open')).toBe('final');
  expect(byRelation(`s:open ${relation} t:draft s:open - u:final`, 'open')).toBe('final');
});

test('refuses a relation between codes that the language does not know', () => {
  for (const relation of ['<', '>', '+', '->']) {
    const text = mapText('Observation', '', `conceptmap "#s" { prefix s = "a" s:x ${relation} s:y }`);
    expect(compileOne(text, { schemas: [SCHEMA] }).issues[0]?.diagnostics).toMatch(
      /^t\.map:\d+:\d+: expected a relation between two codes \(- = == != -- .*\), found /,
    );
  }
});
