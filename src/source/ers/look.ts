/** Takes in what e-RS holds for one service: the referrals on its lists, and how those taken in before stand now. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { resourceId } from '../../fhir/ids.ts';
import type { ErsClient } from '../../nhs/ers/client.ts';
import type { Store } from '../../store/store.ts';
import { type KindReader, readObject, startReading, unread } from '../kind-reader.ts';
import type { ReadRecord } from '../record.ts';

/** Name of the source, as mappings/e-rs/source.json has it. */
export const ERS_SOURCE = 'e-rs';
export const ERS_KIND = 'referral';
const UBRN_SYSTEM = 'https://fhir.nhs.uk/Id/UBRN';

export interface LookOptions {
  readonly client: ErsClient;
  readonly store: Pick<Store, 'search' | 'job' | 'keepJob'>;
  readonly reader: KindReader;
  readonly service: { readonly id: string; readonly name?: string | undefined };
  readonly lists: readonly string[];
  readonly numbersAreVerified: boolean;
  /** takes the records to disk, with a receipt of their own */
  readonly ingest: (records: AsyncIterable<ReadRecord>) => Promise<{ committed: number; refused: number }>;
  readonly onTrouble: (outcome: OperationOutcome) => void;
  readonly clock: () => number;
}

export interface Looked {
  readonly committed: number;
  readonly refused: number;
  /** referrals that another source has brought, and that are left to it */
  readonly elsewhere: number;
  /** that could not be asked for, and are asked for at the next turn */
  readonly waiting: number;
}

/** What is known of a service between two looks. */
interface Progress {
  /** referrals that may still change */
  readonly open: readonly string[];
}

/** States after which a referral is not asked for again @source e-RS API, eRS-ReferralState-1 */
const ENDED: ReadonlySet<string> = new Set(['CANCELLED_REFERRAL', 'REJECTED', 'TRIAGE_RESPONSE']);

/** @returns what became of it; a list or referral that could not be had is told, and asked for again next time */
export async function lookAtService(options: LookOptions, signal: AbortSignal): Promise<Looked> {
  const { service, store, clock } = options;
  const job = `e-rs ${service.id}`;
  const { open } = JSON.parse((await store.job(job)) ?? '{"open":[]}') as Progress;
  const names = await listed(options, signal);
  const wanted = [...new Set([...names.keys(), ...open])];
  const still = new Set(wanted);
  let elsewhere = 0;
  async function* records(): AsyncGenerator<ReadRecord> {
    for (const ubrn of wanted) {
      if (signal.aborted) return;
      if (await isElsewhere(store, ubrn)) {
        still.delete(ubrn);
        elsewhere += 1;
        continue;
      }
      const read = await readReferral(options, ubrn, names.get(ubrn), signal);
      if (read === 'waits') continue;
      if (read.isEnded) still.delete(ubrn);
      answered.add(ubrn);
      yield read.record;
    }
  }
  const answered = new Set<string>();
  const { committed, refused } = await options.ingest(records());
  await store.keepJob(job, JSON.stringify({ open: [...still].sort() } satisfies Progress), clock());
  return { committed, refused, elsewhere, waiting: wanted.length - answered.size - elsewhere };
}

/** @returns booking references on the lists, each with the name of the service */
async function listed(
  { client, lists, service, onTrouble }: LookOptions,
  signal: AbortSignal,
): Promise<Map<string, string | undefined>> {
  const names = new Map<string, string | undefined>();
  for (const list of lists) {
    const answer = await client.list(service.id, list, signal);
    if (answer.ok) for (const { ubrn, serviceName } of answer.value) names.set(ubrn, serviceName);
    else onTrouble(answer.outcome);
  }
  return names;
}

/** A case system that names the booking reference holds the referral itself: it is said once. */
async function isElsewhere(store: Pick<Store, 'search'>, ubrn: string): Promise<boolean> {
  const own = resourceId(ERS_SOURCE, { type: 'ServiceRequest', role: 'referral', key: ubrn });
  const values = [{ system: UBRN_SYSTEM, code: ubrn }];
  const page = await store.search({
    type: 'ServiceRequest',
    clauses: [{ kind: 'token', param: 'identifier', values }],
    count: 2,
  });
  return page.versions.some(({ id }) => id !== own);
}

async function readReferral(
  { client, reader, service, numbersAreVerified, onTrouble, clock }: LookOptions,
  ubrn: string,
  name: string | undefined,
  signal: AbortSignal,
): Promise<'waits' | { readonly record: ReadRecord; readonly isEnded: boolean }> {
  const reading = startReading(reader, { nowMs: clock() });
  const answer = await client.referral(ubrn, signal);
  if (!answer.ok && answer.retry !== 'permanent') {
    onTrouble(answer.outcome);
    return 'waits';
  }
  if (!answer.ok)
    return { record: unread(reading, answer.outcome, undefined, { ubrn }, ubrn), isEnded: false };
  const known = service.name ?? name;
  const payload = {
    ubrn,
    ...(numbersAreVerified ? { numberVerified: true } : {}),
    service: { id: service.id, ...(known === undefined ? {} : { name: known }) },
    referralRequest: answer.value,
  };
  return { record: readObject(reading, payload, undefined), isEnded: isEnded(answer.value) };
}

function isEnded({ extension }: Readonly<Record<string, unknown>>): boolean {
  const parts = arrayOf(extension).flatMap((one) => arrayOf(one.extension));
  return parts.some(({ url, valueCoding }) => {
    const { code } = (valueCoding ?? {}) as { code?: unknown };
    return url === 'state' && ENDED.has(String(code));
  });
}

function arrayOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
}
