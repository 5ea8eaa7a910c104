/** Names a person by the Patient that a target holds, where their withdrawal names another Patient of theirs, which it never got. */
import { isWithdrawal } from '../referral/consent.ts';
import type { Identified, ResourceKey } from '../store/store.ts';

/** @param held Patients of the person that the target holds @returns the resource itself where it says of whom the target knows */
export function namedAsHeld(resource: Identified, held: readonly ResourceKey[]): Identified {
  if (resource.resourceType !== 'Consent' || !isWithdrawal(resource)) return resource;
  const [reference] = held;
  if (reference === undefined || held.some((key) => key === resource.patient?.reference)) return resource;
  return { ...resource, patient: { reference } };
}
