/** The way back from FHIR to the record: what loads, what is refused, and which items are declared as lost. */
import type { Bundle, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import type { LoadedMapSet } from '../../src/mapping/load.ts';
import { BASE, element, visitModel, visitSet } from './visit-set.ts';

const MODEL = visitModel(element('TestVisit.key', 'string'), element('TestVisit.name', 'HumanName'));

const USES = `uses "${BASE}/schema/source/visit" alias Record as source
uses "${MODEL.url}" alias Visit as source
uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as source`;

const FILES: Readonly<Record<string, string>> = {
  'source/visit.schema.json': JSON.stringify({
    $id: `${BASE}/schema/source/visit`,
    type: 'object',
    properties: {
      id: { type: 'string' },
      person: { type: 'object', properties: { family: { type: 'string' } } },
      names: { type: 'array', items: { type: 'object', properties: { given: { type: 'string' } } } },
    },
  }),
  'source/visit.map': `map "${BASE}/fhir/StructureMap/source-visit" = "visit"
${USES}
group record(source row : Record, target visit : Visit) {
  row.id -> visit.key;
  row.person as person then { person.family as f -> visit.name as name, name.family = f "family"; } "person";
  row.names as given then { given.given as g -> visit.name as name, name.given = g "given"; } "names";
}`,
  'model/visit.map': `map "${BASE}/fhir/StructureMap/visit" = "visit"
${USES}
group bundle(source visit : Visit, target bundle : Bundle) {
  visit -> bundle.type = 'collection', bundle.entry as entry, entry.resource = create('Patient') as patient then {
    visit.key as key -> patient.id = append('Patient:person:', key) "id";
    visit.name -> patient.name;
  } "person";
}`,
  'source/back-visit.map': `map "${BASE}/fhir/StructureMap/source-back-visit" = "backVisit"
${USES}
group row(source visit : Visit, target row : Record) {
  visit.key -> row.id;
  visit.name as name -> row.person as person then {
    name.family -> person.family;
  } "person";
  visit.name as name then {
    name.given as g -> row.names as item, item.given = g "given";
  } "names";
}`,
  'model/back-visit.map': `map "${BASE}/fhir/StructureMap/back-visit" = "backVisit"
${USES}
group visit(source bundle : Bundle, target visit : Visit) {
  bundle.entry as entry then {
    entry.resource : Patient as patient then {
      patient.id as id -> visit.key = (id.replaceMatches('^Patient:person:', '')) "key";
      patient.name as name -> visit.name = name "name";
    } "patient";
  } "entries";
}`,
};

const kind = { schema: 'visit.schema.json', map: 'visit.map', model: 'TestVisit', key: ['id'] };
const RECORD = { id: '7', person: { family: 'Test' }, names: [{ given: 'A' }, { given: 'B' }] };

type Files = Readonly<Record<string, string | undefined>>;
const manifestWith = (back: string) => ({
  name: 'source',
  kinds: { visit: { ...kind, ...(back && { back }) } },
});
const set = visitSet(MODEL, FILES, manifestWith('back-visit.map'));
const loaded = (changed?: Files, back = 'back-visit.map') => set.loaded(changed, manifestWith(back));
const faults = (changed: Files, back = 'back-visit.map') => set.faults(changed, manifestWith(back));

const warnings = ({ warnings: found }: LoadedMapSet): (string | undefined)[] =>
  found.map(({ diagnostics }) => diagnostics);

test('takes a Bundle by way of the logical model to the record, objects and lists of its schema made as they are written', () => {
  const { back, run } = loaded().kinds.get('visit')!;
  const bundle = run(RECORD, []);
  expect(back!(bundle, [])).toStrictEqual(RECORD);
  expect(bundle).toEqual(run(RECORD, []));
});

test('a Bundle without the resources of the kind gives a record that holds nothing', () => {
  const { back } = loaded().kinds.get('visit')!;
  expect(back!({ resourceType: 'Bundle', type: 'collection' }, [])).toStrictEqual({});
});

test('gives an issue, and no record, for what is no Bundle', () => {
  const issues: OperationOutcomeIssue[] = [];
  expect(loaded().kinds.get('visit')!.back!(null as unknown as Bundle, issues)).toBeUndefined();
  expect(issues.map(ruleOf)).toEqual(['map-record']);
});

test('a source that names no map back has no way back', () => {
  expect(loaded({ 'source/back-visit.map': undefined }, '').kinds.get('visit')!.back).toBeUndefined();
});

test('says which map of the way back is missing', () => {
  expect(faults({}, 'back-visits.map')).toEqual([
    'map-kind kind visit of source: there is no map back-visits.map; write back-visit.map',
  ]);
});

test('says that the logical model has no map back', () => {
  expect(faults({ 'model/back-visit.map': undefined })).toEqual([
    'map-kind kind visit of source: no map in model has a group from Bundle to TestVisit',
  ]);
});

test('gives the faults of the way out and of the way back at once', () => {
  const wrong = (name: string): string => FILES[name]!.replace('visit.key', 'visit.kee');
  const found = faults({
    'source/visit.map': wrong('source/visit.map'),
    'source/back-visit.map': wrong('source/back-visit.map'),
  });
  const unknown = found.filter((line) => line.startsWith('map-unknown-element'));
  expect(unknown.map((line) => line.split(':')[0])).toEqual([
    'map-unknown-element source/visit.map',
    'map-unknown-element source/back-visit.map',
  ]);
});

const WITHOUT_NAME = {
  'source/back-visit.map': FILES['source/back-visit.map']!.replace(/ {2}visit\.name.*"names";\n/s, ''),
};
const declaring = (...items: string[]) => ({
  'source/loss.json': JSON.stringify({
    visit: { record: [], model: [{ items, why: 'No field takes it.' }] },
  }),
});

test('warns of an item of the model that the way back does not read, unless loss.json declares it', () => {
  expect(warnings(loaded(WITHOUT_NAME))).toEqual([
    'TestVisit: no rule reads name on the way back; add a rule for it to back-visit.map, or declare it in loss.json',
  ]);
});

test('takes what loss.json declares', () => {
  const set = loaded({ ...WITHOUT_NAME, ...declaring('name') });
  expect(warnings(set)).toEqual([]);
  expect(set.losses.visit?.model).toEqual([{ items: ['name'], why: 'No field takes it.' }]);
});

test('another loss.json makes another version of the set, whose text holds it', () => {
  const first = loaded({ ...WITHOUT_NAME, ...declaring('name') });
  const second = loaded({ ...WITHOUT_NAME, ...declaring('name', 'key') });
  expect(second.digest).not.toBe(first.digest);
  expect(loaded({ ...WITHOUT_NAME, ...declaring('name') }).digest).toBe(first.digest);
  expect(first.text).toContain('No field takes it.');
});

test('warns of a declared item that is read all the same', () => {
  expect(warnings(loaded(declaring('name')))).toEqual([
    'source/loss.json: visit declares name as not read, but back-visit.map reads it; remove it',
  ]);
});

test('refuses a loss.json that is not of its form, or names a kind that the source has not', () => {
  const loss = { fields: ['id'], loss: 'forgotten', why: 'x' };
  const visit = { record: [loss], model: [] };
  const found = faults({ 'source/loss.json': JSON.stringify({ visit }) });
  expect(found).toEqual([expect.stringContaining('map-loss source/loss.json: visit.record.0.loss: ')]);
});

test('refuses losses of a kind that the source has not', () => {
  expect(faults({ 'source/loss.json': JSON.stringify({ visits: { record: [], model: [] } }) })).toEqual([
    'map-loss source/loss.json: visits: the source has no such kind; correct the entry',
  ]);
});
