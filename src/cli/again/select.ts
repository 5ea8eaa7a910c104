/** Turns what an operator names (a resource, a person, a time, a rule) into the kept records that it concerns. */
import type { RecordFilter, ResourceKey, Store, StoredRecord } from '../../store/store.ts';
import { PAGE } from './workshop.ts';

/** What was named; what is absent holds for all. */
export interface Wish {
  /** `Type/id` */
  readonly resource?: ResourceKey | undefined;
  /** id of a Patient; the person's other Patients are meant too */
  readonly patient?: string | undefined;
  readonly target?: string | undefined;
  /** epoch ms: received, or come to a stop, at this time or later */
  readonly fromMs?: number | undefined;
  /** before this time */
  readonly untilMs?: number | undefined;
  /** id of the rule that refused it, or warned of it */
  readonly rule?: string | undefined;
  /** id of a worklist item */
  readonly work?: string | undefined;
}

/** @returns kept records, each once, in pages; none where nothing but a target is named */
export async function* recordsOf(store: Store, wish: Wish): AsyncGenerator<readonly StoredRecord[]> {
  const seen = new Set<number>();
  for await (const filter of filtersOf(store, wish)) {
    for await (const page of pagesOf(store, filter)) {
      const wanted = page.filter((record) => !seen.has(record.recordId) && fits(record, wish, filter));
      for (const { recordId } of wanted) seen.add(recordId);
      if (wanted.length > 0) yield wanted;
    }
  }
}

/** Goes through all records of a filter. */
export async function* pagesOf(store: Store, filter: RecordFilter): AsyncGenerator<readonly StoredRecord[]> {
  let after: StoredRecord | undefined;
  for (;;) {
    const page = await store.storedRecords(filter, PAGE, after);
    if (page.length > 0) yield page;
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}

async function* filtersOf(store: Store, wish: Wish): AsyncGenerator<RecordFilter> {
  const { resource, patient, rule, work, fromMs, untilMs } = wish;
  if (resource !== undefined) yield* ofResource(store, resource);
  else if (patient !== undefined) yield* ofPatient(store, patient);
  else if (rule !== undefined || work !== undefined) yield* ofWork(store, rule, work);
  else if (fromMs !== undefined || untilMs !== undefined)
    yield { by: 'received', fromMs: fromMs ?? 0, untilMs: untilMs ?? Number.MAX_SAFE_INTEGER };
}

async function* ofPatient(store: Store, patientId: string): AsyncGenerator<RecordFilter> {
  const patients = await store.readPerson(await store.personOf(patientId), 'Patient');
  for (const id of new Set([patientId, ...patients.map((one) => one.id)]))
    yield { by: 'patient', patientId: id };
}

/** A shared resource by what was said of it, any other by the person that it belongs to. */
async function* ofResource(store: Store, key: ResourceKey): AsyncGenerator<RecordFilter> {
  const [type, id] = key.split('/') as [string, string];
  yield { by: 'shared', type, id };
  const personId = (await store.read(type, id))?.personId;
  if (personId !== undefined) yield* ofPatient(store, personId);
}

/** Records with an open item of the rule, or of the one item. */
async function* ofWork(
  store: Store,
  rule: string | undefined,
  work: string | undefined,
): AsyncGenerator<RecordFilter> {
  if (work !== undefined) {
    const item = await store.workItem(work);
    if (item?.source !== undefined && item.recordKind !== undefined && item.recordKey !== undefined)
      yield { by: 'key', source: item.source, kind: item.recordKind, key: item.recordKey };
    else if (item?.resource) yield* ofResource(store, item.resource);
    return;
  }
  let after: string | undefined;
  for (;;) {
    const page = await store.worklist({
      open: true,
      count: PAGE,
      ...(rule === undefined ? {} : { rule }),
      ...(after === undefined ? {} : { after }),
    });
    for (const { source, recordKind: kind, recordKey: key } of page)
      if (source !== undefined && kind !== undefined && key !== undefined)
        yield { by: 'key', source, kind, key };
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

function fits({ resources, receivedMs }: StoredRecord, wish: Wish, { by }: RecordFilter): boolean {
  if (wish.resource !== undefined && by === 'patient' && !resources.includes(wish.resource)) return false;
  return receivedMs >= (wish.fromMs ?? 0) && receivedMs < (wish.untilMs ?? Number.MAX_SAFE_INTEGER);
}
