/** Finds codes that a map would leave untranslated: known to its source's schema or CodeSystem, unknown to the ConceptMap. */
import type { CodeMap } from './concept-map.ts';
import type { Findings } from './finding.ts';
import type { Place } from './tree.ts';

const MOST_NAMED = 8;

/**
 * Adds a warning for the codes of a list that a ConceptMap says nothing of.
 * @param codes every code that the value may have
 * @param from where the list stands, for the message
 */
export function checkCodes(
  map: CodeMap,
  codes: readonly string[],
  from: string,
  at: Place,
  findings: Findings,
): void {
  if (map.tables.some(({ unmapped }) => unmapped)) return;
  const missing = codes.filter((code) => !map.tables.some((table) => table.codes.has(code)));
  if (missing.length === 0) return;
  const named = missing
    .slice(0, MOST_NAMED)
    .map((code) => `"${code}"`)
    .join(', ');
  const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : '';
  const message = `${named}${more} of ${from} ${missing.length === 1 ? 'has' : 'have'} no translation in ${map.url} (${map.file}); add elements, "unmapped", or a source ValueSet without them`;
  findings.add('map-untranslated-code', at, message, 'warning');
}
