/** Search over HTTP: each served form finds what it should, and each other form is refused by name. */
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import {
  commit,
  contact,
  idOf,
  NOW_MS,
  organization,
  patient,
  recordOf,
  referral,
} from '../store/samples.ts';
import { bundleOf, expectOutcome, linkOf, matches, startAdapter, type TestAdapter } from './adapter.ts';

const BASE = '/fhir/R4';

/** Two people, a referral each (one of them revoked), and a contact of the first. */
async function twoPeople(): Promise<TestAdapter> {
  const adapter = await startAdapter();
  const first = [
    patient('p'),
    referral('r', 'p', { identifier: [{ system: 'urn:a', value: 'x|1' }] }),
    contact('e', 'p', { basedOn: [{ reference: `ServiceRequest/${idOf('r')}` }] }),
  ];
  await commit(adapter.store, recordOf([...first, organization('o')], { key: 'A' }));
  const revoked = referral('s', 'q', { status: 'revoked', authoredOn: '2025-04' });
  await commit(adapter.store, recordOf([patient('q'), revoked], { key: 'B' }));
  return adapter;
}

test.each([
  ['Patient', 'identifier=https://demo.example/person|p', ['p']],
  ['Patient', 'identifier=q', ['q']],
  ['Patient', 'identifier=https://demo.example/person|', ['p', 'q']],
  ['Patient', 'identifier=https://other.example|p', []],
  ['Patient', 'identifier=|p', []],
  ['Patient', 'identifier=p,q', ['p', 'q']],
  ['Patient', 'identifier=p&identifier=q', []],
  ['Patient', 'birthdate=1990', []],
  ['ServiceRequest', 'identifier=urn:a|x\\|1', ['r']],
  ['ServiceRequest', 'status=active', ['r']],
  ['ServiceRequest', 'status=active,revoked', ['r', 's']],
  ['ServiceRequest', 'code=http://snomed.info/sct|871731000000106&status=revoked', ['s']],
  ['ServiceRequest', 'code=871731000000106', ['r', 's']],
  ['ServiceRequest', 'authored=2025-03-01', ['r']],
  ['ServiceRequest', 'authored=2025-04', ['s']],
  ['ServiceRequest', 'authored=2025', ['r', 's']],
  ['ServiceRequest', 'authored=ge2025-04', ['s']],
  ['ServiceRequest', 'authored=lt2025-04', ['r']],
  ['ServiceRequest', 'authored=ne2025-03-01', ['s']],
  ['ServiceRequest', 'authored=gt2025-03-01&authored=le2025-12-31', ['s']],
  ['ServiceRequest', 'authored=sa2025-03-31', ['s']],
  ['ServiceRequest', 'authored=eb2025-04-01', ['r']],
  ['ServiceRequest', 'authored=ap2025-04-15', ['s']],
  ['Encounter', 'date=2025-03-02T10:00:00Z', []],
  ['Encounter', 'date=2025-03-02', ['e']],
  ['Encounter', 'date=ge2025-03-02T11:00:00+01:00', ['e']],
  ['Encounter', 'date=gt2025-03-02T10:30:00Z', []],
] as const)('finds by %s?%s', async (type, query, names) => {
  const adapter = await twoPeople();
  const found = await bundleOf(await adapter.get(`${BASE}/${type}?${query}`, { Prefer: 'handling=strict' }));
  expect(new Set(matches(found))).toEqual(new Set(names.map(idOf)));
  expect(found.total).toBe(names.length);
  expect(found.entry?.length ?? 0).toBe(names.length);
});

test.each(['patient', 'subject', 'patient:Patient', 'subject:Patient'])(
  'finds what belongs to a person by %s, however the person is named',
  async (name) => {
    const adapter = await twoPeople();
    const id = idOf('p');
    const forms = [
      id,
      ...(name.includes(':') ? [] : [`Patient/${id}`, `${adapter.url}${BASE}/Patient/${id}`]),
    ];
    for (const form of forms) {
      const found = await bundleOf(await adapter.get(`${BASE}/ServiceRequest?${name}=${form}`));
      expect(matches(found)).toEqual([idOf('r')]);
    }
  },
);

test('finds by id, by several ids, and by the time of the commit', async () => {
  const adapter = await twoPeople();
  const search = async (query: string) =>
    matches(await bundleOf(await adapter.get(`${BASE}/Patient?${query}`)));
  expect(await search(`_id=${idOf('q')}`)).toEqual([idOf('q')]);
  expect(await search(`_id=${idOf('p')},nobody`)).toEqual([idOf('p')]);
  const now = new Date(NOW_MS).toISOString();
  expect(await search(`_lastUpdated=${now}`)).toHaveLength(2);
  expect(await search(`_lastUpdated=gt${now}`)).toEqual([]);
  expect(await search('_lastUpdated=le2025-03-03')).toHaveLength(2);
});

test.each([
  ['ServiceRequest', 'ServiceRequest:subject', ['Patient/p', 'Patient/q']],
  ['ServiceRequest', 'ServiceRequest:patient:Patient', ['Patient/p', 'Patient/q']],
  ['Encounter', 'Encounter:patient&_include=Encounter:based-on', ['Patient/p', 'ServiceRequest/r']],
] as const)('brings along what %s refers to: _include=%s', async (type, include, keys) => {
  const adapter = await twoPeople();
  const found = await bundleOf(await adapter.get(`${BASE}/${type}?_include=${include}`));
  const included = (found.entry ?? []).filter((entry) => entry.search?.mode === 'include');
  const wanted = keys.map((key) => key.replace(/\w+$/, (name) => idOf(name)));
  expect(included.map((entry) => `${entry.resource?.resourceType}/${entry.resource?.id}`).sort()).toEqual(
    wanted.sort(),
  );
  expect(found.total).toBe(matches(found).length);
});

test('brings a person along once for many matches', async () => {
  const adapter = await twoPeople();
  await commit(adapter.store, recordOf([contact('f', 'p'), contact('g', 'p')], { key: 'C' }));
  const found = await bundleOf(await adapter.get(`${BASE}/Encounter?_include=Encounter:patient`));
  expect(matches(found)).toHaveLength(3);
  expect(found.entry).toHaveLength(4);
});

test.each([
  ['_count=-1', 'api-search-value'],
  ['_count=many', 'api-search-value'],
  ['_total=perhaps', 'api-search-value'],
  ['_id=a%20b', 'api-search-value'],
  ['_lastUpdated=yesterday', 'api-search-value'],
  ['authored=2025-02-31', 'api-search-value'],
  ['authored=31/01/2025', 'api-search-value'],
  ['authored=ge', 'api-search-value'],
  ['authored=2025-13', 'api-search-value'],
  ['status=', 'api-search-value'],
  ['identifier=|', 'api-search-value'],
  ['patient=Group/1', 'api-search-value'],
  ['patient=https://elsewhere.example/Patient/1', 'api-search-value'],
  ['_include=Encounter:patient', 'api-search-value'],
  [`identifier=${'x'.repeat(5_001)}`, 'api-search-value'],
  [`status=${Array(101).fill('a').join(',')}`, 'api-search-cost'],
  [Array(51).fill('status=active').join('&'), 'api-search-cost'],
  ['status:of-type=a|b|c', 'api-search-modifier'],
  ['patient:Group=1', 'api-search-modifier'],
  ['status:exact=active', 'api-search-modifier'],
  ['status:text=active', 'api-search-modifier'],
  ['status:missing=perhaps', 'api-search-value'],
  ['code:in=http://example.org/ValueSet/none', 'api-search-value-set'],
  ['authored:contains=2025', 'api-search-modifier'],
  ['authored.year=2025', 'api-search-value'],
  ['_id:exact=a', 'api-search-modifier'],
  ['patient.nonsense=x', 'api-search-value'],
  ['patient:Group.name=x', 'api-search-value'],
  ['instantiates-canonical.name=x', 'api-search-value'],
  ['_has:Encounter:nonsense:status=finished', 'api-search-value'],
  ['_has:Nonsense:patient:status=finished', 'api-search-value'],
  ['_has:Encounter:patient:nonsense=finished', 'api-search-value'],
  ['_has:Encounter:location:status=finished', 'api-search-value'],
  ['_has:Encounter=finished', 'api-search-value'],
  ['patient.organization.partof.partof.partof.partof.name=x', 'api-search-cost'],
  ['_sort=nonsense', 'api-search-value'],
  ['_sort=status,-', 'api-search-value'],
  ['_summary=some', 'api-search-value'],
  ['_summary=text&_include=*', 'api-search-value'],
  ['_summary=true&_elements=status', 'api-search-value'],
  ['_elements=nonsense', 'api-search-value'],
  ['_elements=subject.reference', 'api-search-value'],
  ['_include=ServiceRequest:code', 'api-search-value'],
  ['_include=ServiceRequest:subject:Device:x', 'api-search-value'],
  ['_revinclude=Encounter:patient', 'api-search-value'],
  ['_revinclude=Encounter:nonsense', 'api-search-value'],
  ['_include:recurse=ServiceRequest:subject', 'api-search-modifier'],
  ['_cursor=1', 'api-cursor'],
])('refuses %s rather than search for something else', async (query, rule) => {
  const adapter = await startAdapter();
  await expectOutcome(await adapter.get(`${BASE}/ServiceRequest?${query}`), 400, rule);
});

const HUNDRED = Array.from({ length: 100 }, (_, at) => `v${at}`).join(',');
test.each([
  [`ServiceRequest?performer.identifier=${HUNDRED}`],
  [`ServiceRequest?performer.identifier=${HUNDRED}&patient.organization.partof.identifier=${HUNDRED}`],
  [`ServiceRequest?${Array(29).fill(`status=${HUNDRED}`).join('&')}`],
  [`ServiceRequest?${Array(29).fill(`status:not=${HUNDRED}`).join('&')}&_sort=authored,-status,priority`],
  [`Patient?${Array(20).fill(`_has:Observation:patient:code=${HUNDRED}`).join('&')}`],
  [`Patient?${Array(20).fill(`name:contains=${HUNDRED}`).join('&')}`],
  [`Patient?${Array(50).fill('organization:missing=false').join('&')}`],
  [
    `Observation?code:in=http://hl7.org/fhir/ValueSet/observation-status&value-quantity=${HUNDRED.replaceAll('v', '')}`,
  ],
  [`Observation?code-value-quantity=${HUNDRED.replaceAll(/v(\d+)/g, 'c$1$$$1')}&combo-code=${HUNDRED}`],
])('answers the largest searches that are let in', async (path) => {
  const adapter = await startAdapter();
  const answer = await adapter.post(
    `${BASE}/${path.slice(0, path.indexOf('?'))}/_search?_total=accurate`,
    path
      .slice(path.indexOf('?') + 1)
      .slice(0, 6_000)
      .replace(/&[^&]*$/, ''),
    'application/x-www-form-urlencoded',
  );
  expect([path.slice(0, 60), answer.status]).toEqual([path.slice(0, 60), 200]);
  const asked = path.length < 12_000 ? await adapter.get(`${BASE}/${path}`) : answer;
  expect([path.slice(0, 60), asked.status]).toEqual([path.slice(0, 60), 200]);
});

test('tells of every fault of a query at once, by parameter', async () => {
  const adapter = await startAdapter();
  const answer = await adapter.get(`${BASE}/ServiceRequest?_count=x&authored=x&status=active`);
  const outcome = await expectOutcome(answer, 400, 'api-search-value');
  expect(outcome.issue.map((issue) => issue.expression)).toEqual([['http._count'], ['http.authored']]);
});

test('warns a lenient client of a parameter that is not served, and leaves it out of the links', async () => {
  const adapter = await twoPeople();
  const found = await bundleOf(await adapter.get(`${BASE}/ServiceRequest?date=2025&status=active`));
  expect(matches(found)).toEqual([idOf('r')]);
  const outcome = found.entry?.at(-1);
  expect(outcome).toMatchObject({
    search: { mode: 'outcome' },
    resource: { resourceType: 'OperationOutcome' },
  });
  expect(JSON.stringify(outcome)).toContain('authored');
  expect(linkOf(found, 'self')).toBe(`${adapter.url}${BASE}/ServiceRequest?status=active`);
});

test('refuses a strict client a parameter that is not served', async () => {
  const adapter = await twoPeople();
  const headers = { Prefer: 'respond-async, handling=strict' };
  const outcome = await expectOutcome(
    await adapter.get(`${BASE}/ServiceRequest?date=2025`, headers),
    400,
    'api-search-parameter',
  );
  expect(outcome.issue.map((issue) => [issue.severity, ruleOf(issue)])).toEqual([
    ['error', 'api-search-parameter'],
  ]);
});

test('does not repeat what a client wrote for a parameter name', async () => {
  const adapter = await startAdapter();
  const queries = [
    '9990000018=x&Robin%20Example=y',
    'organization.9990000018=x',
    'organization:Robin.name=x',
    '_has:Robin:9990000018:code=x',
    '_has:Observation:patient:9990000018=x',
    'name:Robin=x',
    'Robin:9990000018=x',
  ];
  for (const query of queries) {
    const text = await (await adapter.get(`${BASE}/Patient?${query}`)).text();
    expect(text).toContain('api-search-');
    expect([query, text]).toEqual([query, expect.not.stringMatching(/9990000018|Robin/)]);
  }
});

test('counts without listing, and lists without counting', async () => {
  const adapter = await twoPeople();
  const counted = await bundleOf(await adapter.get(`${BASE}/Patient?_count=0`));
  expect([counted.total, counted.entry, linkOf(counted, 'next')]).toEqual([2, undefined, undefined]);
  const listed = await bundleOf(await adapter.get(`${BASE}/Patient?_total=none`));
  expect([listed.total, matches(listed).length]).toEqual([undefined, 2]);
});

test('believes a Host header only when it looks like one', async () => {
  const adapter = await startAdapter();
  const { request } = await import('node:http');
  const text = await new Promise<string>((resolve, reject) => {
    const call = request(`${adapter.url}${BASE}/Patient`, { headers: { Host: 'evil/"><x' } }, (answer) => {
      let body = '';
      answer.on('data', (chunk) => {
        body += chunk;
      });
      answer.on('end', () => resolve(body));
    });
    call.on('error', reject).end();
  });
  expect(text).toContain('http://localhost/fhir/R4/Patient');
  expect(text).not.toContain('evil');
});
