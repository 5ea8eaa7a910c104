/** Turns the fullUrls of a Bundle's entries into faults: there, absolute, and of the resource that they stand beside. */

import type { SpecialFault } from '../special-fault.ts';
import { type Entry, restfulOf } from './entry.ts';

const UUID = /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+$/;
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/;

/** Types of Bundle whose entries are found by their fullUrl alone. */
const BY_URL: ReadonlySet<unknown> = new Set(['document', 'message']);
/** Types that may come from an operation, whose results need not be identified. */
const OF_RESOURCES: ReadonlySet<unknown> = new Set(['collection', 'history', 'searchset']);

/**
 * That fullUrls differ (bdl-7) and name no version (bdl-8) are invariants.
 * @param isResourceType of R4
 * @source hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.fullUrl
 */
export function fullUrlFaults(
  entries: readonly Entry[],
  bundleType: unknown,
  isResourceType: (name: string) => boolean,
): readonly SpecialFault[] {
  return entries.flatMap((entry) =>
    entry.fullUrl === undefined ? missing(entry, bundleType) : faultsOf(entry, entry.fullUrl, isResourceType),
  );
}

function missing({ index, resource, id, type }: Entry, bundleType: unknown): readonly SpecialFault[] {
  if (!resource || type === 'OperationOutcome') return [];
  const isError = BY_URL.has(bundleType);
  if (!isError && !(OF_RESOURCES.has(bundleType) && id !== undefined)) return [];
  return [
    {
      rule: 'bundle-full-url-required',
      element: `entry[${index}].fullUrl`,
      text: 'is missing: write the absolute URL of the resource, or urn:uuid: and a UUID',
      severity: isError ? 'error' : 'warning',
      code: 'required',
    },
  ];
}

function faultsOf(
  { index, id, type }: Entry,
  fullUrl: string,
  isResourceType: (name: string) => boolean,
): readonly SpecialFault[] {
  const element = `entry[${index}].fullUrl`;
  const form = formFault(fullUrl);
  if (form) return [{ rule: 'bundle-full-url-form', element, text: form, code: 'value' }];
  const url = restfulOf(fullUrl);
  if (!url || type === undefined || !isResourceType(url.type)) return [];
  if (url.type === type && (id === undefined || url.id === id)) return [];
  const text = 'does not end in the type and id of its resource: correct the one or the other';
  return [{ rule: 'bundle-full-url-id', element, text, code: 'value' }];
}

function formFault(fullUrl: string): string | undefined {
  if (fullUrl.startsWith('urn:uuid:') && !UUID.test(fullUrl))
    return 'is no UUID: write urn:uuid: and eight, four, four, four and twelve hexadecimal digits';
  if (fullUrl.startsWith('urn:oid:') && !OID.test(fullUrl))
    return 'is no OID: write urn:oid: and numbers joined by dots, the first 0, 1 or 2';
  return ABSOLUTE.test(fullUrl) ? undefined : 'is not absolute: write the whole URL, or urn:uuid: and a UUID';
}
