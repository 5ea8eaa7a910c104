/** Turns a Bundle into the faults that neither its structure nor its invariants (bdl-…) say. */

import type { Checking } from '../checking.ts';
import { isResourceType } from '../references.ts';
import { type Entries, type Json, running } from '../run.ts';
import type { SpecialFault } from '../special-fault.ts';
import { responseFaults, searchFaults, totalFaults } from './answers.ts';
import { documentFaults, messageFaults } from './content.ts';
import { BundleEntries } from './entries.ts';
import { type Entry, entriesOf } from './entry.ts';
import { fullUrlFaults } from './full-urls.ts';
import { requestFaults } from './requests.ts';

/**
 * @param bundle of any form
 * @source hl7.org/fhir/R4/bundle.html
 */
export function bundleFaults(bundle: Json, checks: Checking): readonly SpecialFault[] {
  const isType = (name: string): boolean => isResourceType(name, checks);
  // a resource of no type is a fault of its own, and its word for one is not repeated
  const entries = entriesOf(bundle).map((entry) =>
    entry.type === undefined || isType(entry.type) ? entry : { ...entry, type: undefined },
  );
  const known = running().entries;
  const index = known?.bundle === bundle ? known : new BundleEntries(bundle);
  return [...fullUrlFaults(entries, bundle.type, isType), ...typeFaults(bundle, entries, index, isType)];
}

function typeFaults(
  bundle: Json,
  entries: readonly Entry[],
  index: Entries,
  isType: (name: string) => boolean,
): readonly SpecialFault[] {
  const { type } = bundle;
  switch (type) {
    case 'document':
      return documentFaults(entries, index);
    case 'message':
      return messageFaults(bundle, entries, index);
    case 'batch':
    case 'transaction':
      return requestFaults(entries, type, isType);
    case 'batch-response':
    case 'transaction-response':
      return responseFaults(entries, type);
    case 'history':
      return [
        ...requestFaults(entries, type, isType),
        ...responseFaults(entries, type),
        ...totalFaults(bundle, entries),
      ];
    case 'searchset':
      return [...searchFaults(entries), ...totalFaults(bundle, entries)];
    default:
      return [];
  }
}
