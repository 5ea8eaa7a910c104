/** Turns the consents of a person into the times at which, and the extent to which, a purpose is covered: what `coveringConsent` says of each moment. */
import type { Consent } from '@medplum/fhirtypes';
import { CONSENT_PURPOSE_SYSTEM, coveringConsent, type Extent } from './covering-consent.ts';
import { isBefore } from './fhir-time.ts';

/** A purpose is covered from `fromMs` until before `untilMs`. */
export interface AgreedTime {
  readonly purpose: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly extent: Extent;
}

/** From the year 1 until before the year 10000: as far as FHIR can write. */
export const EARLIEST_MS = -62_135_596_800_000;
export const LATEST_MS = 253_402_300_800_000;

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** @param consents all of a person @returns times that do not overlap, in order, each purpose by itself */
export function agreedTimes(consents: readonly Consent[]): readonly AgreedTime[] {
  const turns = turnsOf(consents);
  return [...purposesOf(consents)].flatMap((purpose) => timesOf(consents, purpose, turns));
}

function purposesOf(consents: readonly Consent[]): ReadonlySet<string> {
  const codings = consents.flatMap(({ category }) => category ?? []).flatMap(({ coding }) => coding ?? []);
  return new Set(
    codings.flatMap(({ system, code }) => (system === CONSENT_PURPOSE_SYSTEM && code ? [code] : [])),
  );
}

function timesOf(consents: readonly Consent[], purpose: string, turns: readonly number[]): AgreedTime[] {
  const times: AgreedTime[] = [];
  turns.forEach((fromMs, at) => {
    const covering = coveringConsent(consents, { purpose }, fromMs);
    if (!covering.covers) return;
    const untilMs = turns[at + 1] ?? LATEST_MS;
    const last = times.at(-1);
    const { extent } = covering;
    if (last?.untilMs === fromMs && last.extent === extent) times[times.length - 1] = { ...last, untilMs };
    else times.push({ purpose, fromMs, untilMs, extent });
  });
  return times;
}

/** @returns the moments from which on something may be covered otherwise than before, in order; the first is the earliest there is */
function turnsOf(consents: readonly Consent[]): readonly number[] {
  const turns = new Set([EARLIEST_MS]);
  for (const { provision } of consents) {
    const { start, end } = provision?.period ?? {};
    if (start !== undefined)
      turns.add(firstSuch((ms) => !isBefore(new Date(ms).toISOString(), start), startsNear(start)));
    if (end !== undefined)
      turns.add(firstSuch((ms) => isBefore(end, new Date(ms).toISOString()), endsNear(end)));
  }
  return [...turns].filter((ms) => ms < LATEST_MS).sort((a, b) => a - b);
}

/**
 * What holds of a moment in regard to a date or time holds of all that follow.
 * @param near where it probably begins: tried first
 * @returns the first moment of which it holds; the latest where there is none
 */
function firstSuch(holds: (ms: number) => boolean, near: readonly number[]): number {
  for (const ms of near) if (ms > EARLIEST_MS && ms < LATEST_MS && holds(ms) && !holds(ms - 1)) return ms;
  let [low, high] = [EARLIEST_MS, LATEST_MS];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A day of London begins with that of Greenwich, or in summer an hour before. */
function startsNear(text: string): readonly number[] {
  const ms = Date.parse(text);
  return text.includes('T') ? [ms] : [ms, ms - HOUR_MS];
}

/** A day, month or year is over when the next one begins. */
function endsNear(text: string): readonly number[] {
  const ms = Date.parse(text);
  if (text.includes('T')) return [ms + 1];
  const begun = new Date(ms);
  const next =
    text.length >= 10
      ? ms + DAY_MS
      : Date.UTC(
          begun.getUTCFullYear() + (text.length === 4 ? 1 : 0),
          begun.getUTCMonth() + (text.length === 4 ? 0 : 1),
        );
  return [next, next - HOUR_MS];
}
