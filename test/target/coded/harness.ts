/** Coded activity over a real store: a line of the outbox that is worked off by hand, and people who may be filed. */
import type { Consent } from '@medplum/fhirtypes';
import {
  type CodedRule,
  NATIONAL_RULES,
  type ReadyRules,
  readyRules,
} from '../../../src/referral/coded/rule.ts';
import { ACTIVITY_TARGET } from '../../../src/store/coded-work.ts';
import type { CommitRecord, CommitRules, Identified, Store } from '../../../src/store/store.ts';
import { type CodedActivity, createCodedActivity } from '../../../src/target/coded/coded-activity.ts';
import { createLists, type Lists } from '../../../src/target/coded/list.ts';
import type { Way } from '../../../src/target/coded/out.ts';
import { routing } from '../../../src/target/route.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
import { idOf, NOW_MS, organization, patient, recordOf, withNhsNumber } from '../../store/samples.ts';
import { definitions } from '../../store/temporary.ts';

export const PRACTICE = 'Y01234';
export const DAY = '2025-03-01';
const CONSENT = 'https://hedgerow.example/fhir/CodeSystem';

export interface Desk {
  readonly store: Store;
  readonly coded: CodedActivity;
  readonly lists: Lists;
  /** moves the clock */
  setNow(ms: number): void;
  /** commits one record of these resources, and works off the line */
  commit(resources: readonly Identified[], more?: Partial<CommitRecord>): Promise<void>;
  /** works off the line as the outbox does */
  work(): Promise<number>;
}

export interface DeskOptions {
  readonly rules?: readonly CodedRule[];
  readonly since?: string;
  readonly practices?: readonly string[];
  readonly ways?: readonly Way[];
}

export function rulesOf(rules: readonly CodedRule[] = NATIONAL_RULES): ReadyRules {
  const ready = readyRules(rules, definitions());
  if (!ready.ok) throw new Error(JSON.stringify(ready.outcome));
  return ready.value;
}

export function openDesk(store: Store, options: DeskOptions = {}): Desk {
  let nowMs = NOW_MS;
  const clock = (): number => nowMs;
  const rules = rulesOf(options.rules);
  const { since = '2020-01-01', practices, ways = [] } = options;
  const timeZone = 'Europe/London';
  const coded = createCodedActivity({ store, clock, rules, since, practices, timeZone });
  const { exchange } = createExchange({ maxSockets: 1 });
  const lists = createLists({ store, coded, clock, timeZone, ways, exchange });
  const commitRules: CommitRules = {
    check: () => [],
    provenanceId: () => undefined,
    provenance: () => undefined,
    ...routing([{ name: ACTIVITY_TARGET, send: { types: rules.types } }]),
  };
  const work = async (): Promise<number> => {
    let done = 0;
    for (;;) {
      const group = await store.claim(ACTIVITY_TARGET, { nowMs, leaseMs: 60_000, maxEntries: 100 });
      if (!group) return done;
      const settlements = await coded.deliver(group, new AbortController().signal);
      await store.settle(ACTIVITY_TARGET, group.deliveryKey, settlements, nowMs);
      done += settlements.length;
    }
  };
  return {
    store,
    coded,
    lists,
    work,
    setNow(ms) {
      nowMs = ms;
    },
    async commit(resources, more = {}) {
      const record = recordOf(resources, { sourceTimeMs: nowMs, ...more });
      const [result] = await store.commit([record], commitRules, nowMs);
      if (result?.state === 'refused') throw new Error(JSON.stringify(result));
      await work();
    },
  };
}

/** The practice, its GP and the link worker service. */
export const PLACES: readonly Identified[] = [
  {
    ...(organization('practice', 'Example Surgery') as object),
    identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: PRACTICE }],
  } as Identified,
  {
    ...(organization('other-practice', 'Another Surgery') as object),
    identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'Y99999' }],
  } as Identified,
  {
    resourceType: 'Practitioner',
    id: idOf('gp'),
    name: [{ prefix: ['Dr'], given: ['Sam'], family: 'Example' }],
  } as Identified,
  {
    resourceType: 'PractitionerRole',
    id: idOf('gp-role'),
    practitioner: { reference: `Practitioner/${idOf('gp')}` },
    organization: { reference: `Organization/${idOf('practice')}` },
    code: [{ coding: [{ display: 'General practitioner' }] }],
  } as Identified,
];

export const GP = { reference: `PractitionerRole/${idOf('gp-role')}` };

/** @returns a person registered at the practice, with a verified NHS number unless told otherwise */
export function registered(
  name: string,
  number: string | undefined,
  { status = '01', practice = 'practice', ...more }: Readonly<Record<string, unknown>> = {},
): Identified {
  const person = number === undefined ? patient(name) : withNhsNumber(name, number, String(status));
  return {
    ...person,
    birthDate: '1948-05-17',
    generalPractitioner: [{ reference: `Organization/${idOf(String(practice))}` }],
    ...more,
  } as Identified;
}

/** @param extent `coded-only` or `full` */
export function agreed(
  person: string,
  {
    status = 'active',
    extent = 'coded-only',
    dateTime = '2025-02-01',
  }: Partial<Record<'status' | 'extent' | 'dateTime', string>> = {},
): Identified {
  const consent: Consent = {
    resourceType: 'Consent',
    status: status as Consent['status'],
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: `${CONSENT}/consent-purpose`, code: 'share-gp' }] }],
    patient: { reference: `Patient/${idOf(person)}` },
    dateTime,
    provision: {
      type: status === 'active' ? 'permit' : 'deny',
      code: [{ coding: [{ system: `${CONSENT}/consent-extent`, code: extent }] }],
    },
  };
  return { ...consent, id: idOf(`consent of ${person}`) } as Identified;
}

/** A referral that the person has accepted. */
export function referred(name: string, person: string, more: object = {}): Identified {
  return {
    resourceType: 'ServiceRequest',
    id: idOf(name),
    status: 'active',
    intent: 'order',
    code: { coding: [{ system: 'http://snomed.info/sct', code: '871731000000106' }] },
    subject: { reference: `Patient/${idOf(person)}` },
    authoredOn: DAY,
    requester: GP,
    ...more,
  } as Identified;
}

/** What the person said no to. */
export function declined(name: string, person: string, more: object = {}): Identified {
  return {
    resourceType: 'Task',
    id: idOf(name),
    status: 'cancelled',
    intent: 'order',
    for: { reference: `Patient/${idOf(person)}` },
    statusReason: { coding: [{ system: 'http://snomed.info/sct', code: '871711000000103' }] },
    lastModified: `${DAY}T10:00:00Z`,
    requester: GP,
    ...more,
  } as Identified;
}
