/** Turns what is stored of a person into what happened that belongs into their GP record, by the configured rules. Pure. */
import type { Coding, Quantity, Reference, Resource } from '@medplum/fhirtypes';
import { SNOMED_SYSTEM, snomedFault } from '../../fhir/identifiers.ts';
import { isInError } from '../../fhir/in-error.ts';
import type { FixedCode, ReadyRule, ReadyRules, WrittenAs } from './rule.ts';

/** A number that goes with a code: a score. */
export interface CodedValue {
  readonly number: number;
  readonly unit?: string | undefined;
  /** UCUM */
  readonly unitCode?: string | undefined;
}

/** Something that happened, by one rule and one resource. */
export interface CodedEvent {
  readonly rule: string;
  readonly as: WrittenAs;
  readonly code: FixedCode;
  /** as the resource has it: `2026-03-08`, or a time with its zone */
  readonly date: string | undefined;
  /** the day of that where the practice is; undefined where the date names none */
  readonly day: string | undefined;
  readonly value?: CodedValue | undefined;
  /** who made it, best first */
  readonly authors: readonly Reference[];
  /** `Patient/id`, as the resource names them */
  readonly subject: string;
  readonly source: { readonly type: string; readonly id: string; readonly version: number };
  readonly ownerOrg: string;
}

/** A stored resource of the person. */
export interface KeptResource {
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly ownerOrg: string;
  readonly resource: Resource;
}

/** Events that a rule cannot be asked for go on without them: the path ended in an error, named by rule and resource. */
export interface Events {
  readonly events: readonly CodedEvent[];
  readonly faults: readonly { readonly rule: string; readonly key: string }[];
}

/** @param timeZone of the practices: the day of a time is that on the wall there */
export function eventsOf(
  { rules, within }: ReadyRules,
  kept: readonly KeptResource[],
  timeZone: string,
): Events {
  const byKey = new Map(kept.map((one) => [`${one.type}/${one.id}`, one.resource]));
  const events: CodedEvent[] = [];
  const faults: { rule: string; key: string }[] = [];
  within(
    (reference) => byKey.get(reference.replace(/\/_history\/.*$/, '')),
    () => {
      for (const one of kept) {
        if (isInError(one.resource)) continue;
        for (const rule of rules) {
          if (rule.type !== one.type) continue;
          try {
            const event = eventOf(rule, one, timeZone);
            if (event) events.push(event);
          } catch {
            faults.push({ rule: rule.id, key: `${one.type}/${one.id}` });
          }
        }
      }
    },
  );
  return { events, faults };
}

function eventOf(rule: ReadyRule, kept: KeptResource, timeZone: string): CodedEvent | undefined {
  const { resource, type, id, version, ownerOrg } = kept;
  const { when, date: dateOf, author, value: numberOf } = rule.paths;
  const holds = when(resource);
  if (holds.length === 0 || holds.some((one) => one !== true)) return undefined;
  const code = rule.code ?? ownCode(rule, resource);
  const subject = subjectOf(resource);
  if (code === undefined || subject === undefined) return undefined;
  const date = dateOf(resource).find((one) => typeof one === 'string') as string | undefined;
  const value = numberOf && numberIn(numberOf(resource)[0]);
  return {
    rule: rule.id,
    as: rule.as,
    code,
    date,
    day: date === undefined ? undefined : dayOf(date, timeZone),
    ...(value === undefined ? {} : { value }),
    authors: author(resource).filter(isReference),
    subject,
    source: { type, id, version },
    ownerOrg,
  };
}

/** The resource's own code, where it is a concept of the UK edition. */
function ownCode({ paths }: ReadyRule, resource: Resource): FixedCode | undefined {
  for (const coding of (paths.codeFrom?.(resource) ?? []) as Coding[])
    if (coding?.system === SNOMED_SYSTEM && coding.code && snomedFault(coding.code) === undefined)
      return { code: coding.code, display: coding.display ?? '' };
  return undefined;
}

function numberIn(found: unknown): CodedValue | undefined {
  if (typeof found === 'number') return { number: found };
  const { value, unit, code, system } = Object(found) as Quantity;
  if (typeof value !== 'number') return undefined;
  const isUcum = system === 'http://unitsofmeasure.org' && code !== undefined;
  return {
    number: value,
    ...(unit === undefined ? {} : { unit }),
    ...(isUcum ? { unitCode: code } : {}),
  };
}

function isReference(found: unknown): found is Reference {
  const { reference, identifier } = Object(found) as Reference;
  return typeof reference === 'string' || typeof identifier?.value === 'string';
}

const SUBJECTS = ['subject', 'patient', 'for'] as const;

function subjectOf(resource: Resource): string | undefined {
  for (const name of SUBJECTS) {
    const reference = (resource as unknown as Record<string, Reference | undefined>)[name]?.reference;
    if (reference?.startsWith('Patient/')) return reference;
  }
  return undefined;
}

const days = new Map<string, Intl.DateTimeFormat>();

/** @returns the day of a date or time, `yyyy-MM-dd`; undefined of a month or a year, or what is no date */
export function dayOf(date: string, timeZone: string): string | undefined {
  if (/^\d{4}-\d\d-\d\d$/.test(date)) return date;
  const ms = date.includes('T') ? Date.parse(date) : Number.NaN;
  return Number.isNaN(ms) ? undefined : dayOfMs(ms, timeZone);
}

/** @returns the day that a moment lies in, `yyyy-MM-dd` */
export function dayOfMs(ms: number, timeZone: string): string {
  let format = days.get(timeZone);
  if (!format) {
    const parts = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
    format = new Intl.DateTimeFormat('en-CA', { timeZone, ...parts });
    days.set(timeZone, format);
  }
  return format.format(ms);
}
