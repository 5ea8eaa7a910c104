/** Bulk exports as a strict client makes them, on both engines: of the system, of patients, of a Group; since a moment; and removed. */
import type { Group } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { PEOPLE_AT_ONCE } from '../../../src/research/export/asked.ts';
import { bulkExport, removed } from '../../servers/bulk-client.ts';
import { contact, idOf, organization, patient } from '../../store/samples.ts';
import { ENGINES, type ExportPlace, openExporting } from './place.ts';

const keysOf = (resources: readonly { resourceType: string; id: string }[]): string[] =>
  resources.map(({ resourceType, id }) => `${resourceType}/${id}`).sort();
const keys = (...names: readonly (readonly [type: string, name: string])[]): string[] =>
  names.map(([type, name]) => `${type}/${idOf(name)}`).sort();

async function filled(place: ExportPlace): Promise<void> {
  const at = Date.now() - 60_000;
  await place.put([patient('a'), contact('ea', 'a'), organization('org')], 'X26', at);
  await place.put([patient('b'), contact('eb', 'b', { status: 'planned' })], 'X26', at);
  await place.put([patient('z'), contact('ez', 'z')], 'Z99902', at);
}

const groupOf = (...names: readonly string[]): Group => ({
  resourceType: 'Group',
  type: 'person',
  actual: true,
  member: names.map((name) => ({ entity: { reference: `Patient/${idOf(name)}` } })),
});

test.each(ENGINES)(
  '%s: exports what the client sees, in files of each type, and removes it',
  async (engine) => {
    const place = await openExporting(engine, { export: { linesPerFile: 1 } });
    await filled(place);
    const token = await place.token('vendor');
    const path = '$export?_type=Patient,Encounter&_type=Organization';
    const { manifest, resources, status } = await bulkExport({ base: place.base, path, token });
    expect(keysOf(resources)).toEqual(
      keys(
        ['Patient', 'a'],
        ['Patient', 'b'],
        ['Encounter', 'ea'],
        ['Encounter', 'eb'],
        ['Organization', 'org'],
      ),
    );
    expect(manifest).toMatchObject({
      request: `${place.base}/${path}`,
      requiresAccessToken: true,
      error: [],
    });
    expect(manifest.output.map(({ type, count }) => [type, count])).toEqual([
      ['Encounter', 1],
      ['Encounter', 1],
      ['Organization', 1],
      ['Patient', 1],
      ['Patient', 1],
    ]);
    const [first] = manifest.output;
    await removed(status, token);
    expect((await place.ask('vendor', first!.url)).status).toBe(404);
  },
);

test.each(ENGINES)('%s: exports of patients, of a Group and of some of its members', async (engine) => {
  const place = await openExporting(engine);
  await filled(place);
  await place.put([patient('c'), contact('ec', 'c')], 'X26', Date.now() - 60_000);
  const token = await place.token('vendor');
  const of = async (path: string, ...patients: readonly string[]): Promise<string[]> => {
    const parameter = patients.map((name) => ({
      name: 'patient',
      valueReference: { reference: `Patient/${idOf(name)}` },
    }));
    const asked = { base: place.base, path, token };
    const made = await bulkExport(
      patients.length === 0 ? asked : { ...asked, parameters: { resourceType: 'Parameters', parameter } },
    );
    return keysOf(made.resources);
  };
  const a = keys(['Patient', 'a'], ['Encounter', 'ea']);
  const b = keys(['Patient', 'b'], ['Encounter', 'eb']);
  const c = keys(['Patient', 'c'], ['Encounter', 'ec']);
  expect(await of('Patient/$export')).toEqual([...a, ...b, ...c].sort());
  expect(await of('Patient/$export', 'b')).toEqual(b);
  const group: Group = groupOf('a', 'b', 'c');
  group.member![2]!.inactive = true;
  const answer = await place.ask('vendor', 'Group', {
    method: 'POST',
    headers: { 'Content-Type': 'application/fhir+json' },
    body: JSON.stringify(group),
  });
  expect(answer.status, await answer.clone().text()).toBe(201);
  const { id } = (await answer.json()) as Group;
  expect(await of(`Group/${id}/$export`)).toEqual([...a, ...b].sort());
  expect(await of(`Group/${id}/$export?_type=Encounter`)).toEqual(
    keys(['Encounter', 'ea'], ['Encounter', 'eb']),
  );
  expect(await of(`Group/${id}/$export`, 'a')).toEqual(a);
});

test('two patients who are one person go out once, however many people there are', async () => {
  const place = await openExporting();
  const many = Array.from({ length: PEOPLE_AT_ONCE + 50 }, (_, at) => `many${at}`);
  const at = Date.now() - 60_000;
  await place.put(
    many.map((name) => patient(name)),
    'X26',
    at,
  );
  const [first, last] = many
    .toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
    .filter((_, of, { length }) => of === 0 || of === length - 1);
  await place.whole.adapter.store.linkPerson(idOf(last!), idOf(first!), 'by hand', at);
  const parameter = many.map((name) => ({
    name: 'patient',
    valueReference: { reference: `Patient/${idOf(name)}` },
  }));
  const made = await bulkExport({
    ...{ base: place.base, path: 'Patient/$export', token: await place.token('vendor') },
    parameters: {
      resourceType: 'Parameters',
      parameter: [...parameter, { name: '_type', valueString: 'Patient' }],
    },
  });
  expect(keysOf(made.resources)).toEqual(many.map((name) => `Patient/${idOf(name)}`).sort());
});

test.each(ENGINES)('%s: exports what has changed since an export, and what was deleted', async (engine) => {
  const place = await openExporting(engine);
  await filled(place);
  const token = await place.token('vendor');
  const first = await bulkExport({ base: place.base, path: '$export?_type=Patient,Encounter', token });
  expect(first.deleted).toEqual([]);
  await place.put([patient('a', { gender: 'female' }), patient('new')]);
  const gone = await place.ask('vendor', `Encounter/${idOf('eb')}`, { method: 'DELETE' });
  expect(gone.ok).toBe(true);
  const since = encodeURIComponent(first.manifest.transactionTime);
  const path = `$export?_type=Patient,Encounter&_since=${since}`;
  const second = await bulkExport({ base: place.base, path, token });
  expect(keysOf(second.resources)).toEqual(keys(['Patient', 'a'], ['Patient', 'new']));
  expect(second.deleted).toEqual(keys(['Encounter', 'eb']));
  const third = await bulkExport({
    ...{ base: place.base, token },
    path: `$export?_since=${encodeURIComponent(second.manifest.transactionTime)}`,
  });
  expect([third.resources, third.deleted]).toEqual([[], []]);
});

test.each(ENGINES)('%s: filters by searches, and leaves out elements', async (engine) => {
  const place = await openExporting(engine);
  await filled(place);
  const token = await place.token('vendor');
  const of = (query: string) => bulkExport({ base: place.base, path: `$export?${query}`, token });
  const filter = (text: string): string => `_typeFilter=${encodeURIComponent(text)}`;
  const planned = await of(`_type=Encounter,Patient&${filter('Encounter?status=planned')}`);
  expect(keysOf(planned.resources)).toEqual(keys(['Encounter', 'eb'], ['Patient', 'a'], ['Patient', 'b']));
  const either = await of(
    `_type=Encounter&${filter('Encounter?status=planned&date=gt2030')}&${filter('Encounter?status=finished')}`,
  );
  expect(keysOf(either.resources)).toEqual(keys(['Encounter', 'ea']));
  const few = await of('_type=Patient&_elements=Patient.gender,id');
  for (const one of few.resources) {
    expect(Object.keys(one).sort()).toEqual(['id', 'meta', 'resourceType']);
    expect(one.meta?.tag?.map(({ code }) => code)).toContain('SUBSETTED');
  }
});

test('a lenient client is told in a file what was passed over', async () => {
  const place = await openExporting();
  await filled(place);
  const token = await place.token('vendor');
  const path = '$export?_type=Patient,Nothing&organizeOutputBy=Patient&_typeFilter=Task%3Fstatus%3Ddraft';
  const made = await bulkExport({ base: place.base, path, token, prefer: 'handling=lenient' });
  expect(keysOf(made.resources)).toEqual(keys(['Patient', 'a'], ['Patient', 'b']));
  expect(made.errors.map(({ issue }) => issue[0]!.severity)).toEqual(['warning', 'warning', 'warning']);
  expect(JSON.stringify(made.errors)).toContain('organizeOutputBy');
});

test('a client with a purpose exports only of people who have agreed to it', async () => {
  const place = await openExporting();
  await filled(place);
  const token = await place.token('researcher');
  const made = await bulkExport({ base: place.base, path: '$export?_type=Patient,Organization', token });
  expect(keysOf(made.resources)).toEqual(keys(['Organization', 'org']));
});
