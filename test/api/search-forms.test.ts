/** Every form of search that R4 knows for the served types, as a client would see it. */
import { beforeAll, expect, test } from 'vitest';
import type { Identified } from '../../src/store/store.ts';
import { commit, idOf, patient, recordOf, referral } from '../store/samples.ts';
import { bundleOf, matches, startAdapter, type TestAdapter } from './adapter.ts';
import { CITY, clinic } from './clinic.ts';

const BASE = '/fhir/R4';
const STRICT = { Prefer: 'handling=strict' };

/** @returns short names of the matches */
async function found(adapter: TestAdapter, path: string): Promise<string[]> {
  const bundle = await bundleOf(await adapter.get(`${BASE}/${path}`, STRICT));
  expect(bundle.total).toBe(matches(bundle).length);
  return matches(bundle).map((id) => NAMES.get(id!) ?? id!);
}

const NAMES = new Map<string, string>();
beforeAll(() => {
  for (const name of [
    'ann',
    'bob',
    'cleo',
    'r1',
    'r2',
    'r3',
    'o1',
    'o2',
    'o3',
    'o4',
    'surgery',
    'trust',
    'gp',
    'e1',
    't1',
    'q',
    'hall',
  ])
    NAMES.set(idOf(name), name);
});

const FORMS: readonly (readonly [string, readonly string[]])[] = [
  // string
  ['Patient?family=example', ['ann']],
  ['Patient?family=EXAMP', ['ann']],
  ['Patient?family=ample', []],
  ['Patient?family:contains=ample', ['ann']],
  ['Patient?family:exact=Example', ['ann']],
  ['Patient?family:exact=example', []],
  ['Patient?family=Étoile,Example', ['ann', 'bob']],
  ['Patient?family=etoile', ['bob']],
  ['Patient?name=ann', ['ann']],
  ['Patient?given=ann&family=example', ['ann']],
  ['Patient?given:missing=true', ['cleo']],
  ['Patient?given:missing=false', ['ann', 'bob']],
  [`Patient?address-city=${CITY.toLowerCase()}`, ['ann']],
  ['Patient?address=Leeds', ['ann']],
  // token
  ['Patient?gender=female', ['ann', 'cleo']],
  ['Patient?gender=http://hl7.org/fhir/administrative-gender|female', ['ann', 'cleo']],
  ['Patient?gender:not=http://hl7.org/fhir/administrative-gender|female', ['bob']],
  ['Patient?gender=http://hl7.org/fhir/request-status|female', []],
  ['Patient?gender:not=female', ['bob']],
  ['Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender', ['ann', 'bob', 'cleo']],
  ['Patient?gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender', []],
  ['Patient?active=true', ['ann']],
  ['Patient?active:missing=true', ['bob', 'cleo']],
  ['Patient?phone=07700900000', ['ann']],
  ['Patient?deceased=false', ['ann', 'cleo']],
  ['Patient?_tag=urn:tags|walk', ['ann']],
  ['Patient?_tag:not=walk', ['bob', 'cleo']],
  ['Patient?_id:not=nobody&gender=male', ['bob']],
  ['Observation?code=http://loinc.org|1-1,http://loinc.org|2-2', ['o1', 'o2', 'o3']],
  // uri
  ['Questionnaire?url=https://forms.example/one/wellbeing', ['q']],
  ['Questionnaire?url:below=https://forms.example/one', ['q']],
  ['Questionnaire?url:below=https://forms.example/two', []],
  ['Questionnaire?url:above=https://forms.example/one/wellbeing/page', ['q']],
  ['Patient?_profile=https://profiles.example/one', ['bob']],
  ['Patient?_source=urn:case-system', ['bob']],
  // date
  ['Patient?birthdate=1990', ['ann']],
  ['Patient?birthdate=lt1990', ['bob']],
  ['Patient?birthdate=ge1990-05-01&birthdate=le1990-05-31', ['ann']],
  ['Patient?birthdate=ne1990', ['bob']],
  ['Patient?birthdate:missing=true', ['cleo']],
  ['Observation?date=sa2025-02-01', ['o2', 'o3']],
  // quantity
  ['Observation?value-quantity=5', ['o1', 'o2']],
  ['Observation?value-quantity=5.0', ['o1']],
  ['Observation?value-quantity=5.4', ['o2']],
  ['Observation?value-quantity=5.40', ['o2']],
  ['Observation?value-quantity=5.41', []],
  ['Observation?value-quantity=gt5', ['o2', 'o3']],
  ['Observation?value-quantity=ge5.0', ['o1', 'o2', 'o3']],
  ['Observation?value-quantity=lt5.4', ['o1']],
  ['Observation?value-quantity=le5.4', ['o1', 'o2']],
  ['Observation?value-quantity=sa5.4', ['o3']],
  ['Observation?value-quantity=eb5.4', ['o1']],
  ['Observation?value-quantity=ne5', ['o3']],
  ['Observation?value-quantity=ap5.2', ['o1', 'o2']],
  ['Observation?value-quantity=1e2', ['o3']],
  ['Observation?value-quantity=5.4|http://unitsofmeasure.org|kg', ['o2']],
  ['Observation?value-quantity=5.4|http://unitsofmeasure.org|mg', []],
  ['Observation?value-quantity=5.4||kg', ['o2']],
  ['Observation?value-quantity:missing=true', ['o4']],
  // composite
  ['Observation?code-value-quantity=http://loinc.org|1-1$gt5', ['o2']],
  ['Observation?code-value-quantity=http://loinc.org|2-2$100||kg', ['o3']],
  ['Observation?code-value-quantity=2-2$5', []],
  ['Observation?code-value-concept=3-3$urn:answers|yes', ['o4']],
  ['Observation?component-code-value-quantity=8480-6$120', ['o4']],
  ['Observation?component-code-value-quantity=8480-6$80', []],
  // reference
  ['ServiceRequest?subject:Patient=ID(ann)', ['r1', 'r2']],
  ['ServiceRequest?subject=ID(bob)', ['r3']],
  ['ServiceRequest?subject=Patient/ID(ann),Patient/ID(bob)', ['r1', 'r2', 'r3']],
  ['ServiceRequest?requester=ID(gp)', ['r1']],
  ['ServiceRequest?requester:Practitioner=ID(gp)', ['r1']],
  ['ServiceRequest?requester:identifier=urn:staff|77', ['r2']],
  ['ServiceRequest?requester:missing=true', ['r3']],
  // chained
  ['ServiceRequest?subject:Patient.family=example', ['r1', 'r2']],
  ['ServiceRequest?subject.family=example', ['r1', 'r2']],
  ['ServiceRequest?patient.birthdate=lt1990', ['r3']],
  ['ServiceRequest?patient.gender:not=female', ['r3']],
  ['ServiceRequest?patient.family:exact=Example&status=active', ['r1']],
  ['ServiceRequest?patient.organization.name=surgery', ['r1', 'r2']],
  ['ServiceRequest?patient.organization.partof.name=trust', ['r1', 'r2']],
  ['ServiceRequest?patient._id=ID(bob)', ['r3']],
  ['ServiceRequest?requester.name=Gee', ['r1']],
  ['ServiceRequest?patient.family=nobody', []],
  ['Observation?patient.organization.name:contains=urger', ['o1', 'o2', 'o4']],
  // reverse chained
  ['Patient?_has:Observation:patient:code=2-2', ['bob']],
  ['Patient?_has:Observation:patient:value-quantity=gt5', ['ann', 'bob']],
  ['Patient?_has:ServiceRequest:patient:status=revoked', ['ann']],
  ['Patient?_has:ServiceRequest:patient:_has:Task:focus:status=requested', ['bob']],
  ['Organization?_has:Patient:organization:family=example', ['surgery']],
  ['Organization?_has:Patient:organization:_has:ServiceRequest:patient:status=active', ['surgery']],
  ['ServiceRequest?patient._has:Observation:patient:code=2-2', ['r3']],
  // of every type
  ['Patient?_id=ID(ann),ID(bob)&gender=male', ['bob']],
  ['Patient?_lastUpdated=gt2025-01-01&gender=male', ['bob']],
];

test('finds what each form asks for, and nothing else', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, ...clinic());
  const wrong: unknown[] = [];
  for (const [form, names] of FORMS) {
    const path = form.replaceAll(/ID\((\w+)\)/g, (_all, name: string) => idOf(name));
    const answer = await found(adapter, encodeURI(path)).catch((error: unknown) => [String(error)]);
    if (answer.toSorted().join() !== [...names].toSorted().join()) wrong.push([form, answer, names]);
  }
  expect(wrong).toEqual([]);
});

test('reads escaped signs as themselves', async () => {
  const adapter = await startAdapter();
  const odd: Identified = patient('ann', {
    identifier: [{ system: 'urn:odd', value: 'a,b|c$d\\e' }],
    name: [{ family: 'Comma, the $ign' }],
  } as object);
  await commit(adapter.store, recordOf([odd]));
  const search = async (query: string): Promise<string[]> => found(adapter, `Patient?${query}`);
  expect(await search(`identifier=${encodeURIComponent('urn:odd|a\\,b\\|c\\$d\\\\e')}`)).toEqual(['ann']);
  expect(await search(`identifier=${encodeURIComponent('urn:odd|a,b')}`)).toEqual([]);
  expect(await search(`family:exact=${encodeURIComponent('Comma\\, the \\$ign')}`)).toEqual(['ann']);
});

test.each([
  ['_sort=birthdate', ['bob', 'ann', 'cleo']],
  ['_sort=-birthdate', ['ann', 'bob', 'cleo']],
  ['_sort=gender,-birthdate', ['ann', 'cleo', 'bob']],
  ['_sort=-gender,birthdate', ['bob', 'ann', 'cleo']],
  ['_sort=family', ['bob', 'ann', 'cleo']],
])('sorts by %s, and what has no value comes last', async (sort, names) => {
  const adapter = await startAdapter();
  await commit(adapter.store, ...clinic());
  const order = await found(adapter, `Patient?${sort}`);
  if (sort === '_sort=family') expect(order.at(-1)).toBe('cleo');
  else expect(order).toEqual(names);
});

test('pages through every sort while others write', async () => {
  const adapter = await startAdapter();
  const people = Array.from({ length: 30 }, (_, at) => [
    patient(`p${at}`, { birthDate: `19${50 + (at % 10)}-01-01`, gender: at % 2 ? 'male' : 'female' }),
    referral(`s${at}`, `p${at}`),
  ]);
  await commit(adapter.store, ...people.map((one, at) => recordOf(one, { key: `K${at}` })));
  for (const sort of ['birthdate', '-birthdate', 'gender,-birthdate', '-_lastUpdated', '_id', 'family']) {
    const seen: (string | undefined)[] = [];
    let url: string | undefined = `${adapter.url}${BASE}/Patient?_sort=${sort}&_count=7&active:missing=true`;
    for (let page = 0; url; page++) {
      const bundle = await bundleOf(await fetch(url));
      seen.push(...matches(bundle));
      url = bundle.link?.find(({ relation }) => relation === 'next')?.url;
      await commit(
        adapter.store,
        recordOf([patient(`x${sort}${page}`, { active: true })], { key: `X${sort}${page}` }),
      );
      expect(page).toBeLessThan(6);
    }
    expect([sort, seen.length, new Set(seen).size]).toEqual([sort, 30, 30]);
  }
});

test('names the types whose parameters may stand behind a reference, where none of them has the one that does', async () => {
  const adapter = await startAdapter();
  const answer = await adapter.get(`${BASE}/ServiceRequest?subject.colour=red`);
  expect([answer.status, await answer.json()]).toMatchObject([
    400,
    { issue: [{ diagnostics: expect.stringMatching(/search parameter of Group or Patient or/) }] },
  ]);
});
