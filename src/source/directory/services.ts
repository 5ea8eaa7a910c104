/** Reads the services of a page, each on its own where the list does not give them in full, and only those that may have changed. */
import { ruleOf } from '../../fhir/outcome.ts';
import type { Store } from '../../store/store.ts';
import { type Reading, readObject } from '../kind-reader.ts';
import type { ReadRecord } from '../record.ts';
import { type DirectoryClient, type DirectoryTrouble, type Stamp, trouble } from './client.ts';
import type { Listed } from './page.ts';

export interface ServiceReaderOptions {
  readonly client: DirectoryClient;
  readonly name: string;
  readonly store: Pick<Store, 'sourceRecord' | 'answers'>;
  readonly detail: 'each' | 'list';
  readonly reading: Reading;
  readonly clock: () => number;
}

export interface ReadServices {
  readonly records: readonly ReadRecord[];
  readonly stamps: ReadonlyMap<string, Stamp>;
  /** one or some could not be read; the others were */
  readonly missed: DirectoryTrouble | undefined;
  /** ids of those */
  readonly missedIds: readonly string[];
  /** ids that were not come to */
  readonly unasked: readonly string[];
  /** so many could not be read that the directory is left alone */
  readonly stops: DirectoryTrouble | undefined;
}

/** Services in a row that could not be read, after which the directory is left alone. */
export const MOST_FAILURES = 5;
/** A stamp says what was read last, however long ago. */
const FOR_EVER_MS = 4_102_444_800_000;

export function createServiceReader(options: ServiceReaderOptions): {
  /** @param mostFailures in a row, after which the directory is left alone */
  read(services: readonly Listed[], signal: AbortSignal, mostFailures?: number): Promise<ReadServices>;
  keepStamps(stamps: ReadonlyMap<string, Stamp>): Promise<void>;
} {
  return {
    read: (services, signal, mostFailures = MOST_FAILURES) =>
      readAll(options, services, signal, mostFailures),
    async keepStamps(stamps) {
      for (const [id, stamp] of stamps) await keepStamp(options, id, stamp);
    },
  };
}

/** Forgets by what a service is known again: it is read anew when it is there again. */
export async function keepStamp(
  { store, name, clock }: Pick<ServiceReaderOptions, 'store' | 'name' | 'clock'>,
  id: string,
  stamp: Stamp,
): Promise<void> {
  const kept = { answer: JSON.stringify(stamp), untilMs: FOR_EVER_MS };
  await store.answers.keep(`directory ${name}`, id, kept, clock());
}

async function readAll(
  options: ServiceReaderOptions,
  services: readonly Listed[],
  signal: AbortSignal,
  mostFailures: number,
): Promise<ReadServices> {
  const records: ReadRecord[] = [];
  const missedIds: string[] = [];
  const stamps = new Map<string, Stamp>();
  let missed: DirectoryTrouble | undefined;
  let failures = 0;
  for (const [at, listed] of services.entries()) {
    const read = await readOne(options, listed, signal);
    if (!read) continue;
    if ('service' in read) {
      failures = 0;
      // a copy: reading changes it in place
      records.push(readObject(options.reading, structuredClone(read.service), undefined));
      if (read.stamp) stamps.set(listed.id, read.stamp);
      continue;
    }
    missed ??= read;
    failures += 1;
    missedIds.push(listed.id);
    const isDown = failures >= MOST_FAILURES && ruleOf(read.outcome.issue[0]!) === 'directory-unreachable';
    if (read.waitMs !== undefined || failures >= mostFailures || isDown || signal.aborted) {
      const unasked = services.slice(at + 1).map(({ id }) => id);
      return { records, stamps, missed, missedIds, unasked, stops: read };
    }
  }
  return { records, stamps, missed, missedIds, unasked: [], stops: undefined };
}

interface ReadService {
  readonly service: Readonly<Record<string, unknown>>;
  readonly stamp?: Stamp;
}

/** @returns undefined for one that is as it was */
async function readOne(
  options: ServiceReaderOptions,
  { id, lastModified, service }: Listed,
  signal: AbortSignal,
): Promise<ReadService | DirectoryTrouble | undefined> {
  const { client, name, store, reading } = options;
  if (options.detail === 'list') return { service };
  const kept = await store.sourceRecord(reading.reader.source, reading.reader.kind, id);
  if (kept && lastModified !== undefined && isSameTime(lastModified, kept.payload)) return undefined;
  const stamp = kept && (await stampOf(options, id));
  const answer = await client.get(`services/${encodeURIComponent(id)}`, stamp, signal);
  if ('outcome' in answer) return answer;
  if (answer.state !== 'read') return undefined; // gone since it was listed: the next sweep tells
  const { body } = answer;
  const own = typeof body === 'object' && body !== null && 'id' in body ? `${body.id}` : undefined;
  if (own !== id)
    return trouble('directory-other-service', `${name} was asked for a service and gave another, or none.`);
  return { service: body as ReadService['service'], stamp: answer.stamp };
}

async function stampOf({ store, name }: ServiceReaderOptions, id: string): Promise<Stamp | undefined> {
  const kept = await store.answers.get(`directory ${name}`, id);
  return kept && (JSON.parse(kept.answer) as Stamp);
}

function isSameTime(listed: string, payload: unknown): boolean {
  const { last_modified: kept } = (payload ?? {}) as { last_modified?: unknown };
  return typeof kept === 'string' && Date.parse(kept) === Date.parse(listed);
}
