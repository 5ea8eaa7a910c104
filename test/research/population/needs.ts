/** Needs that made-up people have: coded nationally, coded by us alone, or said in words. */
import type { CodeableConcept } from '@medplum/fhirtypes';
import { own, snomed } from './words.ts';

export interface Need {
  readonly code?: string;
  readonly snomed?: string;
  readonly determinant?: string;
  readonly words?: string;
}

export const NEEDS: readonly Need[] = [
  { code: 'loneliness', snomed: '267076002', determinant: 'social' },
  { code: 'social-isolation', snomed: '422650009', determinant: 'social' },
  { code: 'debt', determinant: 'income' },
  { code: 'benefits', determinant: 'income' },
  { code: 'housing', determinant: 'housing' },
  { code: 'unemployment', determinant: 'work' },
  { code: 'education', determinant: 'education' },
  { words: 'Testname worries about the garden of 5 Test Street' },
];

export function needCode({ code, snomed: concept, words }: Need): CodeableConcept {
  const coding = [...(concept ? [snomed(concept)] : []), ...(code ? [own('need', code)] : [])];
  return { ...(coding.length > 0 && { coding }), ...(words && { text: words }) };
}
