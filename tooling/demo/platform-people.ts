/** Turns the people and places of a journey into the platform's nested records. */
import type { Referral } from './journey-types.ts';
import type { Person } from './person.ts';
import { COUNCIL, HOSPITAL, type LinkWorker, type Place, SCHOOL, SERVICES } from './places.ts';
import * as codes from './platform-codes.ts';

/** A JSON record, or a part of one. */
export type Json = Readonly<Record<string, unknown>>;

const SPACE = /\s+/;

/** @param type the platform's code for the kind of organisation */
export function placeOf(place: Place, type: string): Json {
  return { id: place.ods, name: place.name, odsCode: place.ods, type };
}

/** A link worker with their service. */
export function workerOf(worker: LinkWorker): Json {
  return {
    id: worker.id,
    ...nameParts(worker.name),
    jobRole: codes.WORKER_ROLE[worker.service],
    organisation: placeOf(SERVICES[worker.service], codes.SERVICE_TYPE[worker.service]),
  };
}

function nameParts(name: string): { firstName: string; lastName: string } {
  const [first, ...rest] = name.split(SPACE);
  return { firstName: first!, lastName: rest.join(' ') };
}

/** The person as the platform keeps them. */
export function clientOf(person: Person): Json & { readonly id: string } {
  const { nhsNumber, phone } = person;
  const isMobile = phone?.startsWith('07');
  return {
    id: `cli-${String(person.number + 1).padStart(5, '0')}`,
    nhsNumber,
    nhsNumberTrace: nhsNumber === undefined ? 'NONE' : person.nhsNumberVerified ? 'VERIFIED' : 'UNTRACED',
    noNhsNumberReason: nhsNumber === undefined ? 'UNKNOWN' : undefined,
    title: person.title,
    firstName: person.given,
    lastName: person.family,
    knownAs: person.knownAs,
    birthDate: person.birthDate,
    gender: codes.GENDER[person.gender],
    ethnicity: person.ethnicCategory,
    address: { lines: person.line.split(', '), town: person.town, postcode: person.postcode },
    contact: {
      phone: isMobile ? undefined : phone,
      mobile: isMobile ? phone : undefined,
      email: person.email,
    },
    preferences: {
      method: codes.METHOD[person.contactBy],
      language: person.language,
      interpreter: person.interpreter,
    },
    practice: placeOf(person.practice, 'PRACTICE'),
  };
}

/** Who refers: a professional, a relative, or the person. */
export function referredByOf(referral: Referral): Json {
  const { referredBy, referrer, referrerPlace, follows, person } = referral;
  if (referredBy === 'self') return { self: true };
  if (referredBy === 'family')
    return {
      relative: {
        id: `rel-${referral.number}`,
        ...nameParts(referrer!),
        relation: isMinor(person) ? 'PARENT' : 'OTHER_FAMILY',
      },
    };
  if (follows?.linkWorker) return { professional: workerOf(follows.linkWorker) };
  return {
    professional: {
      id: `pro-${referrer!.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`,
      ...nameParts(referrer!),
      jobRole: codes.REFERRER_ROLE[referredBy],
      organisation: placeOf(referrerPlace!, placeType(referrerPlace!)),
    },
  };
}

function isMinor(person: Person): boolean {
  return person.birthDate > '2008-06-30';
}

function placeType(place: Place): string {
  if (place === HOSPITAL) return 'HOSPITAL';
  if (place === COUNCIL) return 'COUNCIL';
  return place === SCHOOL ? 'SCHOOL' : 'PRACTICE';
}
