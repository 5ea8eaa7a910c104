/** What a client that sees people only de-identified gets from a whole adapter: everything of those who agreed, and nobody's name. */
import { expect, test } from 'vitest';
import type { Held } from '../../../src/research/held.ts';
import type { Identified } from '../../../src/store/store.ts';
import { openWhole, type Whole } from '../../cli/whole.ts';
import { population } from '../../research/population.ts';
import { newBackendClient } from '../../servers/backend-client.ts';
import { bulkExport } from '../../servers/bulk-client.ts';
import { RULES, recordOf } from '../../store/samples.ts';
import { expectOutcome } from '../adapter.ts';

const HELD: readonly Held[] = [...population({ people: 40 })];

async function openStudy(research: object = { optOut: { notApplicable: 'people who were made up' } }) {
  const client = await newBackendClient('study', 'system/*.rs');
  const whole: Whole = await openWhole({
    access: {
      clients: [
        {
          ...{ id: 'study', organisations: 'all', purpose: 'research', deidentified: true },
          ...{ scopes: ['system/*.rs'], jwks: { keys: [client.jwk] } },
        },
      ],
    },
    research,
  });
  const byPerson = Map.groupBy(HELD, ({ personId }) => personId ?? 'directory');
  for (const [key, all] of byPerson)
    await whole.adapter.store.commit(
      [
        recordOf(
          all.map(({ resource }) => resource as Identified),
          { key, payload: { key } },
        ),
      ],
      RULES,
      Date.now() - 5_000,
    );
  const base = `${whole.adapter.url}/fhir/R4`;
  const ask = async (path: string, init: RequestInit = {}) =>
    fetch(`${base}${path}`, {
      ...init,
      headers: { Authorization: `Bearer ${await client.token(base)}`, ...init.headers },
    });
  return { ask, base, token: () => client.token(base) };
}

/** @returns names, numbers and ids of the people that went in */
function secrets(): string[] {
  return HELD.flatMap(({ resource }) => {
    if (resource.resourceType !== 'Patient') return [];
    const { id, identifier = [], name = [], address = [] } = resource;
    const known = [id, ...identifier.map(({ value }) => value), ...name.map(({ family }) => family)];
    return [...known, ...address.map(({ postalCode }) => postalCode)].filter((one) => one !== undefined);
  });
}

const told = (text: string): string[] => secrets().filter((secret) => text.includes(secret));

test('an export has pseudonyms in place of people, the same in all its files, and its lines in an order of their own', async () => {
  const { base, token } = await openStudy();
  const { resources, manifest } = await bulkExport({
    base,
    path: '$export',
    token: await token(),
    timeless: true,
  });
  const text = JSON.stringify(resources);
  expect(told(text)).toEqual([]);
  const patients = resources.filter(({ resourceType }) => resourceType === 'Patient').map(({ id }) => id);
  expect(patients.length).toBeGreaterThan(3);
  expect(patients).toEqual([...patients].sort());
  const referred = new Set(text.match(/Patient\/[0-9a-f]+/g)?.map((one) => one.slice('Patient/'.length)));
  expect(referred.size).toBeGreaterThan(3);
  expect([...referred].filter((one) => !patients.includes(one))).toEqual([]);
  expect(manifest.output.map(({ type }) => type)).toContain('QuestionnaireResponse');
});

test('a view of its own is run over what is de-identified, in no order of the store', async () => {
  const { ask } = await openStudy();
  const view = {
    resourceType: 'ViewDefinition',
    resource: 'Patient',
    select: [
      {
        column: [
          { name: 'id', path: 'id' },
          { name: 'family', path: 'name.family.first()' },
          { name: 'born', path: 'birthDate' },
          { name: 'number', path: 'identifier.value.first()' },
        ],
      },
    ],
  };
  const parameter = [
    { name: 'viewResource', resource: view },
    { name: '_format', valueCode: 'ndjson' },
  ];
  const answer = await ask('/$viewdefinition-run', {
    method: 'POST',
    headers: { 'Content-Type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Parameters', parameter }),
  });
  expect(answer.status).toBe(200);
  const text = await answer.text();
  const rows = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(told(text)).toEqual([]);
  expect(rows.length).toBeGreaterThan(3);
  for (const row of rows) expect([row.family, row.number, String(row.born).length]).toEqual([null, null, 4]);
  expect(rows.map(({ id }) => id)).toEqual(rows.map(({ id }) => id).sort());
});

test('no condition of a view meets what somebody who knows a person would ask for', async () => {
  const { ask } = await openStudy();
  const people = HELD.flatMap(({ resource }) => (resource.resourceType === 'Patient' ? [resource] : []));
  const listed = (texts: readonly (string | undefined)[]): string =>
    `(${[...new Set(texts)].flatMap((text) => (text === undefined ? [] : [`'${text}'`])).join('|')})`;
  const asked = [
    `id in ${listed(people.map(({ id }) => id))}`,
    `birthDate.toString() in ${listed(people.map(({ birthDate }) => birthDate))}`,
    `name.family.where($this in ${listed(people.map(({ name }) => name?.[0]?.family))}).exists()`,
    `identifier.value.where($this in ${listed(people.map(({ identifier }) => identifier?.[0]?.value))}).exists()`,
    'name.exists() or identifier.exists() or address.exists() or telecom.exists() or text.exists()',
    'meta.lastUpdated.exists() or meta.versionId.exists() or birthDate.toString().length() > 4',
  ];
  for (const path of [...asked, 'true']) {
    const view = {
      resourceType: 'ViewDefinition',
      resource: 'Patient',
      where: [{ path }],
      select: [{ column: [{ name: 'id', path: 'id' }] }],
    };
    const parameter = [
      { name: 'viewResource', resource: view },
      { name: '_format', valueCode: 'ndjson' },
    ];
    const answer = await ask('/$viewdefinition-run', {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: JSON.stringify({ resourceType: 'Parameters', parameter }),
    });
    const found = (await answer.text()).trim();
    expect([path, answer.status, found === '']).toEqual([path, 200, path !== 'true']);
  }
});

test.each([
  '/$export?patient=Patient/x',
  '/$export?_typeFilter=Patient%3Fname%3DTest',
  '/$export?_since=2026-01-01T00:00:00Z',
])('it cannot single somebody out by %s', async (path) => {
  const { ask } = await openStudy();
  const answer = await ask(path, { headers: { Prefer: 'respond-async', Accept: 'application/fhir+json' } });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('cannot choose among them');
});

test.each(['patient=Patient/x', 'group=Group/x', '_since=2026-01-01T00:00:00Z'])(
  'it cannot single somebody out in a view by %s',
  async (query) => {
    const { ask } = await openStudy();
    await expectOutcome(
      await ask(`/ViewDefinition/patient/$viewdefinition-run?${query}`),
      403,
      'api-deidentified',
    );
  },
);

test('nothing is given out where nobody has said how opt-outs are applied', async () => {
  const { ask, base, token } = await openStudy({});
  await expectOutcome(await ask('/ViewDefinition/patient/$viewdefinition-run'), 403, 'api-deidentified');
  await expect(bulkExport({ base, path: '$export', token: await token() })).rejects.toThrow(
    'not set up to de-identify',
  );
});
