/** What a referral message holds, what is made for it where a record does not have it, and what is asked for where nothing can be made. */
import type { Consent, ServiceRequest } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { REFERRAL_ENTRIES } from '../../../src/nhs/bars/codes.ts';
import { contentDigest, type Part } from '../../../src/nhs/bars/entries.ts';
import { headersIn } from '../../../src/nhs/bars/message-headers.ts';
import { isFor } from '../../../src/nhs/bars/parts.ts';
import { referralContent, requestMessage } from '../../../src/nhs/bars/request-message.ts';
import {
  around,
  consent,
  healthcareService,
  idOf,
  person,
  request,
  SERVICE,
  START_MS,
  task,
  USE_CASE,
} from '../../target/bars/world.ts';

const SETTINGS = {
  ...{ service: SERVICE, useCase: USE_CASE, version: '1.1.0' },
  source: { name: 'Example', software: 'Hedgerow', version: '1', dosServiceId: '2000099999' },
};
const CONSENTS = [consent()] as readonly (Consent & { id: string })[];

function contentOf(
  main: ServiceRequest & { id: string } = request(),
  others: readonly Part[] = [...around(), person(), task('requested')] as Part[],
  consents = CONSENTS,
) {
  return referralContent(
    { request: main, parts: [main, ...others], journey: idOf('journey') },
    consents,
    SETTINGS,
  );
}

function messageOf(...given: Parameters<typeof contentOf>) {
  const content = contentOf(...given);
  if (!content.ok) throw new Error(JSON.stringify(content.outcome));
  return requestMessage(content.value, 'new', SETTINGS, { bundleId: idOf('bundle'), nowMs: START_MS });
}

const typesOf = (message: ReturnType<typeof messageOf>): string[] =>
  message.entry!.map(({ resource }) => resource!.resourceType);

test('every entry is there as often as BaRS demands, with its time and profile, under a UUID', () => {
  const message = messageOf();
  const types = typesOf(message);
  for (const [type, [least, most]] of Object.entries(REFERRAL_ENTRIES)) {
    const count = types.filter((one) => one === type).length;
    expect([type, count >= least && count <= most]).toEqual([type, true]);
  }
  expect(types.slice(0, 2)).toEqual(['MessageHeader', 'ServiceRequest']);
  for (const { fullUrl, resource } of message.entry!) {
    expect(fullUrl).toBe(`urn:uuid:${resource!.id}`);
    expect(resource!.meta?.lastUpdated).toMatch(/T.*(Z|[+-]\d\d:\d\d)$/);
    expect(resource!.meta?.profile).toHaveLength(1);
  }
  expect(message.meta?.versionId).toBe('1.1.0');
});

test('an order of ours is a plan of BaRS, of one category with two codings, authored at an instant', () => {
  const focus = messageOf().entry![1]!.resource as ServiceRequest;
  expect(focus).toMatchObject({ intent: 'plan', status: 'active', authoredOn: '2026-03-01T00:00:00+00:00' });
  expect(focus.category!.map(({ coding }) => coding!.map(({ code }) => code))).toEqual([
    ['referral', 'xTEST'],
  ]);
});

test('no reference leads out of the message, but for the journey', () => {
  const message = messageOf(
    request({ supportingInfo: [{ reference: 'Observation/none', display: 'A score' }] }),
  );
  const text = JSON.stringify(message.entry);
  const urls = new Set(message.entry!.map(({ fullUrl }) => fullUrl));
  const named = [...text.matchAll(/"reference":"([^"]+)"/g)].map(([, url]) => url!);
  expect(named.filter((url) => !urls.has(url))).toEqual([`EpisodeOfCare/${idOf('journey')}`]);
  expect(text).toContain('A score');
});

test('the headers of a message stand in it', () => {
  const ids = {
    software: { name: 'Hedgerow', version: '1' },
    requestId: idOf('a'),
    correlationId: idOf('b'),
  };
  expect(headersIn(messageOf(), ids)).toEqual({
    ...ids,
    target: { system: 'https://fhir.nhs.uk/Id/dos-service-id', value: SERVICE.dosServiceId },
    organisation: { odsCode: 'Y12345', name: 'Example Surgery' },
    version: '1.1.0',
    useContext: 'xTEST|referral|servicerequest-request|new',
  });
});

test('messages that say the same have one digest, whatever their ids and times', () => {
  const [one, other] = [messageOf(), messageOf()];
  other.entry![0]!.resource!.id = idOf('elsewhere');
  other.entry![2]!.resource!.meta!.lastUpdated = '2030-01-01T00:00:00Z';
  expect(contentDigest(other.entry!)).toBe(contentDigest(one.entry!));
  expect(contentDigest(messageOf(request({ priority: 'stat' })).entry!)).not.toBe(contentDigest(one.entry!));
});

const without = (type: string): Part[] =>
  ([...around(), person()] as Part[]).filter(({ resourceType }) => resourceType !== type);
const LACKS: readonly [what: string, given: Parameters<typeof contentOf>, rule: string][] = [
  ['consent', [request(), undefined, []], 'bars-consent'],
  ['a person', [request(), without('Patient')], 'bars-patient'],
  ['a practitioner', [request(), without('Practitioner')], 'bars-requester'],
  ['an organisation with an ODS code', [request(), without('Organization')], 'bars-sender-organisation'],
  ['a service with an id', [request({ performer: [] })], 'bars-performer'],
  ['a day', [request({ authoredOn: '2026' })], 'bars-authored'],
];
test.each(LACKS)('without %s nothing is made, and the issue names the field', (_what, given, rule) => {
  const content = contentOf(...given);
  expect(content.ok).toBe(false);
  if (content.ok) return;
  expect(content.outcome.issue.map(ruleOf)).toContain(rule);
  expect(content.outcome.issue.every(({ expression }) => expression?.length === 1)).toBe(true);
});

test('a referral is for a service by its id, else by its organisation', () => {
  const organization = (code: string): Part => ({
    resourceType: 'Organization',
    id: idOf(code),
    identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: code }],
  });
  expect(isFor([healthcareService()], SERVICE)).toBe('it');
  expect(isFor([healthcareService('2000000001')], SERVICE)).toBe('another');
  expect(isFor([organization(SERVICE.odsCode)], SERVICE)).toBe('it');
  expect(isFor([organization('Z99999')], SERVICE)).toBe('another');
  expect(isFor([], SERVICE)).toBe('unknown');
});
