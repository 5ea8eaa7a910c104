/** Turns the place where a page ended into a cursor for its next link, and back. */
import { digestOf } from '../fhir/digest.ts';
import { type Checked, refuse } from '../fhir/outcome.ts';

/** Name of the paging parameter; its value is ours. */
export const CURSOR = '_cursor';

const SEAL_LENGTH = 16;

/**
 * Seals a place with the search it belongs to, so that it cannot be altered by mistake or carried to another search.
 * It needs no secret: a forged cursor shows nothing that the search itself would not.
 * @param place digits
 * @param search what is paged through, filters included
 */
export function sealCursor(place: string, search: unknown): string {
  return `${place}-${digestOf([place, search]).slice(0, SEAL_LENGTH)}`;
}

/** @returns the place, or refusal `api-cursor` when the cursor was not made for this search */
export function openCursor(cursor: string, search: unknown): Checked<string> {
  const [, place] = /^([1-9]\d{0,14})-/.exec(cursor) ?? [];
  if (place !== undefined && sealCursor(place, search) === cursor) return { ok: true, value: place };
  return refuse({
    code: 'value',
    rule: 'api-cursor',
    diagnostics: `${CURSOR} does not belong to this search: follow the next link as it was given, or start again without it.`,
    expression: `http.${CURSOR}`,
  });
}
