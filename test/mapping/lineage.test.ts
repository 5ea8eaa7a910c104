/** Every element of the target names the fields of the source and the rules that it comes from. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { compileMap } from '../../src/mapping/compile-map.ts';
import { readFileRecords } from '../../src/source/read-file.ts';
import { mapText, SCHEMA } from './one-hop.ts';

const definitions = loadBaseDefinitions();

/** @returns `element <- sources @ rule` of each element */
function lineage(body: string, record: unknown, more = ''): string[] {
  const map = compileMap({
    maps: [{ name: 't.map', text: mapText('Patient', body, more) }],
    definitions,
    schemas: [SCHEMA],
  });
  if (!map.ok) throw new Error(JSON.stringify(map.outcome));
  const explained = map.value.explain(record);
  expect(explained.issues).toEqual([]);
  expect(explained.value).toEqual(map.value.run(record).value);
  return explained.lineage.map(
    ({ element, sources, rules }) =>
      `${element} <- ${sources.join(', ')} @ ${rules.join(' ').replace(/t\.map:\d+:\d+ \(rule "(\w+)"\)/g, '$1')}`,
  );
}

test('names the field of a copied value, the fields of a computed one, and none for a constant', () => {
  const body = `src.name as n, src.id as i -> tgt.id = append(n, '-', i) "both";
    src.born as b -> tgt.birthDate = b "born";
    src -> tgt.gender = 'other' "fixed";
    src.status as s -> tgt.language = (s & '!') "computed";`;
  expect(lineage(body, { name: 'N', id: 'I', born: '1970-01-01', status: 's' })).toEqual([
    'id <- name, id @ both',
    'birthDate <- born @ born',
    'gender <-  @ fixed',
    'language <- status @ computed',
  ]);
});

test('names a value as it stands in the record where no type says whether it is a list', () => {
  const text = `uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
group main(source src, target tgt : Patient) { src.a as a -> tgt.name as n, n.family = a "a"; }`;
  const map = compileMap({ maps: [{ name: 't.map', text }], definitions });
  if (!map.ok) throw new Error(JSON.stringify(map.outcome));
  const sources = (record: unknown): unknown =>
    map.value
      .explain(record)
      .lineage.filter(({ element }) => element !== 'resourceType')
      .map((one) => one.sources);
  expect(sources({ a: 'x' })).toEqual([['a']]);
  expect(sources({ a: ['x', 'y'] })).toEqual([['a[0]'], ['a[1]']]);
});

test('names the items of lists and the elements below', () => {
  const body = `src.notes as n -> tgt.name as m then { n.words as w -> m.family = w "words"; n.kind as k -> m.given = k "kind"; } "note";
    src.tags as t -> tgt.identifier as i, i.value = t "tag";`;
  const record = { notes: [{ words: 'a', kind: 'x' }, { words: 'a' }], tags: ['p', 'q'] };
  expect(lineage(body, record)).toEqual([
    'name[0].family <- notes[0].words @ words',
    'name[0].given[0] <- notes[0].kind @ kind',
    'name[1].family <- notes[1].words @ words',
    'identifier[0].value <- tags[0] @ tag',
    'identifier[1].value <- tags[1] @ tag',
  ]);
});

test('follows a value into a group that is called, and one that calls itself', () => {
  const more = `group Sub(source p, target t : Patient) { p.town as x -> t.address as a, a.city = x "town"; }
    group Long(source p, target t : Patient) {
${Array.from({ length: 60 }, (_, at) => `p.town as i where i = 'never-${at}' -> t.language = i "r${at}";`).join('\n')}
      p.code as c -> t.id = c "code"; }`;
  const body = `src.place as p then Sub(p, tgt), Long(p, tgt) "place";`;
  expect(lineage(body, { place: { town: 'T', code: 'C' } }, more)).toEqual([
    'address[0].city <- place.town @ town',
    'id <- place.code @ code',
  ]);
});

test('gives what a call makes whole to the rule that calls', () => {
  const body = `src.status as s -> tgt.maritalStatus = cc('urn:s', s, 'Words') "married";`;
  expect(lineage(body, { status: 'M' })).toEqual([
    'maritalStatus.coding[0].system <- status @ married',
    'maritalStatus.coding[0].code <- status @ married',
    'maritalStatus.coding[0].display <- status @ married',
  ]);
});

test('gives the id and extensions beside a primitive to the rule that wrote the primitive, item by item', () => {
  const text = `uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
group main(source src : Patient, target tgt : Patient) {
  src.birthDate -> tgt.birthDate "born";
  src.name as n -> tgt.name as m then { n.given as g -> m.given = g "given"; } "name";
}`;
  const map = compileMap({ maps: [{ name: 't.map', text }], definitions });
  if (!map.ok) throw new Error(JSON.stringify(map.outcome));
  const record = {
    resourceType: 'Patient',
    _birthDate: { id: 'b' },
    name: [{ given: ['A', null, 'A'], _given: [null, { id: 'two' }, { id: 'three' }] }],
  };
  const { value, lineage: all } = map.value.explain(record);
  expect(value).toEqual(record);
  const places = Object.fromEntries(
    all.map(({ element, sources, rules }) => [
      element,
      `${sources} @ ${rules[0]!.replace(/.*"(\w+)".*/, '$1')}`,
    ]),
  );
  expect(places).toEqual({
    '_birthDate.id': 'birthDate @ born',
    'name[0].given[0]': 'name[0].given[0] @ given',
    'name[0].given[2]': 'name[0].given[2] @ given',
    'name[0]._given[1].id': 'name[0].given[1] @ given',
    'name[0]._given[2].id': 'name[0].given[2] @ given',
  });
});

const config = loadConfig({ cwd: ROOT, root: ROOT });
const parts = config.ok ? loadParts(config.value, ROOT) : config;
if (!parts.ok) throw new Error(JSON.stringify(parts.outcome));
const { sources, maps } = parts.value;

/** @returns the paths of all elements with a value */
function elementsOf(value: unknown, path = ''): string[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object') return [path];
  return Object.entries(value).flatMap(([key, member]) => {
    const step = path === '' ? key : `.${key}`;
    return elementsOf(member, path + (Array.isArray(value) ? `[${key}]` : step));
  });
}

const NOW_MS = Date.UTC(2026, 0, 1);
const kinds = [...maps].flatMap(([name, set]) => [...set.kinds].map(([kind, map]) => ({ name, kind, map })));

/** Explains every example of a kind that can be read. */
async function explainedExamples({ name, kind, map }: (typeof kinds)[number]) {
  const files = globSync(`mappings/${name}/examples/${kind}/*/input.*`, { cwd: ROOT });
  const all = [];
  for (const file of files)
    for await (const record of readFileRecords(sources.get(name)!, join(ROOT, file), {
      nowMs: NOW_MS,
      ...(file.endsWith('.xlsx') ? {} : { kind }),
    }))
      if (record.ok && record.kind === kind)
        all.push({ record: record.payload, ...map.explain(record.payload, []) });
  return all;
}

test.each(kinds)(
  'every element that comes of the examples of $name $kind has its rules, and its fields where it is no constant',
  async (one) => {
    const all = await explainedExamples(one);
    expect(all.length).toBeGreaterThan(2);
    for (const { record, value, lineage } of all) {
      // the type of the Bundle itself is the group's, not a rule's
      const elements = elementsOf(value).filter((path) => path !== 'resourceType');
      expect(lineage.map(({ element }) => element)).toEqual(elements);
      expect(lineage.filter(({ rules }) => !rules[0]?.startsWith('prsb/'))).toEqual([]);
      const fields = new Set(['', ...elementsOf(record)]); // '' is the record as a whole
      expect(lineage.flatMap((given) => given.sources).filter((path) => !fields.has(path))).toEqual([]);
      expect(lineage.filter((given) => given.sources.length > 0).length).toBeGreaterThan(lineage.length / 4);
    }
  },
);

test('leads from the Bundle of each shipped kind back to the fields of the record, by the rules of both hops', async () => {
  for (const [name, source] of sources) {
    const seen = new Set<string>();
    for (const file of [
      'contacts.csv',
      'referrals.csv',
      'questionnaires.csv',
      'contact.ndjson',
      'referral.ndjson',
      'questionnaire.ndjson',
    ]) {
      const path = join(source.folder, 'demo', file);
      if (file.endsWith('.csv') !== (name === 'spreadsheet')) continue;
      for await (const record of readFileRecords(source, path, { nowMs: NOW_MS })) {
        if (!record.ok || seen.has(record.kind)) continue;
        seen.add(record.kind);
        const map = maps.get(name)!.kinds.get(record.kind)!;
        const explained = map.explain(record.payload, []);
        expect(explained.value).toEqual(map.run(record.payload, []));
        expect(explained.lineage.length).toBeGreaterThan(5);
        const id = explained.lineage.find(({ element }) => element === 'entry[0].resource.id')!;
        expect(id.sources.length).toBeGreaterThan(0);
        expect(id.rules[0]).toMatch(/^prsb\//);
        expect(id.rules.at(-1)).toMatch(new RegExp(`^${name}/`));
      }
    }
    expect([...seen].sort()).toEqual(['contact', 'questionnaire', 'referral']);
  }
});

test.each(kinds)(
  'the way back of $name $kind leads from each field of the record to elements of the Bundle',
  async (one) => {
    for (const { value: bundle } of await explainedExamples(one)) {
      const { value, lineage } = one.map.explainBack!(bundle, []);
      expect(value).toEqual(one.map.back!(bundle, []));
      expect(lineage.map(({ element }) => element)).toEqual(elementsOf(value));
      const elements = elementsOf(bundle);
      const isThere = (path: string): boolean =>
        path === '' ||
        elements.some((one) => one === path || one.startsWith(`${path}.`) || one.startsWith(`${path}[`));
      expect(lineage.flatMap((given) => given.sources).filter((path) => !isThere(path))).toEqual([]);
      expect(lineage.filter((given) => given.sources.length > 0).length).toBeGreaterThan(lineage.length / 2);
      for (const { rules } of lineage)
        expect([rules[0]!.startsWith(`${one.name}/back-`), ...rules.slice(1)]).toEqual([
          true,
          ...rules.slice(1).filter((rule) => /\/back-[\w-]+\.map:\d+:\d+/.test(rule)),
        ]);
    }
  },
);
