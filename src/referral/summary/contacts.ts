/** Turns Encounters and Appointments of a referral into what contact there was: how many, how, kept or missed, first and last. */
import type { Appointment, Encounter, Observation } from '@medplum/fhirtypes';
import type { Contacts } from './content.ts';
import type { Gathered } from './gathered.ts';
import { type Displays, hasCode, inSentence, momentOf, nameOfConcept, ukDate } from './words.ts';

const OBSERVATION = 'https://hedgerow.example/fhir/CodeSystem/observation';

interface Contact {
  readonly atMs: number;
  readonly at: string | undefined;
  readonly state: 'attended' | 'missed';
  readonly way?: string | undefined;
}

/** @param requestIds `ServiceRequest/id` of the referral and of the onward ones */
export function contactsOf(
  gathered: Gathered,
  requestIds: ReadonlySet<string>,
  displays: Displays,
): Contacts {
  const encounters = gathered.of('Encounter').filter((one) => isOf(one, requestIds));
  const appointments = gathered.of('Appointment').filter((one) => isOf(one, requestIds));
  const met = encounters.flatMap((one) => contactOfEncounter(one, displays));
  const missed = appointments.flatMap((one) => missedAppointment(one));
  // A missed contact may be told of twice: by its Appointment, and by the Encounter that did not come about.
  const told = new Set(missed.map(({ at }) => at));
  const cancelled = encounters
    .filter(({ status, period }) => status === 'cancelled' && isNoShow(appointments, period?.start))
    .flatMap(({ period }) => (told.has(period?.start) ? [] : missedAt(period?.start)));
  const all = [...met, ...missed, ...cancelled].toSorted((a, b) => a.atMs - b.atMs);
  const attended = all.filter(({ state }) => state === 'attended');
  const counted = countIn(gathered.of('Observation'), requestIds);
  const first = ukDate(attended[0]?.at);
  const last = ukDate(attended.at(-1)?.at);
  return {
    attended: attended.length,
    missed: all.length - attended.length,
    ways: waysOf(attended),
    ...(counted === undefined ? {} : { counted }),
    ...(first === undefined ? {} : { first }),
    ...(last === undefined ? {} : { last }),
  };
}

/** @returns times that the person took part in what an onward referral is for */
export function takenPart(gathered: Gathered, requestId: string): number {
  const ids = new Set([requestId]);
  return gathered.of('Encounter').filter((one) => one.status === 'finished' && isOf(one, ids)).length;
}

function isOf({ basedOn }: Encounter | Appointment | Observation, ids: ReadonlySet<string>): boolean {
  return (basedOn ?? []).some(({ reference }) => ids.has(reference ?? ''));
}

function contactOfEncounter(encounter: Encounter, displays: Displays): Contact[] {
  const at = encounter.period?.start;
  if (encounter.status !== 'finished' && encounter.status !== 'in-progress') return [];
  return [
    { atMs: momentOf(at) ?? 0, at, state: 'attended', way: nameOfConcept(encounter.type?.[0], displays) },
  ];
}

function missedAppointment({ status, start }: Appointment): Contact[] {
  return status === 'noshow' ? missedAt(start) : [];
}

function missedAt(at: string | undefined): Contact[] {
  return [{ atMs: momentOf(at) ?? 0, at, state: 'missed' }];
}

/** An Encounter that was cancelled counts as missed only where nothing says that it was called off. */
function isNoShow(appointments: readonly Appointment[], start: string | undefined): boolean {
  return !appointments.some((one) => one.start === start && one.status === 'cancelled');
}

/** The service's own count, where it keeps one. */
function countIn(observations: readonly Observation[], ids: ReadonlySet<string>): number | undefined {
  return observations.find((one) => hasCode(one.code, OBSERVATION, 'contact-count') && isOf(one, ids))
    ?.valueInteger;
}

function waysOf(contacts: readonly Contact[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { way } of contacts) if (way !== undefined) counts.set(way, (counts.get(way) ?? 0) + 1);
  return [...counts]
    .toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([way, count]) => `${count} ${inSentence(way)}`);
}
