/** Turns what a source says of an NHS number into what counts of it where a register is asked: that it is verified is for the register to say. */
import type { NhsNumber } from '../fhir/identifiers.ts';
import { asUnverified, verifiedNhsNumber } from '../fhir/verified-number.ts';
import { isRegister } from '../store/registers.ts';
import type { CommitRecord, Identified } from '../store/store.ts';
import type { Prepared } from './parts.ts';

/**
 * A target that still has the number which it was given says nothing new: that is compared with what it holds. What somebody
 * decided stays as it is.
 * @returns the record, its numbers yet to be verified
 */
export function withClaimedNumbers(prepared: Prepared): Prepared {
  const { record } = prepared;
  if (!record || isRegister(record.source) || record.decision) return prepared;
  const given = record.received?.base;
  const known = given?.resourceType === 'Patient' ? verifiedNhsNumber(given) : undefined;
  return { record: { ...record, resources: record.resources.map((one) => claimed(one, known)) } };
}

function claimed(
  one: CommitRecord['resources'][number],
  known: NhsNumber | undefined,
): CommitRecord['resources'][number] {
  const { resource } = one;
  if (resource.resourceType !== 'Patient') return one;
  const isKnown = known !== undefined && verifiedNhsNumber(resource) === known;
  return isKnown ? one : { ...one, resource: asUnverified(resource) as Identified };
}
