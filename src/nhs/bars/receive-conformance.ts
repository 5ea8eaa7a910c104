/** Holds a message that came to the MessageDefinition that it claims: how many of each type, which profiles, and references that lead somewhere. */
import { NHS_NUMBER_SYSTEM, parseNhsNumber } from '../../fhir/identifiers.ts';
import { BARS_PROFILES, CANCEL_ENTRIES, MESSAGE_CATEGORIES, REFERRAL_ENTRIES } from './codes.ts';
import type { TakenDefinition } from './combinations.ts';
import { type BarsFault, badRequest as bad } from './errors.ts';
import { systemOf } from './normal-forms.ts';
import { type Entry, isJson, type Json } from './receive-entries.ts';

type Counts = Readonly<Record<string, readonly [least: number, most: number]>>;

const MANY = Number.POSITIVE_INFINITY;

const ENTRIES: Readonly<Record<TakenDefinition, Counts>> = {
  'request-referral': REFERRAL_ENTRIES,
  'request-cancelled': { ...CANCEL_ENTRIES, Organization: [2, MANY] },
  'response-referral': {
    MessageHeader: [1, 1],
    ServiceRequest: [0, 1],
    Patient: [0, 1],
    Organization: [2, MANY],
  },
};

const HEADER_PROFILES: Readonly<Record<TakenDefinition, string>> = {
  'request-referral': BARS_PROFILES.requestHeader,
  'request-cancelled': BARS_PROFILES.requestHeader,
  'response-referral': BARS_PROFILES.responseHeader,
};

/** @returns how many of each type a definition has, for the MessageDefinition that is served */
export function countsOf(definition: TakenDefinition): Counts {
  return ENTRIES[definition];
}

/** @returns the first fault: counts, then profiles, then references, then the referral itself and the person */
export function conformanceFault(
  bundle: Json,
  entries: readonly Entry[],
  definition: TakenDefinition,
  { strictNhsNumbers }: { readonly strictNhsNumbers: boolean },
): BarsFault | undefined {
  return (
    countFault(entries, ENTRIES[definition]) ??
    profileFault(bundle, entries, definition) ??
    referenceFault(entries) ??
    (definition === 'request-referral' ? referralFault(entries) : undefined) ??
    (strictNhsNumbers ? numberFault(entries) : undefined)
  );
}

function countFault(entries: readonly Entry[], counts: Counts): BarsFault | undefined {
  for (const [type, [least, most]] of Object.entries(counts)) {
    const count = entries.filter(({ resource }) => resource.resourceType === type).length;
    if (count >= least && count <= most) continue;
    const wanted = least === most ? `${least}` : most === MANY ? `at least ${least}` : `${least} to ${most}`;
    return bad(
      count < least ? 'required' : 'invariant',
      `The Bundle has ${count} ${type}: its MessageHeader.definition wants ${wanted}.`,
      'Bundle.entry',
    );
  }
  return undefined;
}

function profileFault(
  bundle: Json,
  entries: readonly Entry[],
  definition: TakenDefinition,
): BarsFault | undefined {
  if (!profilesOf(bundle).includes(BARS_PROFILES.bundle))
    return bad('value', `Bundle.meta.profile does not claim ${BARS_PROFILES.bundle}.`, 'Bundle.meta.profile');
  for (const { resource, at } of entries) {
    const place = `Bundle.entry[${at}].resource.meta`;
    const meta = isJson(resource.meta) ? resource.meta : {};
    if (profilesOf(resource).length === 0)
      return bad(
        'required',
        `${place}.profile is missing: every resource claims a profile.`,
        `${place}.profile`,
      );
    if (typeof meta.lastUpdated !== 'string' || Number.isNaN(Date.parse(meta.lastUpdated)))
      return bad('required', `${place}.lastUpdated is missing or no instant.`, `${place}.lastUpdated`);
  }
  const wanted = HEADER_PROFILES[definition];
  return profilesOf(entries[0]!.resource).includes(wanted)
    ? undefined
    : bad('value', `The MessageHeader does not claim ${wanted}.`, 'Bundle.entry[0].resource.meta.profile');
}

function profilesOf({ meta }: Json): readonly unknown[] {
  return isJson(meta) && Array.isArray(meta.profile) ? meta.profile : [];
}

/** The journey that a referral belongs to lives nowhere: its id alone is told, as a reference of this form. */
const JOURNEY = /^EpisodeOfCare\/[A-Za-z0-9\-.]{1,64}$/;
/** Contained, or at an address of its own. */
const ELSEWHERE = /^(?:#|https?:\/\/|urn:oid:)/;

function referenceFault(entries: readonly Entry[]): BarsFault | undefined {
  const known = new Set(entries.map(({ fullUrl }) => fullUrl));
  for (const { resource, at } of entries) {
    const path = danglingIn(resource, `Bundle.entry[${at}].resource`, known);
    if (path !== undefined)
      return bad(
        'invariant',
        `${path} names nothing in the Bundle: every reference is the fullUrl of an entry.`,
        path,
      );
  }
  return undefined;
}

function danglingIn(value: unknown, path: string, known: ReadonlySet<string>): string | undefined {
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) {
      const found = danglingIn(item, `${path}[${at}]`, known);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isJson(value)) return undefined;
  for (const [name, member] of Object.entries(value)) {
    if (!/^[A-Za-z_]\w{0,63}$/.test(name)) continue;
    const here = `${path}.${name}`;
    const isReference = name === 'reference' && typeof member === 'string';
    if (isReference && !known.has(member) && !JOURNEY.test(member) && !ELSEWHERE.test(member)) return here;
    const found = isReference ? undefined : danglingIn(member, here, known);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What BaRS asks of a referral beyond UK Core. @source BARSServiceRequest-request-referral */
function referralFault(entries: readonly Entry[]): BarsFault | undefined {
  const { resource, at } = entries.find((one) => one.resource.resourceType === 'ServiceRequest')!;
  const place = `Bundle.entry[${at}].resource`;
  const { category, intent, authoredOn, subject } = resource;
  if (intent !== 'plan')
    return bad('value', 'ServiceRequest.intent is not plan, as BaRS fixes it.', `${place}.intent`);
  if (!Array.isArray(category) || category.length !== 1)
    return bad(
      'required',
      'ServiceRequest.category must be there once, with the kind of message and the use case.',
      `${place}.category`,
    );
  const codings: readonly unknown[] =
    isJson(category[0]) && Array.isArray(category[0].coding) ? category[0].coding : [];
  if (!codings.some((one) => isJson(one) && one.system === MESSAGE_CATEGORIES && one.code === 'referral'))
    return bad(
      'value',
      `ServiceRequest.category has no coding referral of ${MESSAGE_CATEGORIES}.`,
      `${place}.category[0]`,
    );
  if (typeof authoredOn !== 'string')
    return bad('required', 'ServiceRequest.authoredOn is missing.', `${place}.authoredOn`);
  const patient = entries.find((one) => one.resource.resourceType === 'Patient')!;
  return isJson(subject) && subject.reference === patient.fullUrl
    ? undefined
    : bad('invariant', 'ServiceRequest.subject is not the Patient of the Bundle.', `${place}.subject`);
}

function numberFault(entries: readonly Entry[]): BarsFault | undefined {
  for (const { resource, at } of entries) {
    if (resource.resourceType !== 'Patient' || !Array.isArray(resource.identifier)) continue;
    for (const [index, one] of (resource.identifier as readonly unknown[]).entries()) {
      if (!isJson(one) || systemOf(String(one.system)) !== NHS_NUMBER_SYSTEM) continue;
      if (typeof one.value === 'string' && parseNhsNumber(one.value) !== undefined) continue;
      const path = `Bundle.entry[${at}].resource.identifier[${index}].value`;
      return bad('value', 'The NHS number fails its check digit: correct it, or leave it out.', path);
    }
  }
  return undefined;
}
