/** What the commands that go over kept records again work with, in the running adapter or beside its store. */
import type { Config } from '../../config.ts';
import type { MapSet } from '../../mapping/map-set.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { LoadedSource } from '../../source/load.ts';
import type { SourceRecord } from '../../source/record.ts';
import type { Store, StoredRecord } from '../../store/store.ts';
import type { CompareOptions } from '../../target/fhir/compare.ts';
import type { FhirClient } from '../../target/fhir/fhir-client.ts';
import type { CodedDesk } from '../coded/coded-activity.ts';
import type { LoadedParts } from '../load.ts';

/** How long things are kept, in days; what is absent is kept for ever. */
export interface Retention {
  readonly payloadDays?: number | undefined;
  /** default `payloadDays`, as the two that follow */
  readonly messageDays?: number | undefined;
  readonly codedEntryDays?: number | undefined;
  readonly answerDays?: number | undefined;
  readonly historyDays?: number | undefined;
  /** superseded versions of a resource that stay, however old; default 1 */
  readonly historyVersions?: number | undefined;
  readonly receiptDays?: number | undefined;
  readonly resolvedWorkDays?: number | undefined;
  readonly auditDays?: number | undefined;
  /** rows of the audit that stay in the store at most */
  readonly auditRows?: number | undefined;
  /** size that the store is to stay below: above it, payloads and history go sooner, down to a day */
  readonly maxMegabytes?: number | undefined;
}

/** A target as a comparison sees it. */
export interface ComparedPlace extends Pick<CompareOptions, 'gate'> {
  readonly ids: 'client' | 'server';
  readonly client: FhirClient;
}

export interface Workshop {
  readonly store: Store;
  readonly sources: ReadonlyMap<string, LoadedSource>;
  /** today's maps, by source */
  readonly maps: ReadonlyMap<string, MapSet>;
  readonly compileKept: LoadedParts['compileKept'];
  /** the way in, by other maps than today's where some are given */
  readonly pipelineOf: (maps?: ReadonlyMap<string, MapSet>) => Pipeline;
  /** names of the targets */
  readonly targets: readonly string[];
  /** those of them that cannot be asked what they hold, as webhooks; absent: none */
  readonly unasked?: ReadonlySet<string>;
  /** how a target is compared with the store; undefined for one that is not configured, or no FHIR server */
  readonly placeOf: (target: string) => ComparedPlace | undefined;
  /** how long things are kept */
  readonly retention: Retention;
  /** folder of the audit's files */
  readonly archiveDir: string;
  readonly clock: () => number;
  /** directories of activities, and what these are held to; absent: none */
  readonly config?: Pick<Config, 'directories' | 'activities' | 'targets'> | undefined;
  /** coded activity, where it is configured */
  readonly coded?: CodedDesk | undefined;
  /** says that something may be due */
  readonly wake: () => void;
}

/** Records that are read, mapped and committed at once. */
export const PAGE = 100;

/** @returns a kept record as it was read; undefined when its payload was erased or has passed its time */
export async function asRead(store: Store, record: StoredRecord): Promise<SourceRecord | undefined> {
  const { source, kind, key, payload, sourceTimeMs, timeOf, file, line } = record;
  if (payload === undefined) return undefined;
  const outcomes = await store.readingWarnings(source, kind, key);
  return {
    ...{ ok: true, source, kind, key, sourceTimeMs, timeOf },
    payload: payload as SourceRecord['payload'],
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    warnings: outcomes.flatMap(({ issue }) => issue),
  };
}

export async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
