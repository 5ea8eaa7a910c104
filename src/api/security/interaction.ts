/** Turns method and path of a FHIR request into the right that it needs at least; the routes ask for more where a body says more. */
import type { Right } from '../access.ts';

export interface Needed {
  readonly type: string;
  readonly right: Right;
}

const BY_METHOD: Readonly<Record<string, Right>> = {
  PUT: 'update',
  PATCH: 'update',
  DELETE: 'delete',
};

/**
 * @param path below the FHIR base, as it came: `/Patient/1/_history`
 * @returns undefined where no one right is needed: batches, operations and what is of all types, whose routes know
 */
export function neededBy(method: string, path: string): Needed | undefined {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const [type, second, third] = parts;
  if (
    type === undefined ||
    type.startsWith('_') ||
    parts.some((part) => part.startsWith('$') || part === '*')
  )
    return undefined;
  const ofCompartment = third !== undefined && !third.startsWith('_') ? third : undefined;
  const isRead = method === 'GET' || method === 'HEAD';
  if (ofCompartment !== undefined || parts.at(-1) === '_search')
    return { type: ofCompartment ?? type, right: 'search' };
  if (!isRead) return { type, right: BY_METHOD[method] ?? 'create' };
  return { type, right: second === undefined || second === '_history' ? 'search' : 'read' };
}

/** As the routes read it, so that no other spelling of a type is another type. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // the routes answer that it cannot be decoded
  }
}
