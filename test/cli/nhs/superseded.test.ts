/** A superseded NHS number in a whole adapter: through the store, its links and a FHIR target, and back by a command. */
import { join } from 'node:path';
import type { Bundle, Encounter, Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { unlink } from '../../../src/cli/again/words.ts';
import { startSandbox } from '../../../src/sandbox/server.ts';
import { journeys } from '../../faults/journeys.ts';
import { startPds } from '../../servers/pds.ts';
import { pdsRecord } from '../../servers/pds-records.ts';
import { until } from '../../source/ehr/adapters.ts';
import { numbersOf } from '../../target/pds/place.ts';
import { closing, configIn, openWhole, temporaryFolder, type Whole } from '../whole.ts';

const [OLD, NEW] = ['9990000026', '9990000018'] as const;

interface Body {
  updatedAt: string;
  client: Record<string, unknown>;
}

/** @returns a referral or contact of a person with the number */
function posted(person: number, number: string, kind: 'referral' | 'contact', minute = 0): Body {
  const all = journeys(2, 2).filter((one) => one.kind === kind);
  const body = structuredClone(all[person - 1]!.body) as Body;
  body.updatedAt = new Date(Date.now() + minute * 60_000).toISOString();
  if (kind === 'contact') return body;
  const { otherIds: _otherIds, ...client } = body.client;
  const more = { nhsNumber: number, nhsNumberTrace: 'UNTRACED', lastName: 'Example' };
  return { ...body, client: { ...client, ...more, birthDate: '1961-04-09' } };
}

/** Has PDS asked about everybody again, and waits until nothing is due. */
async function askAgain(
  { adapter: { store }, post }: Whole,
  ids: readonly string[],
  minute: number,
): Promise<void> {
  for (const id of ids) {
    await store.answers.keep('pds', id, { answer: '', untilMs: 0 }, Date.now());
    await store.resend('pds', [{ key: `Patient/${id}`, how: 'over' }], 'test', Date.now());
  }
  const again = posted(2, NEW, 'referral', minute);
  again.client.firstName = `Robin${minute}`; // something of a Patient: all that is due goes
  expect(await post('referral', again)).toBe(202);
}

async function untilQuiet({ adapter: { store } }: Whole): Promise<void> {
  await until(async () =>
    (await store.counts()).targets.every((one) => one.target === 'pds' || one.waiting + one.claimed === 0),
  );
}

test('a superseded number goes through store, links and target, and its join is taken back by a command for good', async () => {
  const folder = temporaryFolder();
  const pds = closing(await startPds(), (opened) => opened.close());
  const file = join(folder, 'ehr.sqlite');
  const ehr = closing(await startSandbox({ port: 0, file }), (opened) => opened.close());
  for (const number of [OLD, NEW]) pds.put(pdsRecord(number));
  const targets = [{ name: 'ehr', url: ehr.url }];
  const settings = { targets, nhs: { pds: { baseUrl: pds.url, trace: false } } };
  const whole = await openWhole(settings, { folder });
  const { store } = whole.adapter;
  const atPds = async (): Promise<readonly string[]> =>
    (await store.search({ type: 'Patient', clauses: [], count: 9 })).versions
      .flatMap(({ resource }) => numbersOf(resource as Patient))
      .filter((one) => one.endsWith(' 01'));
  for (const [person, number] of [OLD, NEW].entries())
    for (const kind of ['referral', 'contact'] as const)
      expect(await whole.post(kind, posted(person + 1, number, kind))).toBe(202);
  await until(async () => (await atPds()).length === 2);
  await untilQuiet(whole);
  const { versions } = await store.search({ type: 'Patient', clauses: [], count: 9 });
  const withNumber = (number: string): string =>
    versions.find(({ resource }) => numbersOf(resource as Patient)[0]?.startsWith(number))!.id;
  const [a, b] = [withNumber(OLD), withNumber(NEW)];
  const there = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${ehr.url}/${path}`)).json()) as T;
  const atEhr = async (id: string): Promise<string[]> => numbersOf(await there<Patient>(`Patient/${id}`));
  expect([await atEhr(a), await atEhr(b)]).toEqual([[`${OLD} 01`], [`${NEW} 01`]]);

  pds.supersede(OLD, NEW);
  await askAgain(whole, [a], 1);
  await until(async () => (await store.personOf(a)) === (await store.personOf(b)));
  await untilQuiet(whole);
  expect(await atEhr(a)).toEqual([`${NEW} 01`, `${OLD} old`]);
  const person = await store.personOf(a);
  expect(await store.readPerson(person, 'Encounter')).toHaveLength(2);
  expect((await store.links('ehr', [`Patient/${a}`])).map(({ id }) => id)).toEqual([a]);
  // each record is there still, under the Patient that its source knows
  const encounters = async (id: string): Promise<string[]> =>
    ((await there<Bundle<Encounter>>(`Encounter?patient=${id}`)).entry ?? []).map(
      ({ resource }) => resource?.subject?.reference ?? '',
    );
  for (const id of [a, b]) expect(await encounters(id)).toEqual([`Patient/${id}`]);

  expect(await whole.job('unlink', { patient: `Patient/${b}` })).toEqual([
    { event: 'unlinked', patient: b, from: [a] },
  ]);
  expect(await whole.job('unlink', { patient: b })).toEqual([{ event: 'not-joined', patient: b }]);
  const persons = [await store.personOf(a), await store.personOf(b)];
  expect(new Set(persons).size).toBe(2);
  for (const [at, id] of [a, b].entries()) {
    const own = await store.readPerson(persons[at]!, 'Encounter');
    expect(own.map(({ resource }) => (resource as Encounter).subject?.reference)).toEqual([`Patient/${id}`]);
  }
  const steps = (await store.audit(200)).filter(({ action }) => action === 'link' || action === 'unlink');
  expect(steps.map(({ action, actor }) => `${action} ${actor}`)).toEqual(['link store', 'unlink operator']);
  // asked about and written again, they stay two, and what is new of either still arrives
  await askAgain(whole, [a, b], 2);
  expect(await whole.post('referral', { ...posted(1, OLD, 'referral', 9) })).toBe(202);
  await untilQuiet(whole);
  expect(await store.personOf(a)).not.toBe(await store.personOf(b));
  expect([await atEhr(a), await atEhr(b)]).toEqual([[`${NEW} 01`, `${OLD} old`], [`${NEW} 01`]]);
  expect(await store.verifyAudit()).toBeUndefined();

  await whole.stop();
  const said: string[] = [];
  const stdout = { write: (text: string) => said.push(text) };
  const config = configIn(folder, settings);
  const code = await unlink(a, {}, config, { stdout, stderr: stdout }, Date.now);
  expect([code, said]).toEqual([2, [`Patient/${a} is one person with nobody else.\n`]]);
}, 60_000);
