/** What the client of BaRS asks, held against the published description of the API, and the simulator against the published messages. */
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Bundle } from '@medplum/fhirtypes';
import { afterAll, expect, test } from 'vitest';
import { createBarsClient } from '../../../src/nhs/bars/client.ts';
import { takingOf } from '../../../src/nhs/bars/message-definition.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
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
} from './world.ts';

const FOLDER = '../shared/conformance/openapi/bars';
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The description names files of schemas that were not published beside it: in their place stands one that allows any body. */
function described(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bars-description-'));
  folders.push(folder);
  const text = readFileSync(join(FOLDER, 'booking-and-referral-1.2.0.yaml'), 'utf8');
  for (const name of ['examples1.1.0', 'examples1.2.0'])
    symlinkSync(resolve(FOLDER, name), join(folder, name));
  for (const [name] of text.matchAll(/schemas1\.2\.0\/\w+\.yaml/g)) {
    mkdirSync(join(folder, 'schemas1.2.0'), { recursive: true });
    writeFileSync(join(folder, name), '{}\n');
  }
  writeFileSync(join(folder, 'description.yaml'), text);
  return join(folder, 'description.yaml');
}

if (existsSync(FOLDER)) {
  test('every request of a referral’s life is one that the description allows', async () => {
    let prism: Prism | undefined;
    const world = await openWorld(async (receiver) => {
      prism = await startPrism({
        spec: described(),
        upstream: receiver.url,
      });
      return prism.url;
    });
    const { exchange, close } = createExchange();
    try {
      await world.put('about', ...around(), person(), consent());
      await world.put('1', request(), task('requested'));
      await world.drain();
      await world.put('1', request({ priority: 'urgent' }), task('requested'));
      await world.drain();
      await world.put('1', request({ status: 'revoked' }), task('cancelled'));
      await world.drain();
      const client = createBarsClient({
        baseUrl: prism!.url,
        deadlineMs: 5_000,
        exchange,
        clock: () => START_MS,
      });
      const headers = {
        target: { system: 'https://fhir.nhs.uk/Id/dos-service-id', value: SERVICE.dosServiceId },
        organisation: { odsCode: 'Y12345', name: 'Example Surgery' },
        ...{ software: { name: 'Hedgerow', version: '1' }, version: '1.1.0' },
        ...{ requestId: idOf('asked'), correlationId: idOf('conversation') },
      };
      const { signal } = new AbortController();
      expect(await client.metadata(headers, signal)).toMatchObject({ meaning: { taken: true } });
      expect(world.receiver.refusals).toEqual([]);
      expect(world.receiver.taken.map(({ status }) => status)).toEqual(['active', 'active', 'revoked']);
      expect(prism!.requests()).toBeGreaterThanOrEqual(6);
      expect(ours(prism!)).toEqual([]);
    } finally {
      close();
      await prism?.close();
      await world.close();
    }
  }, 60_000);

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

/** The description says text of a parameter that the standard sends twice, for the service and for the use case. */
function ours(prism: Prism): readonly unknown[] {
  return prism
    .violations()
    .filter(({ location }) => location[0] === 'request' && location.join() !== 'request,query,context');
}
