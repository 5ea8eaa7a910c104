/** Whose word makes an NHS number a verified one, where a register is asked. */
import { expect, test } from 'vitest';
import { withClaimedNumbers } from '../../src/intake/claimed-numbers.ts';
import { hasVerifiedNhsNumber } from '../../src/referral/consent.ts';
import type { CommitRecord, Identified } from '../../src/store/store.ts';
import { contact, recordOf, withNhsNumber } from '../store/samples.ts';

const [A, B] = ['9990000018', '9990000026'] as const;

function isVerified(record: CommitRecord): boolean {
  const [one] = withClaimedNumbers({ record }).record!.resources;
  return one!.resource.resourceType === 'Patient' && hasVerifiedNhsNumber(one!.resource);
}

function changed(number: string, base: Identified | undefined): CommitRecord {
  const about = { target: 'ehr', remoteId: '1', remoteVersion: '2', heldDigest: undefined };
  return recordOf([withNhsNumber('a', number)], { source: 'ehr', received: { ...about, base } });
}

test('the word of a register does, and what somebody decided stays', () => {
  const said = [withNhsNumber('a', A)];
  expect(isVerified(recordOf(said))).toBe(false);
  expect(isVerified(recordOf(said, { source: 'pds' }))).toBe(true);
  const decision = { work: 'w', choice: 'ours', actor: 'somebody' } as unknown as CommitRecord['decision'];
  expect(isVerified(recordOf(said, { ...(decision ? { decision } : {}) }))).toBe(true);
});

test('a target that has the number it was given says nothing new, and another number is its own word', () => {
  expect(isVerified(changed(A, withNhsNumber('a', A)))).toBe(true);
  expect(isVerified(changed(B, withNhsNumber('a', A)))).toBe(false);
  expect(isVerified(changed(A, withNhsNumber('a', A, '02')))).toBe(false);
  expect(isVerified(changed(A, undefined))).toBe(false);
});

test('nothing else of a record changes', () => {
  const record = recordOf([withNhsNumber('a', A, '03'), contact('e', 'a')]);
  expect(withClaimedNumbers({ record }).record).toEqual(record);
});
