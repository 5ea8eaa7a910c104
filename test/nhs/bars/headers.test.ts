/** The headers of BaRS: written so that they read back, and read with the first fault named, never what they hold. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BarsHeaders, readHeaders, versionOf, writeHeaders } from '../../../src/nhs/bars/headers.ts';
import { asInstant, instantMs } from '../../../src/nhs/bars/times.ts';

const SAID: BarsHeaders = {
  target: { system: 'https://fhir.nhs.uk/Id/dos-service-id', value: '2000011147' },
  organisation: { odsCode: 'Y12345', name: 'Example Surgery' },
  software: { name: 'Hedgerow', version: '1' },
  requestId: 'c0ffee00-0000-4000-8000-000000000001',
  correlationId: 'c0ffee00-0000-4000-8000-000000000002',
  version: '1.1.0',
  useContext: 'xTEST|referral|servicerequest-request|new',
};

test('what is written reads back, whatever the names hold', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.uuid(), (name, requestId) => {
      const said = { ...SAID, organisation: { odsCode: 'Y12345', name }, requestId };
      const written = writeHeaders(said, true);
      expect(Object.values(written).every((value) => /^[\x20-\x7e]*$/.test(value))).toBe(true);
      expect(readHeaders(written)).toEqual({ ok: true, value: said });
    }),
  );
});

test('Accept and Content-Type name the version; a question has no Content-Type', () => {
  const { accept, 'content-type': type } = writeHeaders(SAID, true);
  expect([accept, type]).toEqual(Array(2).fill('application/fhir+json; version=1.1.0'));
  expect(writeHeaders(SAID, false)['content-type']).toBeUndefined();
  expect(versionOf('application/fhir+json;version="1.2.0"')).toBe('1.2.0');
  expect(versionOf('application/json')).toBeUndefined();
});

test.each([
  ['x-request-id', undefined, 'required'],
  ['x-request-id', 'no-uuid', 'invalid'],
  ['x-correlation-id', undefined, 'required'],
  ['x-correlation-id', '12345', 'invalid'],
  ['nhsd-target-identifier', undefined, 'required'],
  ['nhsd-target-identifier', '{"value":"1"}', 'invalid'],
  ['nhsd-target-identifier', 'eyJ2YWx1ZSI6IjEi\nfQ==', 'invalid'],
  ['nhsd-target-identifier', Buffer.from('no json').toString('base64'), 'structure'],
  ['nhsd-end-user-organisation', Buffer.from('{"resourceType":"Device"}').toString('base64'), 'structure'],
  ['nhsd-requesting-software', Buffer.from('[]').toString('base64'), 'structure'],
  ['nhsd-requesting-practitioner', Buffer.from('{}').toString('base64'), 'structure'],
] as const)('%s of %j is refused as %s, and not repeated', (name, value, issue) => {
  const headers = { ...writeHeaders(SAID, true), [name]: value } as Record<string, string | undefined>;
  const read = readHeaders(headers);
  expect(read).toMatchObject({ ok: false, fault: { code: 'REC_BAD_REQUEST', issue } });
  if (!read.ok) expect(read.fault.diagnostics).toContain(name);
  if (!read.ok && value !== undefined) expect(read.fault.diagnostics).not.toContain(value);
});

test('instants of seven digits are read, and a day becomes its beginning in London', () => {
  expect(instantMs('2026-03-01T09:00:00.1234567+00:00')).toBe(Date.parse('2026-03-01T09:00:00.123Z'));
  expect(instantMs('2026-07-01T10:00:00+01:00')).toBe(Date.parse('2026-07-01T09:00:00Z'));
  expect(instantMs('2026-03-01')).toBeUndefined();
  expect(asInstant('2026-07-01')).toBe('2026-07-01T00:00:00+01:00');
  expect(asInstant('2026-03-01T09:00:00Z')).toBe('2026-03-01T09:00:00Z');
  expect(asInstant('2026-03')).toBeUndefined();
});
