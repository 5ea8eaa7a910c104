/** Turns what a server says of a Bundle's entries (responses, search modes, totals) into faults. */

import { jsonOf, textOf } from '../json-parts.ts';
import type { Json } from '../run.ts';
import type { SpecialFault } from '../special-fault.ts';
import type { Entry } from './entry.ts';

/** @source hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.response */
export function responseFaults(entries: readonly Entry[], bundleType: unknown): readonly SpecialFault[] {
  return entries.flatMap(({ index, response }): readonly SpecialFault[] => {
    if (!response) return [];
    const faults: SpecialFault[] = [];
    const status = textOf(response.status);
    const element = `entry[${index}].response.status`;
    if (status !== undefined && !/^[1-5][0-9]{2}(?![0-9])/.test(status))
      faults.push({
        rule: 'bundle-response-status',
        element,
        text: 'does not begin with an HTTP status of three digits: write, for example, 201 Created',
        code: 'value',
      });
    else if (bundleType === 'transaction-response' && /^[45]/.test(status ?? ''))
      faults.push({
        rule: 'bundle-response-failed',
        element,
        text: 'is a failure, and a transaction fails as a whole, with an OperationOutcome: do not believe the other entries',
        severity: 'warning',
      });
    const outcome = jsonOf(response.outcome)?.resourceType;
    if (outcome !== undefined && outcome !== 'OperationOutcome')
      faults.push({
        rule: 'bundle-response-outcome',
        element: `entry[${index}].response.outcome`,
        text: 'is no OperationOutcome: write what was returned as the resource of the entry',
      });
    return faults;
  });
}

/** @source hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.search */
export function searchFaults(entries: readonly Entry[]): readonly SpecialFault[] {
  return entries.flatMap(({ index, search, type }): readonly SpecialFault[] => {
    if (!search) return [];
    const { mode, score } = search;
    const faults: SpecialFault[] = [];
    if (mode === 'outcome' && type !== undefined && type !== 'OperationOutcome')
      faults.push({
        rule: 'bundle-search-mode',
        element: `entry[${index}].search.mode`,
        text: 'is outcome beside a resource that is no OperationOutcome: write match or include',
      });
    if (typeof score === 'number' && (score < 0 || score > 1))
      faults.push({
        rule: 'bundle-search-score',
        element: `entry[${index}].search.score`,
        text: 'is outside 0 to 1: 1 is the most relevant',
        code: 'value',
      });
    return faults;
  });
}

/** The total counts the matches of all pages, so that it is never less than those of this one. */
export function totalFaults(bundle: Json, entries: readonly Entry[]): readonly SpecialFault[] {
  const { type, total } = bundle;
  if (typeof total !== 'number') return [];
  const here = type === 'history' ? entries.length : entries.filter(isMatch).length;
  if (total >= here) return [];
  const text = `is less than the ${here} matches among the entries: count the matches of all pages`;
  return [{ rule: 'bundle-total', element: 'total', text, code: 'value' }];
}

function isMatch({ search }: Entry): boolean {
  return search?.mode === 'match';
}
