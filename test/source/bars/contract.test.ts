/** What a receiver of BaRS answers, and the messages in which it tells how referrals stand, held against the published description of the API and against FHIR. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Bundle, Resource, Task } from '@medplum/fhirtypes';
import { afterEach, expect, test } from 'vitest';
import { idOfSent, taskIdOf } from '../../../src/nhs/bars/read-message.ts';
import type { Identified } from '../../../src/store/store.ts';
import { parts } from '../../pipeline/shipped.ts';
import { BARS_FOLDER, barsDescription } from '../../servers/bars-description.ts';
import { headersFor, type Json, messageOf, newReferral } from '../../servers/bars-sender.ts';
import { type Prism, startPrism } from '../../servers/prism.ts';
import { recordOf } from '../../store/samples.ts';
import { NAME, open, type Place, until } from './place.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function checking(upstream: string): Promise<Prism> {
  const { path, remove } = barsDescription();
  undo.push(remove);
  const prism = await startPrism({ spec: path, upstream });
  undo.push(() => prism.close());
  return prism;
}

/** What is wrong with a resource as FHIR, or with each entry of a Bundle. */
function faultsOf(body: unknown): readonly unknown[] {
  const { resourceType, entry } = body as Bundle;
  const all = resourceType === 'Bundle' ? (entry ?? []).map(({ resource }) => resource!) : [body as Resource];
  return all.flatMap((one) =>
    parts.validator
      .validate(one)
      .filter(({ severity }) => severity === 'error' || severity === 'fatal')
      .map(({ diagnostics, expression }) => [one.resourceType, expression, diagnostics]),
  );
}

const DOS = 'https://fhir.nhs.uk/Id/dos-service-id|2000011147';
const USE_CASE = 'https://fhir.nhs.uk/CodeSystem/usecases-categories-bars|a0t0';
const NUMBER = 'https://fhir.nhs.uk/Id/nhs-number|9990000018';

/** The version of its answers is 1.0.0 throughout: they are given in the one that was asked for. */
const ASKS = { accept: 'application/fhir+json; version=1.0.0' };

if (existsSync(BARS_FOLDER)) {
  test('every answer is one that the description allows, and valid FHIR', async () => {
    const place = await open();
    const prism = await checking(place.url);
    const referral = newReferral();
    const conversation = { ...ASKS, 'x-correlation-id': referral.correlation };
    for (const act of ['new', 'update', 'cancel'] as const) {
      const body = JSON.stringify(messageOf(referral, act));
      const headers = headersFor(conversation);
      const answer = await fetch(`${prism.url}/$process-message`, { method: 'POST', headers, body });
      expect([act, answer.status]).toEqual([act, 200]);
      expect(answer.headers.get('x-request-id')).toBe(headers['x-request-id']);
      expect(faultsOf(await answer.json())).toEqual([]);
    }
    const asked: readonly (readonly [path: string, query: Record<string, string>, found: number])[] = [
      ['/metadata', {}, 0],
      ['/MessageDefinition', { context: DOS }, 3],
      ['/MessageDefinition', { context: `${DOS}&context=${USE_CASE}` }, 3],
      [`/ServiceRequest/${referral.id}`, {}, 0],
      ['/ServiceRequest', { 'patient:identifier': NUMBER }, 1],
      ['/ServiceRequest', { 'patient:identifier': '9990000018' }, 1],
      ['/ServiceRequest', { 'ServiceRequest.identifier': 'https://example.org|none' }, 0],
    ];
    for (const [path, query, found] of asked) {
      const url = `${prism.url}${path}?${new URLSearchParams(query)}`;
      const answer = await fetch(url, { headers: headersFor({ ...ASKS, 'content-type': undefined }) });
      const body = (await answer.json()) as Json;
      expect([path, query, answer.status, (body.entry as [] | undefined)?.length ?? 0]).toEqual([
        path,
        query,
        200,
        found,
      ]);
      expect(faultsOf(body)).toEqual([]);
    }
    expect(prism.violations()).toEqual([]);
  });

  test('an answer in the live version is the same but for its media type, of which the description knows another', async () => {
    const place = await open();
    const prism = await checking(place.url);
    const query = new URLSearchParams({ context: DOS });
    const answer = await fetch(`${prism.url}/MessageDefinition?${query}`, { headers: headersFor() });
    expect(answer.headers.get('content-type')).toBe('application/fhir+json; version=1.1.0; charset=utf-8');
    expect(prism.violations().map(({ message }) => message)).toEqual([
      expect.stringMatching(/media type "application\/fhir\+json; version=1\.1\.0; .*version=1\.0\.0/),
    ]);
  });

  test('what becomes of a referral is told in requests that the description allows, and valid FHIR', async () => {
    let prism: Prism | undefined;
    const place = await open({
      between: async (url) => {
        prism = await checking(url);
        return prism.url;
      },
    });
    const referral = newReferral();
    const message = messageOf(referral, 'new');
    referral.bundle = message.id as string;
    place.sender.sent.set(referral.id, referral);
    const headers = headersFor({ 'x-correlation-id': referral.correlation });
    const body = JSON.stringify(message);
    expect((await fetch(`${place.url}/$process-message`, { method: 'POST', headers, body })).status).toBe(
      200,
    );
    const id = idOfSent(NAME, 'A83001', 'ServiceRequest', referral.id);
    await meeting(place, id);
    const told = () => place.sender.told.get(referral.id) ?? [];
    for (const [at, state] of (['received', 'accepted', 'in-progress', 'completed'] as const).entries()) {
      await place.say(id, state, state === 'completed' ? 'completed' : 'active');
      await until(() => told().length === at + 1);
    }
    expect(told().map(({ task }) => task)).toEqual(['received', 'accepted', 'in-progress', 'completed']);
    const all = told().map((one) => one.body as unknown as Bundle);
    expect(all.flatMap(faultsOf)).toEqual([]);
    expect(all[0]!.entry!.some(({ resource }) => resource?.resourceType === 'Encounter')).toBe(true);
    expect(prism!.requests()).toBe(4);
    expect(prism!.violations().filter(({ location }) => location[0] === 'request')).toEqual([]);
    expect(place.sender.faults).toEqual([]);
  });

  /** A contact, which goes along with the answers. */
  async function meeting({ store, pipeline }: Place, referral: string): Promise<void> {
    const task = (await store.read('Task', taskIdOf(NAME, referral)))!.resource as Task;
    const encounter = {
      ...{ resourceType: 'Encounter', id: randomUUID(), status: 'finished' },
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'VR' },
      subject: { reference: task.for!.reference! },
      basedOn: [{ reference: `ServiceRequest/${referral}` }],
    } as unknown as Identified;
    const record = recordOf([encounter], { key: 'meeting', source: 'platform', sourceTimeMs: Date.now() });
    const receipt = { id: record.receiptId, source: 'platform', kind: 'any', receivedMs: Date.now() };
    const [result] = await pipeline.take([record], { ...receipt, file: undefined });
    expect(result!.state).toBe('committed');
  }
} else
  test('the published description is not here, and is passed over', () => {
    console.log(`${BARS_FOLDER} is not there: answers of BaRS were not held against the API description`);
  });
