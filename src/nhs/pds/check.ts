/** Asks PDS about one Patient: by the number that they have, or by a search where they have none. */
import type { Patient } from '@medplum/fhirtypes';
import type { SearchAnswer } from './answer.ts';
import type { PdsClient, RequestIds, Waiting } from './client.ts';
import {
  type Asked,
  canBeChecked,
  currentNumber,
  differencesFrom,
  type Finding,
  findingOf,
  unaskedFinding,
  untracedFinding,
} from './finding.ts';
import { searchesFor } from './search.ts';

export interface CheckOptions {
  readonly client: PdsClient;
  /** look for who has no NHS number */
  readonly trace: boolean;
  /** @returns ids of a request, the same for the same step of the same check */
  readonly idsOf: (step: string) => RequestIds;
  /** FHIR date of today */
  readonly today: string;
}

/** @param patient name, birth date, identifiers, and an address where it may be searched by */
export async function checkPatient(
  options: CheckOptions,
  patient: Asked & Pick<Patient, 'address'>,
  signal: AbortSignal,
): Promise<Finding | Waiting> {
  const { client, idsOf, today, trace } = options;
  const number = currentNumber(patient);
  if (!canBeChecked(patient)) return unaskedFinding(patient, number);
  if (number === undefined) return trace ? traced(options, patient, signal) : unaskedFinding(patient, number);
  const answer = await client.get(number, idsOf('get'), signal);
  return answer.kind === 'refused' ? answer : findingOf(patient, number, answer, today);
}

/** One match, of score 1, of the same surname and birth date; its own record then says the rest. */
async function traced(
  { client, idsOf, today }: CheckOptions,
  patient: Asked & Pick<Patient, 'address'>,
  signal: AbortSignal,
): Promise<Finding | Waiting> {
  let found: Exclude<SearchAnswer, { kind: 'refused' }> = { kind: 'none' };
  for (const [at, query] of searchesFor(patient).entries()) {
    const answer = await client.search(query, idsOf(`search ${at}`), signal);
    if (answer.kind === 'refused') return answer;
    found = answer;
    if (found.kind !== 'none') break;
  }
  if (found.kind !== 'match') return untracedFinding(patient, found.kind);
  // a year alone would do for a number that a source gave, but not to find somebody by
  const isSure =
    found.score === 1 &&
    found.person.birthDate === patient.birthDate &&
    differencesFrom(patient, found.person).length === 0;
  if (!isSure) return untracedFinding(patient, 'unsure');
  const { number } = found.person;
  const answer = await client.get(number, idsOf('get'), signal);
  if (answer.kind === 'refused') return answer;
  const isSame =
    answer.kind === 'person' &&
    answer.person.birthDate === patient.birthDate &&
    differencesFrom(patient, answer.person).length === 0;
  return isSame ? findingOf(patient, number, answer, today) : untracedFinding(patient, 'unsure');
}
