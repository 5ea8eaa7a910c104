/** Turns two of the platform's examples into any number of people, each with one referral and contacts of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../src/cli/load.ts';
import { testNhsNumber } from '../../tooling/demo/nhs-number.ts';

/** A record as it is posted, and the key it is stored under. */
export interface Posted {
  readonly kind: 'referral' | 'contact';
  readonly key: string;
  readonly body: object;
}

const REFERRAL = example('referral/adult-referred-by-gp');
const CONTACT = example('contact/telephone-attended');
/** Well past the numbers that other synthetic sets use. */
const FIRST_NHS_NUMBER = 100_000;
const FIRST_CONTACT_MS = Date.parse('2026-03-05T10:00:00Z');
const DAY_MS = 86_400_000;

/**
 * All who consent to share with the GP; link worker, service and practice are the same for everybody.
 * @param people referrals, numbered from 1
 * @param contacts in all, as many for each person as for any other, give or take one
 * @returns one person after the other, referral first
 */
export function journeys(people: number, contacts: number): Posted[] {
  return Array.from({ length: people }, (_, at) => {
    const own = Math.floor((contacts * (at + 1)) / people) - Math.floor((contacts * at) / people);
    return [referral(at + 1), ...Array.from({ length: own }, (_none, of) => contact(at + 1, of + 1))];
  }).flat();
}

function referral(person: number): Posted {
  const body = structuredClone(REFERRAL) as typeof REFERRAL & {
    referral: { id: string; ubrn: string };
    client: { id: string; nhsNumber: string; otherIds?: unknown };
  };
  body.referral.id = `R-${person}`;
  body.referral.ubrn = String(person).padStart(12, '0');
  body.client.id = `C-${person}`;
  body.client.nhsNumber = testNhsNumber(FIRST_NHS_NUMBER + person);
  delete body.client.otherIds;
  return { kind: 'referral', key: body.referral.id, body };
}

function contact(person: number, nth: number): Posted {
  const body = structuredClone(CONTACT) as typeof CONTACT & { contact: Record<string, unknown> };
  const startMs = FIRST_CONTACT_MS + (nth - 1) * 7 * DAY_MS;
  Object.assign(body.contact, {
    id: `K-${person}-${nth}`,
    clientId: `C-${person}`,
    referralId: `R-${person}`,
    start: new Date(startMs).toISOString(),
    end: new Date(startMs + 35 * 60_000).toISOString(),
    attempt: nth,
  });
  return { kind: 'contact', key: `K-${person}-${nth}`, body };
}

function example(name: string): object {
  const path = join(ROOT, 'mappings/platform/examples', name, 'input.json');
  return JSON.parse(readFileSync(path, 'utf8')) as object;
}
