/** Lays a Bundle out as JSON text from the stored texts of its resources, which are not read for that. */
import type { BundleEntry, BundleLink, OperationOutcome, Resource } from '@medplum/fhirtypes';
import { parsedExactly } from '../../fhir/spelling.ts';
import type { StoredVersion } from '../../store/store.ts';
import { highestLabel } from './labels.ts';

/** What the text of a Bundle is made of. */
export interface BundleParts {
  readonly type: 'searchset' | 'history';
  readonly total: number | undefined;
  readonly link: readonly BundleLink[];
  /** JSON texts */
  readonly entries: readonly string[];
}

/** @returns JSON text; one without entries has none, as FHIR has no empty arrays */
export function bundleText({ type, total, link, entries }: BundleParts): string {
  const label = highestLabel(entries);
  const head = JSON.stringify({
    resourceType: 'Bundle',
    ...(label ? { meta: { security: [label] } } : {}),
    type,
    ...(total === undefined ? {} : { total }),
    link,
  });
  return entries.length === 0 ? head : `${head.slice(0, -1)},"entry":[${entries.join(',')}]}`;
}

/** @param resource JSON text of what the entry shows of the resource */
export function entryText(
  { type, id }: Pick<StoredVersion, 'type' | 'id'>,
  base: string,
  mode: 'match' | 'include',
  resource: string,
): string {
  // types and ids have no sign that JSON would write otherwise
  return `{"fullUrl":${JSON.stringify(`${base}/${type}/${id}`)},"resource":${resource},"search":{"mode":"${mode}"}}`;
}

export function outcomeText(resource: OperationOutcome): string {
  return JSON.stringify({ resource, search: { mode: 'outcome' } } satisfies BundleEntry);
}

/** @returns the resource, to be written with the digits that it is stored with; not to be reckoned with */
export function exactOf(version: Pick<StoredVersion, 'text' | 'resource'>): Resource {
  return parsedExactly(textOf(version)) as Resource;
}

/** @returns the stored text; of a version that has none at hand, it is written */
export function textOf(version: Pick<StoredVersion, 'text' | 'resource'>): string {
  return version.text ?? JSON.stringify(version.resource);
}
