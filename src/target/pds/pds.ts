/** Asks PDS about Patients whose number, names or birth date are new, and commits what it says before their delivery counts as made. */
import { randomUUID } from 'node:crypto';
import type { Patient } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { checkPatient } from '../../nhs/pds/check.ts';
import type { PdsClient, RequestIds, Waiting } from '../../nhs/pds/client.ts';
import { type Finding, type PdsOutcome, withKnownRestriction } from '../../nhs/pds/finding.ts';
import { isRestricted } from '../../referral/restriction.ts';
import type { CommitRecord, CommitResult, Identified, ReceiptStart, Store } from '../../store/store.ts';
import type { Gate } from '../gate.ts';
import { InOrder } from '../in-order.ts';
import type { Delivered, Delivery, Target } from '../target.ts';
import { askedAnew, identityOf, isStale, type Kept, keptOf, labelIn, shows } from './memory.ts';
import { recordOf } from './record.ts';
import { askHolders } from './superseded.ts';

/** Name of the target, and of the source that its answers are. */
export const PDS = 'pds';

export interface PdsTargetOptions {
  readonly client: PdsClient;
  readonly store: Pick<Store, 'read' | 'answers' | 'saidBy' | 'search' | 'resend'>;
  /** look for who has no NHS number */
  readonly trace: boolean;
  /** days after which somebody who has not changed is asked about again */
  readonly recheckDays: number;
  readonly take: (
    records: readonly CommitRecord[],
    receipt: ReceiptStart,
  ) => Promise<readonly CommitResult[]>;
  readonly clock: () => number;
  /** counts what became of each check */
  readonly count?: (outcome: PdsOutcome | 'unchanged' | 'refused') => void;
  readonly close?: () => void;
}

/** Reading changes nothing at PDS: an entry whose answer was lost is asked about again. */
export function createPdsTarget(options: PdsTargetOptions): Target {
  const ids = new RequestMemory();
  return {
    name: PDS,
    async deliver(deliveries, signal) {
      const order = new InOrder(signal);
      for (const delivery of deliveries)
        if (order.maySend(delivery)) order.settle(delivery, await check(options, ids, delivery, signal));
      return deliveries.map((delivery) => order.answer(delivery));
    },
    close: async () => options.close?.(),
  };
}

/**
 * Lets every Patient through, whatever the person's consent: whose number it is has to be known before consent can be held
 * to the right person, and nothing but what identifies them is shown. An address is shown for a search alone, and none of a
 * restricted person.
 */
export const pdsGate: Gate = async ({ resource }) => ({ send: true, resource: identifying(resource) });

function identifying(resource: Identified): Identified {
  const { id, identifier, name, birthDate, deceasedDateTime, address, meta } = resource as Patient & {
    id: string;
  };
  const postcodes = isRestricted(resource)
    ? []
    : (address ?? []).map(({ use, postalCode }) => ({
        ...(use ? { use } : {}),
        ...(postalCode ? { postalCode } : {}),
      }));
  return {
    resourceType: 'Patient',
    id,
    ...(meta?.security ? { meta: { security: meta.security } } : {}),
    ...(identifier ? { identifier } : {}),
    ...(name ? { name } : {}),
    ...(birthDate ? { birthDate } : {}),
    ...(deceasedDateTime ? { deceasedDateTime } : {}),
    ...(postcodes.length > 0 ? { address: postcodes } : {}),
  };
}

const DAY_MS = 86_400_000;

async function check(
  options: PdsTargetOptions,
  ids: RequestMemory,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Delivered> {
  const { client, store, trace, clock, count } = options;
  const { entry, resource } = delivery;
  if (resource?.resourceType !== 'Patient') return forget(options, delivery);
  const kept = await store.answers.get(PDS, entry.id);
  const before = kept && kept.answer !== '' ? (JSON.parse(kept.answer) as Kept) : undefined;
  const isKnown = before !== undefined && before.identity === identityOf(resource) && shows(resource, before);
  if (isKnown && clock() < kept!.untilMs) {
    count?.('unchanged');
    return made(delivery, clock());
  }
  const today = new Date(clock()).toISOString().slice(0, 10);
  const idsOf = (step: string): RequestIds => ids.of(entry.seq, step);
  const answer = await checkPatient({ client, trace, idsOf, today }, resource, signal);
  if ('kind' in answer) {
    count?.('refused');
    return refused(answer);
  }
  ids.forget(entry.seq);
  if (isStale(answer, before)) {
    count?.('refused');
    return refused(STALE, 'recordLocked');
  }
  // of the store itself: what is kept of answers may have gone, or never have come to be kept
  const word = await store.saidBy({ source: PDS, kind: 'Patient', key: entry.id }, 'Patient', entry.id);
  const found = withKnownRestriction(answer, labelIn(word));
  count?.(found.outcome);
  const now = keptOf(resource, found, before);
  if (!(isKnown && found.version !== undefined && before.version === now.version && before.word === now.word))
    if (!(await commit(options, delivery, found))) {
      // whoever they are, they are to be asked about again
      const answer = JSON.stringify(askedAnew(now));
      await store.answers.keep(PDS, entry.id, { answer, untilMs: 0 }, clock());
      return refused(NOT_TAKEN, 'recordLocked');
    }
  await askHolders(store, found.word, clock());
  const untilMs = clock() + options.recheckDays * DAY_MS;
  await store.answers.keep(PDS, entry.id, { answer: JSON.stringify(now), untilMs }, clock());
  return made(delivery, clock());
}

/** What was said last is not taken back by what was so before it. */
const STALE: Waiting = {
  kind: 'refused',
  retry: 'transient',
  code: 'processing',
  rule: 'pds-stale',
  diagnostics:
    'PDS answered with an earlier version of the record than it gave before; nothing was taken from it. It is asked again later.',
};

/**
 * What PDS says has not been laid over the Patient, but for a restriction: nothing else may count on it, and it is asked
 * again until it has been.
 */
const NOT_TAKEN: Waiting = {
  kind: 'refused',
  retry: 'transient',
  code: 'processing',
  rule: 'pds-not-taken',
  diagnostics:
    'What PDS says does not go with what is kept of the person, and was not laid over it; only that the person is restricted is kept, where it says so. Settle the item of the source "pds" in the worklist; PDS is asked again later.',
};

/** @returns false where it does not go with what is here: the worklist has it */
async function commit(options: PdsTargetOptions, { entry }: Delivery, finding: Finding): Promise<boolean> {
  const { store, take, clock } = options;
  const stored = await store.read(entry.type, entry.id);
  if (stored?.resource === undefined) return true; // erased meanwhile
  const nowMs = clock();
  const receipt = { id: randomUUID(), source: PDS, kind: 'Patient', receivedMs: nowMs, file: undefined };
  const about = { finding, version: entry.version, ownerOrg: stored.ownerOrg, receiptId: receipt.id, nowMs };
  const [result] = await take([recordOf(about)], receipt);
  return result?.state !== 'refused';
}

/** Whoever was erased is known here no longer. */
async function forget({ store, clock }: PdsTargetOptions, delivery: Delivery): Promise<Delivered> {
  await store.answers.keep(PDS, delivery.entry.id, { answer: '', untilMs: 0 }, clock());
  await store.answers.forget(PDS, 1);
  return made(delivery, clock());
}

function made({ entry, digest }: Delivery, deliveredMs: number): Delivered {
  const { target, type, id, version } = entry;
  const link = { target, type, id, remoteId: id, remoteVersion: undefined, version, digest, deliveredMs };
  return { ok: true, link };
}

/** @param as how it ends, where the fault is one person's and says nothing of PDS: `recordLocked` is asked ever more seldom */
function refused(waiting: Waiting, as?: 'recordLocked'): Delivered {
  const { code, rule, diagnostics, retryAfterMs } = waiting;
  const retry = as ?? waiting.retry;
  const outcome = outcomeOf(issueOf({ code, rule, diagnostics }));
  return { ok: false, retry, ...(retryAfterMs === undefined ? {} : { retryAfterMs }), outcome };
}

/** Ids of requests without an answer so far: the same question is asked again under the same. */
class RequestMemory {
  readonly #ids = new Map<number, { correlation: string; steps: Map<string, string> }>();

  of(seq: number, step: string): RequestIds {
    const one = this.#ids.get(seq) ?? { correlation: randomUUID(), steps: new Map<string, string>() };
    this.#ids.delete(seq); // the oldest goes first
    this.#ids.set(seq, one);
    if (this.#ids.size > MOST_REMEMBERED) this.#ids.delete(this.#ids.keys().next().value!);
    const request = one.steps.get(step) ?? randomUUID();
    one.steps.set(step, request);
    return { request, correlation: one.correlation };
  }

  forget(seq: number): void {
    this.#ids.delete(seq);
  }
}

const MOST_REMEMBERED = 10_000;
