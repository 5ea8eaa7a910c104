/** Decides from the conditions of a read whether its client has the version already. */
import type { Request } from 'express';

/** What a version is told by. */
export interface Validators {
  /** number of the version */
  readonly version: number;
  readonly lastUpdatedMs: number;
}

/** @returns the weak ETag of a version: JSON and XML of it are two texts of one thing */
export function etagOf(version: number): string {
  return `W/"${version}"`;
}

/**
 * Status 304 is to be answered. Tags are compared weakly; a client that names one is not asked for its date.
 * @source RFC 9110, 13.1.2, 13.1.3 and 13.2.2; FHIR R4, 3.1.0.3 (conditional read)
 */
export function isNotModified(
  request: Pick<Request, 'get' | 'method'>,
  { version, lastUpdatedMs }: Validators,
): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const tags = request.get('if-none-match');
  if (tags !== undefined) return hasTag(tags, `"${version}"`);
  const since = dateOf(request.get('if-modified-since'));
  // such dates have whole seconds
  return since !== undefined && Math.floor(lastUpdatedMs / 1_000) * 1_000 <= since;
}

function hasTag(tags: string, wanted: string): boolean {
  return tags.split(',').some((one) => {
    const tag = one.trim();
    return tag === '*' || tag.replace(/^W\//, '') === wanted;
  });
}

/** @returns epoch milliseconds; undefined for what is no date of HTTP, which is passed over */
function dateOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text))
    return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
