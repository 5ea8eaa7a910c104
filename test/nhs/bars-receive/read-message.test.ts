/** What a message becomes here: labels, numbers and references that must not be lost, made up, or left leading nowhere. */
import { expect, test } from 'vitest';
import { STORED_TYPES } from '../../../src/fhir/definitions.ts';
import { type ReadMessage, readMessage } from '../../../src/nhs/bars/read-message.ts';
import { checkMessage } from '../../../src/nhs/bars/receive-checks.ts';
import { type Json, messageOf, newReferral, SERVICE } from '../../servers/bars-sender.ts';

const HERE = { system: 'https://fhir.nhs.uk/Id/dos-service-id', value: SERVICE };
const RULES = { services: [HERE], versions: ['1'], strictNhsNumbers: false };

type Message = Json & { meta: Json; entry: { fullUrl: string; resource: Json }[] };

function read(message: Message): ReadMessage {
  const checked = checkMessage(message, HERE, RULES);
  if (!checked.ok) throw new Error(checked.fault.diagnostics);
  const types = new Set<string>(STORED_TYPES);
  return readMessage(checked.value, { source: 'bars-in', caller: 'A83001', types, impliesConsent: true });
}

const patientIn = ({ others }: ReadMessage) => others.find(({ resourceType }) => resourceType === 'Patient')!;

test('keeps the labels of a restricted person, though only the Bundle has them', () => {
  const message = messageOf(newReferral(), 'new') as Message;
  const label = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' };
  message.meta.security = [label];
  expect(patientIn(read(message)).meta).toEqual({ security: [label] });
});

test('implies no consent where the message says that the person refused', () => {
  const message = messageOf(newReferral(), 'new') as Message;
  const permits = (): unknown[] =>
    read(message).others.filter(({ provision }) => (provision as Json | undefined)?.type === 'permit');
  expect(permits()).toHaveLength(1);
  const consent = message.entry.find(({ resource }) => resource.resourceType === 'Consent')!;
  const refused = { ...consent.resource, id: undefined, status: 'rejected' };
  message.entry.push({ fullUrl: 'urn:uuid:0b1d6ed6-2c38-4e46-8f3c-5f2f0d1e7a13', resource: refused });
  expect(permits()).toEqual([]);
});

test('keeps a number that fails its check digit as no NHS number, and not as a verified one', () => {
  const text = JSON.stringify(
    patientIn(read(messageOf(newReferral('4857773456'), 'new') as Message)).identifier,
  );
  expect(text).toContain('4857773456');
  expect(text).not.toMatch(/nhs-number|VerificationStatus/);
});

test('names what is not kept by no address, and works the referral by no Task but its own', () => {
  const message = messageOf(newReferral(), 'new') as Message;
  const request = message.entry[1]!;
  const at = 'urn:uuid:0b1d6ed6-2c38-4e46-8f3c-5f2f0d1e7a11';
  const task = 'urn:uuid:0b1d6ed6-2c38-4e46-8f3c-5f2f0d1e7a12';
  const meta = { lastUpdated: '2026-06-30T09:00:00Z', profile: ['x'] };
  request.resource.supportingInfo = [{ reference: at }];
  message.entry.push(
    { fullUrl: at, resource: { resourceType: 'Communication', meta, status: 'completed' } },
    {
      fullUrl: task,
      resource: {
        resourceType: 'Task',
        meta,
        status: 'requested',
        intent: 'order',
        focus: { reference: request.fullUrl },
      },
    },
  );
  const made = read(message);
  expect(made.leftOut).toEqual(['Communication']);
  expect(JSON.stringify(made)).not.toContain('urn:uuid:0b1d6ed6');
  expect(made.others.some(({ resourceType }) => resourceType === 'Task')).toBe(false);
});
