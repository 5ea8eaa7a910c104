/** What may be configured of documents: off by default, nothing guessed of a use case, and nothing that has no meaning. */
import { expect, test } from 'vitest';
import { codedActivitySchema } from '../../../src/config/coded-activity.ts';
import { gpConnectSchema } from '../../../src/config/gp-connect.ts';
import { targetSchema } from '../../../src/config-targets.ts';

const WAYS = [{ kind: 'folder' }];

test('a target of kind document needs its ways and no address', () => {
  const target = targetSchema.parse({ kind: 'document', name: 'gp', document: { ways: WAYS } });
  expect(target).toMatchObject({
    purpose: 'share-with-gp',
    requiresVerifiedNhsNumber: true,
    allowRestricted: false,
  });
  expect(target.document).toMatchObject({
    recipient: 'gp',
    messages: ['closed', 'action'],
    silentAfterHours: 72,
  });
});

test.each([
  [{ kind: 'document', name: 'gp' }, 'document'],
  [{ kind: 'document', name: 'gp', document: { ways: [] } }, 'document.ways'],
  [{ kind: 'document', name: 'gp', document: { ways: WAYS }, url: 'https://gp.example' }, 'url'],
  [{ kind: 'document', name: 'gp', document: { ways: WAYS }, send: { types: ['Task'] } }, 'send'],
  [{ kind: 'fhir', name: 'ehr', url: 'https://ehr.example', document: { ways: WAYS } }, 'document'],
  [{ kind: 'fhir', name: 'ehr' }, 'url'],
])('%j is refused at %s', (target, path) => {
  const read = targetSchema.safeParse(target);
  expect(read.success ? [] : read.error.issues.map((issue) => issue.path.join('.'))).toContain(path);
});

test.each([
  ['http://gp.example/fhir', false],
  ['https://gp.example/fhir', true],
  ['http://127.0.0.1:8080/fhir', true],
])('documents and lists of people go to %s: %s', (url, isTaken) => {
  const document = { ways: [{ kind: 'fhir', url }] };
  expect(targetSchema.safeParse({ kind: 'document', name: 'gp', document }).success).toBe(isTaken);
  expect(codedActivitySchema.safeParse({ out: [{ to: 'server', url }] }).success).toBe(isTaken);
});

test('there is no default for the use case that NHS England allows', () => {
  expect(gpConnectSchema.safeParse({ names: {} }).success).toBe(false);
  expect(gpConnectSchema.parse({ names: { localExtension: 'X' } })).toMatchObject({
    workflow: 'GPCONNECT_SEND_DOCUMENT',
    format: 'xml',
    businessAcknowledgement: true,
  });
});
