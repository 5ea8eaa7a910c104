/** Turns codes, names, dates and numbers of resources into the words that a reader in the UK is shown. */
import type { Annotation, CodeableConcept, Coding, HumanName } from '@medplum/fhirtypes';
import { offsetMs } from '../../fhir/zoned-time.ts';
import { SCORE_SYSTEM } from '../instrument.ts';
import { INSTRUMENTS } from '../instruments.ts';

/** @returns the display of a code; undefined where the code is not known here */
export type Displays = (coding: Pick<Coding, 'system' | 'code'>) => string | undefined;

const ZONE = 'Europe/London';
const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const SCORE_NAMES = new Map(
  INSTRUMENTS.flatMap(({ scores }) => scores.map(({ code, display }) => [code, display])),
);

/**
 * Codes that may stand without a display: where only codes may be shown, a source's own words for them do not count.
 * @source SNOMED CT UK edition, the concepts that the shipped maps write
 */
const KNOWN: Readonly<Record<string, string>> = {
  '267076002': 'Feeling lonely',
  '422650009': 'Social isolation',
  '423315002': 'Limited social contact',
  '160932005': 'Financial problem',
  '73438004': 'Unemployed',
  '73595000': 'Stress',
  '32911000': 'Homeless',
  '733423003': 'Food insecurity',
  '160695008': 'Transport too expensive',
  '224484003': 'Is a carer',
  '766561000000109': 'Adult safeguarding concern',
  '871731000000106': 'Referral to social prescribing service',
  '871711000000103': 'Social prescribing declined',
};
const SNOMED = 'http://snomed.info/sct';

/** @param find the CodeSystem of a URL, as it is shipped: concepts with displays */
export function displaysOf(
  find: (url: string) => { readonly concept?: readonly Concept[] } | undefined,
): Displays {
  const known = new Map<string, Map<string, string>>();
  const codesOf = (system: string): ReadonlyMap<string, string> => {
    const codes = known.get(system) ?? namesIn(find(system)?.concept);
    known.set(system, codes);
    return codes;
  };
  return ({ system = '', code = '' }) =>
    codesOf(system).get(code) ??
    (system === SNOMED ? KNOWN[code] : system === SCORE_SYSTEM ? SCORE_NAMES.get(code) : undefined);
}

function namesIn(concepts: readonly Concept[] = [], names = new Map<string, string>()): Map<string, string> {
  for (const { code = '', display, concept } of concepts) {
    if (display !== undefined) names.set(code, display);
    namesIn(concept, names);
  }
  return names;
}

interface Concept {
  readonly code?: string;
  readonly display?: string;
  readonly concept?: readonly Concept[];
}

/** @returns what a concept is called: by its codes first, else in the words written beside them */
export function nameOfConcept(concept: CodeableConcept | undefined, displays: Displays): string | undefined {
  const codings = concept?.coding ?? [];
  for (const coding of codings.toReversed()) {
    const known = displays(coding);
    if (known !== undefined) return known;
  }
  return codings.find(({ display }) => display !== undefined)?.display ?? concept?.text;
}

/** @returns `Loneliness: widowed last year`, where the words add something */
export function conceptInFull(concept: CodeableConcept | undefined, displays: Displays): string | undefined {
  const name = nameOfConcept(concept, displays);
  const { text } = concept ?? {};
  return name === undefined || text === undefined || name === text ? name : `${name}: ${text}`;
}

export function hasCode(concept: CodeableConcept | undefined, system: string, code: string): boolean {
  return (concept?.coding ?? []).some((coding) => coding.system === system && coding.code === code);
}

/** @returns the name a person goes by: usual, else official, else the first that is no former one */
export function nameIn(names: readonly HumanName[] = []): string | undefined {
  const current = names.filter(({ use }) => use !== 'old' && use !== 'maiden');
  const name =
    current.find(({ use }) => use === 'usual') ?? current.find(({ use }) => use === 'official') ?? current[0];
  if (name === undefined) return undefined;
  const written = [...(name.prefix ?? []), ...(name.given ?? []), name.family].filter(Boolean).join(' ');
  return written || name.text;
}

/**
 * @param text FHIR date or dateTime, in the precision that it is written
 * @returns `10 June 2026`, by the clock in the UK; undefined for what is no date
 */
export function ukDate(text: string | undefined): string | undefined {
  const match = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(T.+)?)?)?$/.exec(text ?? '');
  if (match === null || text === undefined) return undefined;
  if (match[4] !== undefined) return ukDateOf(Date.parse(text));
  const [, year, month, day] = match;
  if (month === undefined) return year;
  const name = MONTHS[Number(month) - 1];
  return day === undefined ? `${name} ${year}` : `${Number(day)} ${name} ${year}`;
}

/** @returns the date of a moment in the UK; undefined for no moment */
export function ukDateOf(atMs: number): string | undefined {
  if (!Number.isFinite(atMs)) return undefined;
  const local = new Date(atMs + offsetMs(ZONE, atMs));
  return `${local.getUTCDate()} ${MONTHS[local.getUTCMonth()]} ${local.getUTCFullYear()}`;
}

/** @returns the moment that a FHIR dateTime begins; undefined for none */
export function momentOf(text: string | undefined): number | undefined {
  const atMs = Date.parse(text ?? '');
  return Number.isFinite(atMs) ? atMs : undefined;
}

/** @returns ten digits as they are read out: `999 000 0018` */
export function groupedNumber(digits: string): string {
  return `${digits.slice(0, 3)} ${digits.slice(3, 6)} ${digits.slice(6)}`;
}

const NOTE_KIND = 'https://hedgerow.example/fhir/StructureDefinition/note-kind';

/** @param kinds of note that are wanted; undefined among them: a note without a kind */
export function notesOf(
  notes: readonly Annotation[] | undefined,
  ...kinds: readonly (string | undefined)[]
): readonly string[] {
  return (notes ?? []).flatMap(({ text, extension }) => {
    const kind = extension?.find(({ url }) => url === NOTE_KIND)?.valueCode;
    return text && kinds.includes(kind) ? [text] : [];
  });
}

/** @returns `a, b and c` */
export function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** @returns `1 contact`, `3 contacts` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** @returns at most two decimals, none that are needless */
export function figure(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** @returns `text` with its first letter small, unless it is an abbreviation */
export function inSentence(text: string): string {
  return /^\p{Lu}\p{Ll}/u.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
}
