/** Who asks, and what they may: set by the guard for each request, read by the routes behind it. */
import type { Response } from 'express';
import type { ResourceKey, StoredVersion } from '../store/resources.ts';
import type { Viewer } from '../store/viewer.ts';
import { SEES_ALL } from '../store/viewer.ts';

/** What a scope names. @source SMART App Launch 2, `cruds` */
export type Right = 'create' | 'read' | 'update' | 'delete' | 'search';

export interface Access {
  /** client, as the audit names it; also the name of the source of what it writes: `api:{client}` */
  readonly client: string;
  /** what the store lets it see */
  readonly viewer: Viewer;
  /** people are shown only de-identified */
  readonly isDeidentified?: boolean;
  /** owner of what it creates */
  readonly organisation: string;
  /** whether its scopes give this right on the type; `*` for what is of no type (system history, a batch as such) */
  may(type: string, right: Right): boolean;
  /** whether it may post records of this source and kind to /intake, and read their receipts */
  maySend(source: string, kind: string): boolean;
}

/** What a request touched, for the audit: ids and codes alone. */
export interface Touched {
  /** FHIR restful-interaction code, or the operation's name with its dollar sign */
  readonly interaction: string;
  /** resources that were read or written; versions as the store gave them, or keys, which the audit looks up */
  readonly keys: readonly (ResourceKey | SeenVersion)[];
  /** names of the parameters that were searched by, without their values */
  readonly params?: readonly string[];
}

/** Of a version that was read: what the audit names. */
export type SeenVersion = Pick<StoredVersion, 'type' | 'id' | 'personId'>;

/** @returns how a resource is named */
export function keyOf(one: ResourceKey | SeenVersion): ResourceKey {
  return typeof one === 'string' ? one : `${one.type}/${one.id}`;
}

const ACCESS = 'access';
const TOUCHED = 'touched';
const ASKER = 'asker';

/** For an adapter that is open: demo mode on loopback. */
export const OPEN_ACCESS: Access = {
  client: 'open',
  viewer: SEES_ALL,
  organisation: 'local',
  may: () => true,
  maySend: () => true,
};

export function setAccess(response: Response, access: Access): void {
  response.locals[ACCESS] = access;
}

/** @returns who asks; the guard has set it before any route of people's data is reached */
export function accessOf(response: Response): Access {
  const access = response.locals[ACCESS] as Access | undefined;
  if (!access) throw new TypeError('This route stands before the guard'); // a bug: nothing is served then
  return access;
}

/** @returns who asks, as far as that is known: nobody before the guard, or where it refused */
export function accessIfAny(response: Response): Access | undefined {
  return response.locals[ACCESS] as Access | undefined;
}

/** Names to the audit who asks where nothing but a token is asked for. */
export function nameAsker(response: Response, client: string, organisation: string): void {
  response.locals[ASKER] = { client, organisation };
}

/** @returns who asks, as the audit names them */
export function askerOf(response: Response): Pick<Access, 'client' | 'organisation'> | undefined {
  return (
    accessIfAny(response) ?? (response.locals[ASKER] as Pick<Access, 'client' | 'organisation'> | undefined)
  );
}

/** Tells the audit what was touched; called as often as something is. */
export function touch(response: Response, touched: Touched): void {
  const before = response.locals[TOUCHED] as Touched[] | undefined;
  if (before) before.push(touched);
  else response.locals[TOUCHED] = [touched];
}

export function touchedBy(response: Response): readonly Touched[] {
  return (response.locals[TOUCHED] ?? []) as readonly Touched[];
}
