/** A look that was on its way while our own delivery arrived shows the copy from before it: ours is not undone by it. */
import type { Patient } from '@medplum/fhirtypes';
import { afterEach, expect, test } from 'vitest';
import { consent, person } from '../../end-to-end/ehr-referral.ts';
import { type Answer, type Scripted, type Seen, startScripted } from '../../servers/scripted.ts';
import { quiet, RECEIVE, say, startAdapter, startEhr, until } from './adapters.ts';

let closing: Scripted | undefined;
afterEach(() => closing?.close());

test('a copy that was read before our delivery came there, and looked at after it, takes nothing back', async () => {
  const ehr = await startEhr();
  let page: unknown;
  let looks = 0;
  const front = await startScripted(async ({ method, path, body }: Seen): Promise<Answer> => {
    const isLook = path.includes('Patient?');
    if (isLook) looks += 1;
    if (isLook && page !== undefined) return { status: 200, body: page };
    const passed = await fetch(new URL(path, ehr.url), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/fhir+json' },
    });
    const text = await passed.text();
    return { status: passed.status, body: text === '' ? undefined : JSON.parse(text) };
  });
  closing = front;
  const base = new URL(new URL(ehr.url).pathname, front.url).href;
  const adapter = await startAdapter({ url: base }, { ...RECEIVE, types: ['Patient'] });
  await say(adapter, 'P1', person('p1'), consent('p1'));
  const key = 'Patient/p1';
  await until(() => ehr.read(key));
  await quiet(ehr, adapter);
  const before = await (await fetch(`${ehr.url}/Patient?_count=9`)).json();
  await say(adapter, 'P1', { ...person('p1'), birthDate: '1950-02-02' }, consent('p1'));
  await until(async () => ((await ehr.read(key)) as Patient).birthDate === '1950-02-02');
  await quiet(ehr, adapter);
  page = before;
  const seen = looks;
  await until(async () => looks > seen + 2);
  const here = await adapter.store.read('Patient', 'p1');
  expect([(here!.resource as Patient).birthDate, here!.version]).toEqual(['1950-02-02', 2]);
  expect((await quiet(ehr, adapter))[key]).toBe('2');
}, 60_000);
