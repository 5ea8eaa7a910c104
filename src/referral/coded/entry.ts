/** What a coded entry is: a fact that is filed in a person's GP record once, and taken out of it at most once. */
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import type { CodedEvent } from './event.ts';

/** Why an entry cannot be listed now. `again`: it was taken back, listed as such, and then held good once more. */
export type Blocked =
  | 'not-verified'
  | 'restricted'
  | 'no-consent'
  | 'no-practice'
  | 'not-served'
  | 'no-author'
  | 'no-date'
  | 'again';

/** Who answers for what is filed. */
export interface CodedAuthor {
  readonly name: string;
  readonly role?: string | undefined;
  /** ODS code of the organisation */
  readonly ods?: string | undefined;
  readonly organisation?: string | undefined;
}

/** Whose record it goes into, as they are known when it is listed. */
export interface CodedPerson {
  readonly nhsNumber: string;
  readonly family: string;
  readonly given: string;
  readonly birthDate: string;
}

/** All that a list says of an entry; kept as it was listed. */
export interface CodedContent extends Omit<CodedEvent, 'authors'> {
  readonly person: CodedPerson | undefined;
  readonly author: CodedAuthor | undefined;
}

export type EntryAction = 'add' | 'remove';

/** due: to be listed; listed: in a batch; withdrawn: no longer so before it was listed, or after it was rejected */
export type EntryState = 'due' | 'listed' | 'filed' | 'rejected' | 'withdrawn';

/** A fact, as an addition to a record or as its removal from there. */
export interface PlannedEntry {
  /** the same for the addition and its removal, whatever the practice */
  readonly fact: string;
  readonly action: EntryAction;
  /** what receipts name: of practice, person, code, resource and day */
  readonly id: string;
  readonly state: EntryState;
  readonly blocked: Blocked | undefined;
  /** ODS code */
  readonly practice: string | undefined;
  readonly content: CodedContent;
}

/** As the store has it. */
export interface KeptEntry extends PlannedEntry {
  /** of the list that it is in */
  readonly batch: string | undefined;
}

/** @returns what makes an event one and the same: person, code, resource, day and value; another time of the same day does not */
export function factOf({ subject, code, source, day, date, value }: CodedEvent | CodedContent): string {
  const { type, id } = source;
  const said = ['coded-entry', subject, code.code, `${type}/${id}`, day ?? date ?? '', value ?? null];
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify(said));
}

/** @returns the fact once more, for the record of another NHS number than it was wrongly filed under */
export function factUnder(fact: string, nhsNumber: string): string {
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify(['coded-entry', fact, nhsNumber]));
}

export function entryIdOf(fact: string, practice: string | undefined): string {
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify(['coded-entry', practice ?? '', fact]));
}
