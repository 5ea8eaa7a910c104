/** A store, PDS, and what is between them, with time that a test holds; an EHR that takes only verified people stands beside them. */
import type { Patient } from '@medplum/fhirtypes';
import { afterEach } from 'vitest';
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import { isNhsNumberSystem } from '../../../src/fhir/verified-number.ts';
import { createPdsClient } from '../../../src/nhs/pds/client.ts';
import { createPace } from '../../../src/nhs/pds/pace.ts';
import { evidenceOf } from '../../../src/outbox/evidence.ts';
import type {
  CommitRecord,
  CommitResult,
  CommitRules,
  Identified,
  Settlement,
  Store,
} from '../../../src/store/store.ts';
import { createDelivery } from '../../../src/target/fhir/deliver-group.ts';
import { createPdsTarget, PDS, type PdsTargetOptions, pdsGate } from '../../../src/target/pds/pds.ts';
import { routing } from '../../../src/target/route.ts';
import { createShareGate } from '../../../src/target/share-gate.ts';
import type { Delivery, Target } from '../../../src/target/target.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
import { send } from '../../../src/wire/http.ts';
import { type PdsServer, startPds } from '../../servers/pds.ts';
import { BORN } from '../../servers/pds-records.ts';
import { idOf, NOW_MS, RULES, recordOf, withNhsNumber } from '../../store/samples.ts';
import { temporaryStore } from '../../store/temporary.ts';

const definitions = loadBaseDefinitions();
const EHR = {
  name: 'ehr',
  purpose: 'share-with-gp',
  requiresVerifiedNhsNumber: true,
  allowRestricted: false,
} as const;

export interface PdsPlace {
  readonly store: Store;
  readonly pds: PdsServer;
  /** what the EHR got, oldest first */
  readonly sent: Identified[];
  readonly outcomes: string[];
  /** what each call to PDS said of PDS itself, as the worker counts it; and until when the person's turn is put off */
  readonly evidence: { readonly of: 'up' | 'down' | 'none'; readonly waitMs: number }[];
  /** Commits a record of a source. */
  say(record: CommitRecord): Promise<CommitResult>;
  /** Asks PDS about everybody who is due, and sends the EHR what may go. @returns requests that were made */
  settle(): Promise<number>;
  /** Lets time pass. */
  pass(ms: number): void;
  patient(name: string): Promise<Patient>;
  rules(): Promise<(string | undefined)[]>;
}

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** @param between address in place of that of the simulator, from that */
export async function openPdsPlace(
  more: Partial<PdsTargetOptions> = {},
  {
    open = temporaryStore,
    between,
    check = RULES.check,
  }: {
    open?: () => Promise<Store>;
    between?: (url: string) => Promise<string>;
    check?: CommitRules['check'];
  } = {},
): Promise<PdsPlace> {
  let nowMs = NOW_MS;
  const clock = (): number => nowMs;
  const store = await open();
  const pds = await startPds({ token: 'good', nowMs: clock });
  const { exchange, close } = createExchange();
  undo.push(close, () => pds.close());
  const rules: CommitRules = {
    ...RULES,
    check,
    ...routing([EHR, { name: PDS, only: ['Patient'], sources: [PDS] }]),
  };
  const take = (records: readonly CommitRecord[]): Promise<readonly CommitResult[]> =>
    store.commit(records, rules, nowMs);
  const pause = async (ms: number): Promise<void> => {
    nowMs += ms;
  };
  const client = createPdsClient({
    baseUrl: between ? await between(pds.url) : pds.url,
    ask: (request, signal) =>
      send(
        { ...request, headers: { ...request.headers, authorization: 'Bearer good' } },
        { deadlineMs: 5_000, signal, exchange },
      ),
    pace: createPace({ store, environment: 'test', tps: 5, clock, pause }),
    organisation: 'X26',
    clock,
  });
  const outcomes: string[] = [];
  const target = createPdsTarget({
    ...{ client, store, trace: true, recheckDays: 30, take, clock },
    count: (outcome) => outcomes.push(outcome),
    ...more,
  });
  const evidence: PdsPlace['evidence'] = [];
  const sent: Identified[] = [];
  const ehr = recordingEhr(sent, clock);
  const gate = createShareGate({ store, target: EHR, definitions, clock });
  const ways: [string, ReturnType<typeof createDelivery>][] = [
    [PDS, createDelivery({ store, target, gate: pdsGate, clock, random: () => 0.5 })],
    ['ehr', createDelivery({ store, target: ehr, gate, clock, random: () => 0.5 })],
  ];
  const run = async (): Promise<boolean> => {
    let moved = false;
    for (const [name, deliver] of ways)
      for (;;) {
        const group = await store.claim(name, { nowMs, leaseMs: 60_000, maxEntries: 20 });
        if (!group) break;
        moved = true;
        const settlements = await deliver(group, new AbortController().signal);
        if (name === PDS) evidence.push(evidenceIn(settlements, nowMs));
        await store.settle(name, group.deliveryKey, settlements, nowMs);
      }
    return moved;
  };
  return {
    ...{ store, pds, sent, outcomes, evidence },
    say: async (record) => (await store.commit([record], rules, nowMs))[0]!,
    async settle() {
      const before = pds.seen.length;
      while (await run());
      return pds.seen.length - before;
    },
    pass: (ms) => {
      nowMs += ms;
    },
    patient: async (name) => (await store.read('Patient', idOf(name)))?.resource as Patient,
    rules: async () => (await store.worklist({ open: true, count: 50 })).map(({ rule }) => rule),
  };
}

function evidenceIn(settlements: readonly Settlement[], nowMs: number): PdsPlace['evidence'][number] {
  const waits = settlements.map((one) => ('dueMs' in one ? one.dueMs - nowMs : 0));
  return { of: evidenceOf(settlements), waitMs: Math.max(0, ...waits) };
}

function recordingEhr(sent: Identified[], clock: () => number): Target {
  const deliverOne = ({ entry, resource, digest }: Delivery) => {
    if (resource) sent.push(resource);
    const { target, type, id, version } = entry;
    const link = {
      target,
      type,
      id,
      remoteId: id,
      remoteVersion: '1',
      version,
      digest,
      deliveredMs: clock(),
    };
    return { ok: true as const, link };
  };
  return { name: 'ehr', deliver: async (deliveries) => deliveries.map(deliverOne), close: async () => {} };
}

/** @returns a Patient as a source says it: the number yet to be traced */
export function said(
  name: string,
  number: string | undefined,
  more: Partial<Patient> = {},
  status = '02',
): Identified {
  const { identifier, ...rest } = withNhsNumber(name, number ?? '', status) as Patient & { id: string };
  return { ...rest, birthDate: BORN, ...(number === undefined ? {} : { identifier: identifier! }), ...more };
}

export function record(
  key: string,
  resources: readonly Identified[],
  more: Partial<CommitRecord> = {},
): CommitRecord {
  return recordOf(resources, { key, timeOf: 'reading', ...more });
}

/** @returns `value status`, with `old` for one that was given up */
export function numbersOf({ identifier }: Patient): string[] {
  return (identifier ?? []).flatMap(({ system, value, use, extension }) =>
    isNhsNumberSystem(system)
      ? [
          `${value} ${use === 'old' ? 'old' : (extension?.[0]?.valueCodeableConcept?.coding?.[0]?.code ?? '-')}`,
        ]
      : [],
  );
}
