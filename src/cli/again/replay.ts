/** Turns "do that again" into deliveries that are due once more, refused records that are read once more, or records that are mapped anew. */
import { digestOfText } from '../../fhir/digest.ts';
import { provenanceId } from '../../fhir/provenance.ts';
import type { MapSet } from '../../mapping/map-set.ts';
import { replay as release } from '../../outbox/replay.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { SourceRecord } from '../../source/record.ts';
import type { ResourceKey, StoredRecord, StuckFilter } from '../../store/store.ts';
import { codeOf, previewRecords, type RecordPreview } from './preview.ts';
import { refusedItems, retryRefused } from './refused.ts';
import { recordsOf, type Wish } from './select.ts';
import { asRead, each, type Workshop } from './workshop.ts';

export interface ReplayWish extends Wish {
  /** default: parked and held deliveries; with a rule, a time or a worklist item refused records too */
  readonly state?: 'parked' | 'held' | 'refused' | 'delivered' | undefined;
  /** only tell what would change */
  readonly preview?: boolean | undefined;
  /** map by today's maps; default: by the version that mapped the record last */
  readonly withTodaysMap?: boolean | undefined;
  /** the code that the preview of the same wish gave */
  readonly confirm?: string | undefined;
}

/** What a replay, a remap or a preview of them tells as it goes. */
export type AgainEvent =
  | ({ readonly event: 'record' } & RecordPreview)
  /** records that cannot be mapped: their payload or their map's text is no longer kept */
  | { readonly event: 'passed-over'; readonly reason: 'no-payload' | 'no-map'; readonly records: number }
  | {
      readonly event: 'previewed';
      readonly records: number;
      readonly changed: number;
      readonly refused: number;
      /** stands for what was shown */
      readonly code: string;
    }
  | { readonly event: 'unconfirmed'; readonly code: string }
  | {
      readonly event: 'done';
      /** deliveries that are due again */
      readonly deliveries: number;
      /** refused records that were read again */
      readonly accepted: number;
      readonly refused: number;
      /** records that were mapped anew */
      readonly mapped: number;
    };

/** @param actor for the audit */
export async function* replayAll(
  shop: Workshop,
  wish: ReplayWish,
  actor: string,
): AsyncGenerator<AgainEvent> {
  if (wish.preview) {
    yield* preview(shop, wish);
    return;
  }
  if (wish.withTodaysMap) {
    yield* mapAnew(shop, wish);
    return;
  }
  const refused = await retryAll(shop, wish, actor);
  const deliveries =
    wish.state === 'delivered' ? await sendAgain(shop, wish, actor) : await freeStuck(shop, wish);
  yield { event: 'done', deliveries, ...refused, mapped: 0 };
}

async function freeStuck(shop: Workshop, wish: ReplayWish): Promise<number> {
  const { state, patient } = wish;
  if (state === 'refused' || state === 'delivered') return 0;
  const item = wish.work === undefined ? undefined : await shop.store.workItem(wish.work);
  if (wish.work !== undefined && item?.kind !== 'parked' && item?.kind !== 'held') return 0;
  const personId = await personOf(shop, patient, item?.kind === 'held' ? item.resource : undefined);
  const filter = {
    target: wish.target ?? item?.target,
    resource: wish.resource ?? (item?.kind === 'parked' ? item.resource : undefined),
    personId,
    state: state ?? (item && (item.kind as 'parked' | 'held')),
    rule: wish.rule,
    fromMs: wish.fromMs,
    untilMs: wish.untilMs,
  };
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  return await release(shop.store, given as StuckFilter, shop.clock(), shop.wake);
}

/** A held item stands for all that is held of one person. */
async function personOf(
  { store }: Workshop,
  patient: string | undefined,
  held: ResourceKey | undefined,
): Promise<string | undefined> {
  if (patient !== undefined) return await store.personOf(patient);
  if (held === undefined) return undefined;
  const [type, id] = held.split('/') as [string, string];
  return (await store.read(type, id))?.personId ?? held;
}

async function retryAll(
  shop: Workshop,
  wish: ReplayWish,
  actor: string,
): Promise<{ accepted: number; refused: number }> {
  const { state, rule, work, fromMs, untilMs } = wish;
  const isNamed = [rule, work, fromMs, untilMs].some((value) => value !== undefined);
  let [accepted, refused] = [0, 0];
  if (state !== 'refused' && (state !== undefined || !isNamed)) return { accepted, refused };
  for await (const item of refusedItems(shop.store, wish)) {
    const retried = await retryRefused(shop, item.id, actor);
    if (!retried.ok) continue;
    if (retried.value.state === 'accepted') accepted += 1;
    else refused += 1;
  }
  return { accepted, refused };
}

function askedOf({ targets, unasked }: Workshop): readonly string[] {
  return targets.filter((name) => !unasked?.has(name));
}

/** What was delivered is looked up at the target, and sent only where it is not there as it was sent. A place that cannot be asked has to be named. */
async function sendAgain(shop: Workshop, wish: ReplayWish, actor: string): Promise<number> {
  const targets = wish.target === undefined ? askedOf(shop) : [wish.target];
  let sent = 0;
  for await (const page of recordsOf(shop.store, wish)) {
    const keys = new Set(page.flatMap((record) => keysOf(record, wish.resource)));
    const wanted = [...keys].map((key) => ({ key, how: 'look' as const }));
    for (const target of targets) sent += await shop.store.resend(target, wanted, actor, shop.clock());
  }
  if (sent > 0) shop.wake();
  return sent;
}

function keysOf(record: StoredRecord, only: ResourceKey | undefined): ResourceKey[] {
  return only === undefined ? [...record.resources, `Provenance/${provenanceId(record)}`] : [only];
}

async function* preview(shop: Workshop, wish: ReplayWish): AsyncGenerator<AgainEvent> {
  const previewer = new Previewer(shop, wish.withTodaysMap === true);
  for await (const page of recordsOf(shop.store, wish)) yield* previewer.page(page);
  yield previewer.end();
}

async function* mapAnew(shop: Workshop, wish: ReplayWish): AsyncGenerator<AgainEvent> {
  const previewer = new Previewer(shop, true);
  const reads: SourceRecord[] = [];
  for await (const page of recordsOf(shop.store, wish)) {
    for await (const told of previewer.page(page)) if (told.event === 'passed-over') yield told;
    for (const record of page) {
      const read = await asRead(shop.store, record);
      if (read) reads.push(read);
    }
  }
  const { code } = previewer.end();
  if (code !== wish.confirm) {
    yield { event: 'unconfirmed', code };
    return;
  }
  let [deliveries, refused] = [0, 0];
  for (const records of Map.groupBy(reads, ({ source, kind }) => `${source}\n${kind}`).values()) {
    const { source, kind } = records[0]!;
    const summary = await shop.pipelineOf().ingest(source, kind, each(records));
    deliveries += summary.deliveries;
    refused += summary.receipt.refused;
  }
  shop.wake();
  yield { event: 'done', deliveries, accepted: 0, refused, mapped: reads.length };
}

/** Previews page by page, and keeps the sums. */
export class Previewer {
  readonly #shop: Workshop;
  readonly #isToday: boolean;
  readonly #pipelines = new Map<string, Pipeline | undefined>();
  #records = 0;
  #changed = 0;
  #refused = 0;
  #code = '';

  /** @param isToday by today's maps; else by the version that mapped each record last */
  constructor(shop: Workshop, isToday: boolean) {
    this.#shop = shop;
    this.#isToday = isToday;
  }

  /** @returns what would change of each record; what stays as it is is counted only */
  async *page(records: readonly StoredRecord[]): AsyncGenerator<AgainEvent> {
    for (const [version, group] of Map.groupBy(
      records,
      ({ source, mapDigest }) => `${source}\n${mapDigest}`,
    )) {
      const pipeline = await this.#pipelineOf(version, group[0]!);
      if (pipeline) yield* this.#preview(pipeline, group);
      else yield { event: 'passed-over', reason: 'no-map', records: group.length };
    }
  }

  end(): Extract<AgainEvent, { event: 'previewed' }> {
    const counts = { records: this.#records, changed: this.#changed, refused: this.#refused };
    return { event: 'previewed', ...counts, code: this.#code || 'nothing' };
  }

  async *#preview(pipeline: Pipeline, group: readonly StoredRecord[]): AsyncGenerator<AgainEvent> {
    const { store, clock } = this.#shop;
    const reads = await Promise.all(group.map((record) => asRead(store, record)));
    const known = reads.filter((read) => read !== undefined);
    const lost = reads.length - known.length;
    if (lost > 0) yield { event: 'passed-over', reason: 'no-payload', records: lost };
    const previews = await previewRecords(store, pipeline, known, clock());
    this.#code = digestOfText(this.#code + codeOf(previews)).slice(0, 12);
    for (const one of previews) {
      this.#records += 1;
      if (one.state === 'refused') this.#refused += 1;
      else if (one.state === 'committed') this.#changed += 1;
      if (one.state !== 'unchanged') yield { event: 'record', ...one };
    }
  }

  /** @returns undefined where the version's text is not kept, or no longer compiles */
  async #pipelineOf(version: string, { source, mapDigest }: StoredRecord): Promise<Pipeline | undefined> {
    const { maps, pipelineOf } = this.#shop;
    if (this.#isToday || maps.get(source)?.digest === mapDigest)
      return maps.has(source) ? pipelineOf() : undefined;
    if (!this.#pipelines.has(version)) {
      const set = await this.#pinned(source, mapDigest);
      this.#pipelines.set(version, set && pipelineOf(new Map([[source, set]])));
    }
    return this.#pipelines.get(version);
  }

  async #pinned(source: string, mapDigest: string): Promise<MapSet | undefined> {
    const { store, maps, compileKept } = this.#shop;
    const text = maps.has(source) ? await store.mapSetText(mapDigest) : undefined;
    const set = text === undefined ? undefined : compileKept(source, text);
    return set?.ok ? set.value : undefined;
  }
}
