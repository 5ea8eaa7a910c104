/** What the client of BaRS asks, held against the published description of the API, and the simulator against the published messages. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Bundle } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { createBarsClient } from '../../../src/nhs/bars/client.ts';
import { takingOf } from '../../../src/nhs/bars/message-definition.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
import { parts } from '../../pipeline/shipped.ts';
import { barsDescription, BARS_FOLDER as FOLDER } from '../../servers/bars-description.ts';
import { messageFault } from '../../servers/bars-rules.ts';
import { type Prism, startPrism } from '../../servers/prism.ts';
import {
  around,
  consent,
  idOf,
  openWorld,
  person,
  request,
  SERVICE,
  START_MS,
  task,
  USE_CASE,
  type World,
} from './world.ts';

/** What is wrong as FHIR with what a message holds. */
function faultsOf({ entry }: Bundle): readonly unknown[] {
  return (entry ?? []).flatMap(({ resource }) =>
    parts.validator
      .validate(resource!)
      .filter(({ severity }) => severity === 'error' || severity === 'fatal')
      .map(({ diagnostics }) => [resource!.resourceType, diagnostics]),
  );
}

/** What is sent in the life of a referral, and asked beside it. */
const SENT: readonly string[] = [
  'GET /MessageDefinition',
  'GET /ServiceRequest',
  'GET /ServiceRequest/{id}',
  'GET /metadata',
  'POST /$process-message new active',
  'POST /$process-message update active',
  'POST /$process-message update entered-in-error',
  'POST /$process-message update revoked',
];

const lineOf = ({ line, body }: World['receiver']['requests'][number]): string => {
  const path = line.replace(/\?.*$/s, '').replace(/[0-9a-f-]{36}$/, '{id}');
  if (body === '') return path;
  const [{ resource: header }, { resource: focus }] = JSON.parse(body).entry;
  return `${path} ${header.reason.coding[0].code} ${focus.status}`;
};

if (existsSync(FOLDER)) {
  test('every request of a referral’s life is one that the description allows', async () => {
    const { path, remove } = barsDescription();
    let prism: Prism | undefined;
    const world = await openWorld(async (receiver) => {
      prism = await startPrism({ spec: path, upstream: receiver.url });
      return prism.url;
    });
    const { exchange, close } = createExchange();
    try {
      await live(world);
      const deadlineMs = 5_000;
      const client = createBarsClient({ baseUrl: prism!.url, deadlineMs, exchange, clock: () => START_MS });
      const headers = {
        target: { system: 'https://fhir.nhs.uk/Id/dos-service-id', value: SERVICE.dosServiceId },
        organisation: { odsCode: 'Y12345', name: 'Example Surgery' },
        practitioner: { sdsRoleProfileId: '100334993514' },
        ...{ software: { name: 'Hedgerow', version: '1' }, version: '1.1.0' },
        ...{ requestId: idOf('asked'), correlationId: idOf('conversation') },
      };
      const { signal } = new AbortController();
      expect(await client.metadata(headers, signal)).toMatchObject({ meaning: { taken: true } });
      const search = { 'patient:identifier': 'https://fhir.nhs.uk/Id/nhs-number|9990000018' };
      await client.serviceRequests(search, headers, signal);
      expect(world.receiver.refusals).toEqual([]);
      expect([...new Set(world.receiver.requests.map(lineOf))].toSorted()).toEqual(SENT);
      const bodies = world.receiver.requests.flatMap(({ body }) => (body === '' ? [] : [JSON.parse(body)]));
      expect(bodies.flatMap(faultsOf)).toEqual([]);
      expect(prism!.requests()).toBe(world.receiver.requests.length);
      expect(ours(prism!)).toEqual([]);
    } finally {
      close();
      await prism?.close();
      await world.close();
      remove();
    }
  }, 60_000);

  async function live(world: World): Promise<void> {
    const wrong = { ...request(), id: idOf('in error') };
    await world.put('about', ...around(), person(), consent());
    await world.put('1', request(), task('requested'));
    await world.drain();
    await world.put('1', request({ priority: 'urgent' }), task('requested'));
    await world.drain();
    await world.put('1', request({ status: 'revoked' }), task('cancelled'));
    await world.drain();
    await world.put('2', wrong, task('requested', wrong.id));
    await world.drain();
    const marked = { ...wrong, status: 'entered-in-error' as const };
    await world.put('2', marked, task('entered-in-error', wrong.id));
    await world.drain();
  }

  /** The published request messages are of other kinds than referrals: a service of referrals refuses each, and why. */
  const REFUSED: Readonly<Record<string, string>> = {
    'POST-body.json': 'not our version',
    'Booking (POST).json': 'not our version',
    'ValidationRequest (POST) .json': 'not our version',
    'ValidationResponse (POST) .json': 'not our version',
  };
  test.each(globSync(join(FOLDER, 'examples*/process_message/{POST-body.json,request/*.json}')).toSorted())(
    'the simulator refuses %s, and says why',
    (file) => {
      const bundle = JSON.parse(readFileSync(file, 'utf8')) as Bundle;
      expect(REFUSED).toHaveProperty([basename(file)]);
      const rules = { service: SERVICE.dosServiceId, versions: ['1.1.0'], useCase: USE_CASE.code };
      expect(messageFault(bundle, rules, () => undefined)).toMatchObject({
        code: 'REC_UNPROCESSABLE_ENTITY',
      });
      const lenient = { ...rules, versions: [bundle.meta!.versionId!] };
      // by what remains: they name a service by another system, or http
      expect(messageFault(bundle, lenient, () => undefined)).toMatchObject({
        text: 'MessageHeader.destination',
      });
    },
  );

  test.each(globSync(join(FOLDER, 'examples*/message_definition/*.json')).toSorted())(
    '%s is read, a list for a coding and all',
    (file) => {
      const body: unknown = JSON.parse(readFileSync(file, 'utf8'));
      expect(takingOf(body, 'servicerequest-request', 'referraltopharmacy')).toEqual({ takes: true });
      expect(takingOf(body, 'servicerequest-request', USE_CASE.code).takes).toBe(false);
      expect(takingOf(body, 'booking-request', 'referraltopharmacy').takes).toBe(false);
    },
  );
} else
  test('the published description is not here, and is passed over', () => {
    console.log(`${FOLDER} is not there: requests of BaRS were not held against the API description`);
  });

/**
 * The description allows one `context`, of text. The standard has two, one for the service and one for the use case, and
 * the description's own example writes both: they are sent as two.
 */
function ours(prism: Prism): readonly unknown[] {
  return prism
    .violations()
    .filter(({ location }) => location[0] === 'request' && location.join() !== 'request,query,context');
}
