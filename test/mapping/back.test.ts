/** The way back from FHIR to the record: what loads, what is refused, and which items are declared as lost. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, OperationOutcomeIssue, StructureDefinition } from '@medplum/fhirtypes';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { type LoadedMapSet, loadMapSet } from '../../src/mapping/load.ts';

const definitions = loadBaseDefinitions();
const BASE = 'https://hedgerow.example';

const element = (path: string, code: string) => ({ id: path, path, min: 0, max: '1', type: [{ code }] });
const MODEL = {
  resourceType: 'StructureDefinition',
  url: `${BASE}/fhir/StructureDefinition/TestVisit`,
  name: 'TestVisit',
  status: 'draft',
  kind: 'logical',
  abstract: false,
  type: `${BASE}/fhir/StructureDefinition/TestVisit`,
  differential: {
    element: [
      { id: 'TestVisit', path: 'TestVisit', min: 0, max: '*' },
      element('TestVisit.key', 'string'),
      element('TestVisit.name', 'HumanName'),
    ],
  },
} as unknown as StructureDefinition;
definitions.add(MODEL);

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

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'back-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Loads the files above, some of them changed, others left out. */
function load(
  changed: Readonly<Record<string, string | undefined>> = {},
  back: string | undefined = 'back-visit.map',
) {
  mkdirSync(join(folder, 'source'));
  mkdirSync(join(folder, 'model'));
  for (const [name, text] of Object.entries({ ...FILES, ...changed }))
    if (text !== undefined) writeFileSync(join(folder, name), text);
  return loadMapSet({
    sourceFolder: join(folder, 'source'),
    modelFolder: join(folder, 'model'),
    definitions,
    manifest: { name: 'source', kinds: { visit: { ...kind, ...(back && { back }) } } },
  });
}

function loaded(...given: Parameters<typeof load>): LoadedMapSet {
  const result = load(...given);
  if (!result.ok) throw new Error(JSON.stringify(result.outcome));
  return result.value;
}

function faults(...given: Parameters<typeof load>): string[] {
  const result = load(...given);
  return result.ok ? [] : result.outcome.issue.map((issue) => `${ruleOf(issue)} ${issue.diagnostics}`);
}

const warnings = (set: LoadedMapSet): (string | undefined)[] =>
  set.warnings.map(({ diagnostics }) => diagnostics);

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
