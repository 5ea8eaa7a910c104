/** Map sets on disk: what loads, what is refused, and which fields no rule reads. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { BASE, element, visitModel, visitSet } from './visit-set.ts';

const MODEL = visitModel(
  element('TestVisit.key', 'string'),
  element('TestVisit.person', 'BackboneElement'),
  element('TestVisit.person.name', 'HumanName', '*'),
  element('TestVisit.remark', 'string'),
);

const FILES: Readonly<Record<string, string>> = {
  'source/visit.schema.json': JSON.stringify({
    $id: `${BASE}/schema/source/visit`,
    type: 'object',
    properties: {
      id: { type: 'string' },
      family: { type: 'string' },
      changed: { type: 'string' },
      colour: { type: 'string' },
    },
  }),
  'source/visit.map': `map "${BASE}/fhir/StructureMap/source-visit" = "visit"
uses "${BASE}/schema/source/visit" alias Record as source
uses "${MODEL.url}" alias Visit as target
group record(source row : Record, target visit : Visit) {
  row.id -> visit.key;
  row.family as f -> visit.person as person, person.name as name, name.family = f "family";
}`,
  'model/visit.map': `map "${BASE}/fhir/StructureMap/visit" = "visit"
uses "${MODEL.url}" alias Visit as source
group bundle(source visit : Visit, target bundle : Bundle) {
  visit.person as person -> bundle.entry as entry, entry.resource = create('Patient') as patient then {
    visit.key as key -> patient.id = append('Patient:person:', key) "id";
    person.name -> patient.name;
  } "person";
}`,
};

const manifest = {
  name: 'source',
  kinds: {
    visit: {
      schema: 'visit.schema.json',
      map: 'visit.map',
      model: 'TestVisit',
      key: ['id'],
      time: 'changed',
    },
  },
};

const { loaded, faults } = visitSet(MODEL, FILES, manifest);

test('puts items at the ends of their lists in either hop before the next reads them', () => {
  const visit = loaded({
    'source/visit.map': FILES['source/visit.map']!.replace(
      'row.family as f -> visit.person as person, person.name as name, name.family = f "family";',
      `row.family as f -> visit.person as person share p, person.name as name last, name.family = f "family";
       row.colour as c -> visit.person as person share p, person.name as name first, name.family = c "colour";
       row.changed as c -> visit.person as person share p, person.name as name, name.family = c "changed";`,
    ),
  }).kinds.get('visit')!;
  const { entry } = visit.run({ id: '1', family: 'last', colour: 'first', changed: 'between' }, []);
  expect(entry?.[0]?.resource).toMatchObject({
    name: [{ family: 'first' }, { family: 'between' }, { family: 'last' }],
  });
});

test('takes a record by way of the logical model to a Bundle with local ids', () => {
  const visit = loaded().kinds.get('visit')!;
  const issues: OperationOutcomeIssue[] = [];
  expect(visit.toModel({ id: '7', family: 'Test' }, issues)).toEqual({
    key: '7',
    person: { name: [{ family: 'Test' }] },
  });
  expect(visit.run({ id: '7', family: 'Test' }, issues)).toEqual({
    resourceType: 'Bundle',
    type: 'collection',
    entry: [{ resource: { resourceType: 'Patient', id: 'Patient:person:7', name: [{ family: 'Test' }] } }],
  });
  expect(issues).toEqual([]);
});

test('warns of fields that no rule reads, but not of the key and the time', () => {
  expect(loaded().warnings.map((issue) => `${issue.severity} ${issue.diagnostics}`)).toEqual([
    'warning source/visit.schema.json: no rule reads colour; add a rule for it to visit.map',
    'warning TestVisit: no rule reads remark; add a rule for it to model/visit.map',
    'warning model/visit.map:3:7: creates a Bundle, but no rule writes type, which it must have; add a rule for it',
  ]);
});

test('gives one digest for the same texts and another for changed ones', () => {
  const first = loaded();
  expect(loaded().digest).toBe(first.digest);
  expect(first.text).toContain('Patient:person:');
  expect(loaded({ 'model/visit.map': `${FILES['model/visit.map']} // more` }).digest).not.toBe(first.digest);
});

test('gives the faults of every file at once', () => {
  const bad = {
    'source/visit.map': 'group x(',
    'model/visit.map': 'map "a" = "b"',
    'source/a.conceptmap.json': '{',
  };
  expect(faults(bad).map((line) => line.split(': ')[0])).toEqual([
    'map-json-syntax source/a.conceptmap.json',
    'map-syntax source/visit.map:1:9',
    'map-syntax model/visit.map:1:14',
  ]);
});

test('says which file or model of a kind is missing', () => {
  const kind = (change: object) =>
    faults({}, { ...manifest, kinds: { visit: { ...manifest.kinds.visit, ...change } } });
  expect(kind({ schema: 'visits.schema.json' })).toEqual([
    'map-kind kind visit of source: there is no schema visits.schema.json; write visit.schema.json',
  ]);
  expect(kind({ map: 'visits.map' })[0]).toContain('there is no map visits.map; write visit.map');
  expect(kind({ model: 'TestVisits' })[0]).toContain('there is no logical model TestVisits');
  expect(kind({ model: 'Patient' })[0]).toContain('no map in model has a group from Patient to Bundle');
});

test('refuses two ConceptMaps of one url', () => {
  const map = JSON.stringify({ resourceType: 'ConceptMap', status: 'draft', url: `${BASE}/cm` });
  expect(faults({ 'source/a.conceptmap.json': map, 'source/b.conceptmap.json': map })).toEqual([
    'map-concept-map source/b.conceptmap.json has the same url as source/a.conceptmap.json; give it its own',
  ]);
});

test('keeps the places of the logical model out of models and Bundles', () => {
  const visit = loaded().kinds.get('visit')!;
  expect(visit.toModel({ id: '7' }, [])).toStrictEqual({ key: '7' });
  expect(visit.toModel({}, [])).toStrictEqual({});
  const bundle = visit.run({ id: '7', family: 'Test' }, []);
  expect(JSON.stringify(bundle)).not.toContain('undefined');
  expect(bundle).toEqual(JSON.parse(JSON.stringify(bundle)));
  expect(visit.run({}, [])).toEqual({ resourceType: 'Bundle', type: 'collection' });
});
