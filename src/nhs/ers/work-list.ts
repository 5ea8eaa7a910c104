/** Turns a list of e-RS (FHIR STU3 List) into the referrals on it. */

export interface ListEntry {
  /** unique booking reference number: twelve digits */
  readonly ubrn: string;
  /** name of the service that it was sent to, where the list says so */
  readonly serviceName: string | undefined;
}

interface Extension {
  readonly url?: unknown;
  readonly extension?: unknown;
  readonly valueReference?: { readonly display?: unknown };
}

/** @returns entries, each referral once; undefined for what is no list @source e-RS API, eRS-FetchWorklist-List-1 */
export function listEntries(list: Readonly<Record<string, unknown>>): readonly ListEntry[] | undefined {
  if (list.resourceType !== 'List') return undefined;
  const found = new Map<string, ListEntry>();
  for (const entry of arrayOf(list.entry)) {
    const { item, extension } = entry as {
      item?: { reference?: unknown };
      extension?: unknown;
    };
    const ubrn = /^ReferralRequest\/(\d{12})(?:\/|$)/.exec(String(item?.reference ?? ''))?.[1];
    if (ubrn !== undefined) found.set(ubrn, { ubrn, serviceName: serviceIn(extension) });
  }
  return [...found.values()];
}

/** Each kind of list has an extension of its own; within it they name the service alike. */
function serviceIn(extensions: unknown): string | undefined {
  for (const outer of arrayOf(extensions) as Extension[])
    for (const { url, valueReference } of arrayOf(outer.extension) as Extension[])
      if (url === 'service' && typeof valueReference?.display === 'string') return valueReference.display;
  return undefined;
}

function arrayOf(value: unknown): readonly object[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
}
