/** Turns the consents of a person into the one answer for a purpose: covered, in full or in codes only, or why not. */
import type { Consent } from '@medplum/fhirtypes';
import { isBefore } from './fhir-time.ts';

const CONSENT_PURPOSE_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/consent-purpose';
const CONSENT_EXTENT_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/consent-extent';

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
 * | status | active: given; rejected: refused; inactive: withdrawn; others decide nothing |
 * | provision.type | permit with active; anything else covers nothing |
 * | provision.code | CodeSystem consent-extent: full; coded-only, or absent: codes without narrative |
 * | provision.period | covers within it only |
 * | provision.provision | exceptions: not understood, so such a Consent covers nothing |
 *
 * Where several speak of one purpose, a refusal or withdrawal wins unless it is surely earlier than what was given.
 * @param purpose code of CodeSystem consent-purpose
 */
export function coveringConsent(consents: readonly Consent[], purpose: string, nowMs: number): Covering {
  const decided = consents.filter((consent) => isConsentFor(consent, purpose) && isDecision(consent));
  const given = decided.filter(
    (consent) => consent.status === 'active' && consent.provision?.type === 'permit',
  );
  const refused = decided.filter((consent) => !given.includes(consent));
  if (decided.length === 0) return { covers: false, why: 'none' };
  const standing = given.filter((one) => refused.every((other) => isBefore(other.dateTime, one.dateTime)));
  if (standing.length === 0) return { covers: false, why: 'refused' };
  const plain = standing.filter((one) => !one.provision?.provision?.length);
  if (plain.length === 0) return { covers: false, why: 'unclear' };
  const current = plain.filter((one) => isWithin(one.provision?.period, nowMs));
  if (current.length === 0) return { covers: false, why: 'period' };
  return { covers: true, extent: current.every(isFull) ? 'full' : 'coded-only' };
}

/** @param purpose code of CodeSystem consent-purpose */
export function isConsentFor(consent: Consent, purpose: string): boolean {
  return (consent.category ?? []).some(({ coding }) =>
    coding?.some(({ system, code }) => system === CONSENT_PURPOSE_SYSTEM && code === purpose),
  );
}

/** A draft or proposed Consent, or one entered in error, decides nothing either way. */
function isDecision({ status }: Consent): boolean {
  return status === 'active' || status === 'rejected' || status === 'inactive';
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
