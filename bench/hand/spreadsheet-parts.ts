/** Turns cells that several sheets have into needs and consents. */
import { consentOf } from './consent.ts';
import type { Entries } from './parts.ts';
import type { Need } from './plan.ts';
import { codes } from './tables.ts';

const NEED = codes('spreadsheet/need');
const CONSENT = codes('spreadsheet/consent');

export function sheetNeeds(reasons: readonly string[] | undefined): Need[] {
  const needs: Need[] = [];
  if (reasons)
    for (const word of reasons)
      needs.push({ key: word, code: NEED.get(word), snomed: undefined, text: word });
  return needs;
}

/** @param word what the cell says: `yes`, `codes only`; nothing where it is blank */
export function addConsent(
  purpose: string,
  word: string | undefined,
  date: string | undefined,
  personKey: string,
  entries: Entries,
): void {
  if (word === undefined) return;
  const isCoded = word === 'codes only' || word === 'coded only' || word === 'codes';
  const extent = purpose === 'share-gp' && isCoded ? 'coded-only' : undefined;
  const resource = consentOf({ purpose, decision: CONSENT.get(word), date, extent }, personKey);
  entries.push({ resource });
}
