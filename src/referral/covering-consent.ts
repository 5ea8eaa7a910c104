/** Turns the consents of a person into the one answer for a purpose: covered, in full or in codes only, or why not. */
import type { Coding, Consent } from '@medplum/fhirtypes';
import { isBefore } from './fhir-time.ts';

export const CONSENT_PURPOSE_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/consent-purpose';
const CONSENT_EXTENT_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/consent-extent';

const SCOPE_SYSTEM = 'http://terminology.hl7.org/CodeSystem/consentscope';
const REASON_SYSTEM = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

/** Which Consents are gone by; of codes, those of other systems are named as `system|code`. */
export interface ConsentRule {
  /** code of CodeSystem consent-purpose */
  readonly purpose: string;
  /** codes of CodeSystem consentscope; default any */
  readonly scopes?: readonly string[] | undefined;
  /** codes of v3-ActReason; default any */
  readonly reasons?: readonly string[] | undefined;
}

export type Extent = 'full' | 'coded-only';
export type Covering =
  | { readonly covers: true; readonly extent: Extent }
  | { readonly covers: false; readonly why: 'none' | 'refused' | 'period' | 'unclear' };

/**
 * What a Consent means (`mappings/prsb` writes these, one Consent a purpose):
 *
 * | Element | Values |
 * |---|---|
 * | category | CodeSystem consent-purpose: refer, share-gp, research |
 * | scope | CodeSystem consentscope: whom the rule names, else any. Without a code it can refuse, not permit |
 * | status | active: given; rejected: refused; inactive: withdrawn; others decide nothing |
 * | provision.type | permit with active; anything else covers nothing |
 * | provision.code | CodeSystem consent-extent: full; coded-only, or absent: codes without narrative |
 * | provision.purpose | v3-ActReason: limits it to these; absent: to none |
 * | provision.period | covers within it only |
 * | provision.provision | exceptions: not understood, so such a Consent covers nothing |
 * | provision.actor, action, securityLabel, class, data, dataPeriod | limits: not understood either |
 *
 * Where several speak of one purpose, a refusal or withdrawal wins unless it is surely earlier than what was given.
 */
export function coveringConsent(consents: readonly Consent[], rule: ConsentRule, nowMs: number): Covering {
  const decided = decisionsFor(consents, rule);
  if (decided.length === 0) return { covers: false, why: 'none' };
  const standing = standingOf(decided);
  if (standing.length === 0) return { covers: false, why: 'refused' };
  const plain = standing.filter((one) => isPlain(one.provision ?? {}));
  if (plain.length === 0) return { covers: false, why: 'unclear' };
  const current = plain.filter((one) => isWithin(one.provision?.period, nowMs));
  if (current.length === 0) return { covers: false, why: 'period' };
  return { covers: true, extent: current.every(isFull) ? 'full' : 'coded-only' };
}

/** @returns the Consents by which a purpose is covered; none where it is not */
export function consentsCovering(
  consents: readonly Consent[],
  rule: ConsentRule,
  nowMs: number,
): readonly Consent[] {
  return standingOf(decisionsFor(consents, rule)).filter(
    ({ provision }) => isPlain(provision ?? {}) && isWithin(provision?.period, nowMs),
  );
}

/** What was given, and not surely before it was refused or withdrawn. */
function standingOf(decided: readonly Consent[]): readonly Consent[] {
  const refused = decided.filter((one) => !isPermit(one));
  return decided.filter(
    (one) => isPermit(one) && refused.every((other) => isBefore(other.dateTime, one.dateTime)),
  );
}

/** @returns the Consents that decide something by a rule */
export function decisionsFor(consents: readonly Consent[], rule: ConsentRule): readonly Consent[] {
  return consents.filter((consent) => isConsentFor(consent, rule) && isDecision(consent));
}

/** @returns whether a Consent is one that a rule goes by, whatever it decides */
export function isConsentFor(consent: Consent, { purpose, scopes, reasons }: ConsentRule): boolean {
  const isOfPurpose = (consent.category ?? []).some(({ coding }) =>
    coding?.some(({ system, code }) => system === CONSENT_PURPOSE_SYSTEM && code === purpose),
  );
  const scope = (consent.scope?.coding ?? []).filter(({ code }) => code !== undefined);
  const isUnscoped = scope.length === 0 && !isPermit(consent); // a refusal whose scope cannot be read is one of all
  const isInScope = scopes === undefined || isUnscoped || isAmong(scope, scopes, SCOPE_SYSTEM);
  const limits = consent.provision?.purpose ?? [];
  const isForReason = reasons === undefined || limits.length === 0 || isAmong(limits, reasons, REASON_SYSTEM);
  return isOfPurpose && isInScope && isForReason;
}

/** @param tokens `code` of the usual system, or `system|code` */
function isAmong(codings: readonly Coding[], tokens: readonly string[], usual: string): boolean {
  const wanted = new Set(tokens.map((token) => (token.includes('|') ? token : `${usual}|${token}`)));
  return codings.some(({ system, code }) => wanted.has(`${system}|${code}`));
}

function isPermit({ status, provision }: Consent): boolean {
  return status === 'active' && provision?.type === 'permit';
}

/** A draft or proposed Consent, or one entered in error, decides nothing either way. */
function isDecision({ status }: Consent): boolean {
  return status === 'active' || status === 'rejected' || status === 'inactive';
}

/** What a Consent limits itself to by elements that nobody reads here, it may not cover: only one without any is plain. */
function isPlain(provision: NonNullable<Consent['provision']>): boolean {
  const { provision: exceptions, actor, action, securityLabel, class: kinds, data, dataPeriod } = provision;
  const limits = [exceptions, actor, action, securityLabel, kinds, data];
  return limits.every((limit) => !limit?.length) && dataPeriod === undefined;
}

function isFull({ provision }: Consent): boolean {
  return (provision?.code ?? []).some(({ coding }) =>
    coding?.some(({ system, code }) => system === CONSENT_EXTENT_SYSTEM && code === 'full'),
  );
}

/** A period of days includes its last day. */
function isWithin(period: { start?: string; end?: string } | undefined, nowMs: number): boolean {
  const now = new Date(nowMs).toISOString();
  return !isBefore(now, period?.start) && !isBefore(period?.end, now);
}
