/** Names that elements of R4 have in STU3, in R5 and in everyday words, for the suggestion that a fault makes. */

/** By what is written: the elements that may be meant, of which a type has at most one or the first fits best. */
const MEANT: ReadonlyMap<string, readonly string[]> = new Map([
  // STU3
  ['assertedDate', ['recordedDate']],
  ['careProvider', ['generalPractitioner']],
  ['comment', ['note']],
  ['consentingParty', ['performer']],
  ['context', ['encounter']],
  ['except', ['provision']],
  ['incomingReferral', ['basedOn']],
  ['indexed', ['date']],
  ['parent', ['partOf']],
  ['related', ['hasMember', 'derivedFrom']],
  // R5
  ['actualPeriod', ['period']],
  ['admission', ['hospitalization']],
  ['availability', ['availableTime']],
  ['concept', ['codeableConcept']],
  ['grantee', ['performer']],
  ['reason', ['reasonCode', 'reasonReference']],
  ['regulatoryBasis', ['policyRule']],
  // everyday words
  ['dateOfBirth', ['birthDate']],
  ['dob', ['birthDate']],
  ['email', ['telecom']],
  ['firstName', ['given']],
  ['forename', ['given']],
  ['forenames', ['given']],
  ['gp', ['generalPractitioner']],
  ['lastName', ['family']],
  ['nhsNumber', ['identifier']],
  ['patient', ['subject']],
  ['phone', ['telecom']],
  ['postCode', ['postalCode']],
  ['sex', ['gender']],
  ['subject', ['patient']],
  ['surname', ['family']],
  ['telephone', ['telecom']],
  ['town', ['city']],
  ['zip', ['postalCode']],
]);

const SMALL = new Map([...MEANT].map(([name, meant]) => [name.toLowerCase(), meant]));

/** @param names the elements that the object may have @returns the one that another standard or common speech calls so */
export function meantBy(name: string, names: readonly string[]): string | undefined {
  return SMALL.get(name.toLowerCase())?.find((one) => names.includes(one));
}
