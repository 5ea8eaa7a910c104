/** Turns what is configured of a target into which resources go there, whose, and in what form. Pure. */
import type {
  Identifier,
  Organization,
  Patient,
  PractitionerRole,
  Reference,
  Resource,
} from '@medplum/fhirtypes';
import type { Definitions } from '../fhir/definitions.ts';
import { digestOf } from '../fhir/digest.ts';
import { ODS_CODE_SYSTEM } from '../fhir/identifiers.ts';
import { codedOnly } from '../referral/coded-only.ts';
import { type Agreed, isWithdrawal, type Purpose } from '../referral/consent.ts';
import type { Identified, ResourceKey } from '../store/store.ts';
import { referencesOf, withoutReferences } from './references.ts';

/** `targets[].send` of the configuration; what is left out limits nothing. */
export interface SendRules {
  /** ODS codes: people registered with, or managed by, one of these */
  readonly practices?: readonly string[] | undefined;
  /** resource types; Patient always goes with the rest */
  readonly types?: readonly string[] | undefined;
  /** codes, numbers and dates only; what says nothing without its words does not go */
  readonly codedOnly?: boolean | undefined;
  /** codes of Consent.scope: people who consented in one of these, by what they decided there */
  readonly consentScopes?: readonly string[] | undefined;
  /** reasons (v3-ActReason) that a consent must not be limited to others than */
  readonly consentReasons?: readonly string[] | undefined;
  /** `ehr`: only what was changed at a target whose changes come in. Default: whoever said it */
  readonly origin?: 'ehr' | 'elsewhere' | undefined;
}

export interface RoutedTarget {
  readonly name: string;
  readonly send?: SendRules | undefined;
  /** sources whose records are this target's own words: they are not sent back to it */
  readonly sources?: readonly string[] | undefined;
  /** resource types that go there, and nothing else: no Consent either, where it is no place that people's data is shared with */
  readonly only?: readonly string[] | undefined;
  /** hears only of what it holds: whoever sent a referral, of how that goes on */
  readonly onlyHeld?: boolean | undefined;
}

/** Whose consent and person decide over all else: a target must learn of a change of these, whatever else goes there. */
const ALWAYS: ReadonlySet<string> = new Set(['Patient', 'Consent']);

/** @returns all that a commit asks of where things go */
export function routing(targets: readonly RoutedTarget[]) {
  return { route: routeTo(targets), ownTargets: ownTargetsOf(targets), followers: followersOf(targets) };
}

/**
 * @returns the route of a commit: by type, and never back to where the version came from. `origin` is the target that it
 *   came from and is in step with; `source` who said it, a target or a source of records. Without a source: by type alone
 */
export function routeTo(
  targets: readonly RoutedTarget[],
): (resource: Pick<Resource, 'resourceType'>, origin?: string, source?: string) => readonly string[] {
  const ehrs = new Set(targets.map(({ name }) => name));
  const isFrom = ({ send, sources, onlyHeld }: RoutedTarget, source: string): boolean =>
    !onlyHeld && !sources?.includes(source) && (send?.origin !== 'ehr' || ehrs.has(source));
  return ({ resourceType }, origin, source) =>
    targets.flatMap((target) => {
      const { name, send, only } = target;
      const isWanted = name !== origin && (source === undefined || isFrom(target, source));
      const goes = only ? only.includes(resourceType) : goesBy(send, resourceType);
      return isWanted && goes ? [name] : [];
    });
}

/** @returns what names the targets that a source of records is: a case system with a webhook */
function ownTargetsOf(targets: readonly RoutedTarget[]): (source: string) => readonly string[] {
  const owned = targets.filter(({ sources }) => sources !== undefined && sources.length > 0);
  return (source) => owned.flatMap(({ name, sources }) => (sources!.includes(source) ? [name] : []));
}

/**
 * @returns what names the targets that hear nothing of a source but what concerns those whom they hold: a newer version of
 *   what they have, and what a person of theirs decided
 */
function followersOf(targets: readonly RoutedTarget[]): (source: string) => readonly string[] {
  const ehrs = new Set(targets.map(({ name }) => name));
  const limited = targets.filter(({ send, onlyHeld }) => onlyHeld || send?.origin === 'ehr');
  return (source) =>
    limited.flatMap(({ name, sources, onlyHeld }) =>
      sources?.includes(source) || (!onlyHeld && ehrs.has(source)) ? [] : [name],
    );
}

/** @returns which consents of a person decide what goes to a target */
export function agreedFor({
  purpose,
  send,
}: {
  readonly purpose: Purpose;
  readonly send?: SendRules | undefined;
}): Agreed {
  return { purpose, scopes: send?.consentScopes, reasons: send?.consentReasons };
}

/** @returns whether resources of a type go to a target at all */
export function goesBy(send: SendRules | undefined, type: string): boolean {
  return send?.types === undefined || send.types.includes(type) || ALWAYS.has(type);
}

/** @returns what must be read to tell a person's practices */
export function practiceKeys(patients: readonly Patient[]): readonly ResourceKey[] {
  const references = patients.flatMap((patient) => placesOf(patient));
  return references.flatMap(({ reference }) =>
    reference && /^(Organization|PractitionerRole)\//.test(reference) ? [reference as ResourceKey] : [],
  );
}

/**
 * @param read what `practiceKeys` named, and the organisations of roles among these
 * @returns whether a person is registered with, or managed by, one of the practices
 */
export function isOfPractice(
  practices: readonly string[],
  patients: readonly Patient[],
  read: readonly Resource[],
): boolean {
  const wanted = new Set(practices.map((code) => code.trim().toUpperCase()));
  const named = patients.flatMap((patient) => placesOf(patient).map(({ identifier }) => identifier));
  const identifiers: readonly (Identifier | undefined)[] = [
    ...named,
    ...read.flatMap((one) =>
      one.resourceType === 'Organization' ? ((one as Organization).identifier ?? []) : [],
    ),
    ...read.flatMap((one) =>
      one.resourceType === 'PractitionerRole' ? [(one as PractitionerRole).organization?.identifier] : [],
    ),
  ];
  return identifiers.some(
    (one) => one?.system === ODS_CODE_SYSTEM && wanted.has((one.value ?? '').toUpperCase()),
  );
}

function placesOf({ generalPractitioner, managingOrganization }: Patient): readonly Reference[] {
  return [...(generalPractitioner ?? []), ...(managingOrganization ? [managingOrganization] : [])];
}

/**
 * @param resource as consent lets it go
 * @returns as the target takes it, naming nothing that never goes there; undefined when nothing is left to say
 */
export function shapedFor(
  send: SendRules | undefined,
  definitions: Definitions,
  resource: Identified,
): Identified | undefined {
  if (!goesBy(send, resource.resourceType)) return undefined;
  // A Consent that does not go there decides what does; its withdrawal is for whoever holds a copy.
  const isUnnamed = resource.resourceType === 'Consent' && !isNamed(send ?? {}, `Consent/${resource.id}`);
  if (isUnnamed && !isWithdrawal(resource)) return undefined;
  const coded = send?.codedOnly ? inCodes(definitions, resource) : resource;
  if (coded === undefined || send?.types === undefined) return coded;
  const never = [...referencesOf(coded)].filter((key) => !isNamed(send, key));
  return never.length === 0 ? coded : withoutReferences(coded, new Set(never));
}

function isNamed(send: SendRules, key: ResourceKey): boolean {
  const type = key.slice(0, key.indexOf('/'));
  return type === 'Patient' || send.types === undefined || send.types.includes(type);
}

/** What had a code in words only says nothing in codes. */
function inCodes(definitions: Definitions, resource: Identified): Identified | undefined {
  const coded = codedOnly(definitions, resource);
  const isLost = coded !== undefined && 'code' in resource && !('code' in coded);
  return isLost ? undefined : (coded as Identified | undefined);
}

/** @returns what changes whenever a target is to get something else than before */
export function routingDigest(
  target: RoutedTarget & { readonly purpose?: string; readonly allowRestricted?: boolean },
): string {
  const { send, purpose, allowRestricted } = target;
  return digestOf({ send: send ?? {}, purpose, allowRestricted });
}
