/** Every element of the target names the fields of the source and the rules that it comes from. */
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

const config = loadConfig({ cwd: ROOT, root: ROOT });
const parts = config.ok ? loadParts(config.value, ROOT) : config;
if (!parts.ok) throw new Error(JSON.stringify(parts.outcome));

test('leads from the Bundle of each shipped kind back to the fields of the record, by the rules of both hops', async () => {
  for (const [name, source] of parts.value.sources) {
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
      for await (const record of readFileRecords(source, path, { nowMs: Date.UTC(2026, 0, 1) })) {
        if (!record.ok || seen.has(record.kind)) continue;
        seen.add(record.kind);
        const map = parts.value.maps.get(name)!.kinds.get(record.kind)!;
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
