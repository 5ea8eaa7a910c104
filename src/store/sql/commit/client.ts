/** Holds a client's write to what it expects, deletes what it asks to be deleted, and tells how everything stands after it. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../../fhir/outcome.ts';
import type {
  ClientWrite,
  CommitRecord,
  CommitResult,
  Expectation,
  Identified,
  Made,
  ResourceKey,
  StoredVersion,
  WrittenVersion,
} from '../../store.ts';
import { incompleteId } from '../../work-items.ts';
import { deleteContributions } from '../contribution-rows.ts';
import { deleteEverywhere } from '../deletes.ts';
import { indexChange } from '../index-rows.ts';
import { type ResourceRow, storedVersion } from '../resource-rows.ts';
import { searchRows } from '../search.ts';
import type { Step } from '../statement.ts';
import { resolveWorkItem } from '../work-rows.ts';
import type { Batch } from './batch.ts';
import { outdated } from './decided.ts';
import { stillReferredTo } from './referrers.ts';

/** Rules of a write that somebody else was faster than. */
const UNMET = 'store-precondition';
const NOT_HERE = 'store-reference';

type Refused = Extract<CommitResult, { readonly state: 'refused' }>;

/** @returns why a record cannot be committed whatever it says, by what it was made against; undefined where it can */
export function* refusedEarly(batch: Batch, record: CommitRecord): Step<Refused | undefined> {
  const { client, decision } = record;
  if (client) return yield* unmet(batch, record, client);
  const outcome = decision && (yield* outdated(batch, decision));
  return outcome && { state: 'refused', outcome };
}

/** @returns why a client's write cannot be done as things stand; undefined where it can */
function* unmet(batch: Batch, record: CommitRecord, client: ClientWrite): Step<Refused | undefined> {
  for (const [at, one] of client.expects.entries())
    if (!(yield* holds(batch, client, one)))
      return { state: 'refused', outcome: refusal(UNMET, 'conflict', CHANGED), unmet: at };
  for (const key of client.refersTo)
    if (batch.view.resources.get(key)?.state !== 'current')
      return { state: 'refused', outcome: refusal(NOT_HERE, 'not-found', missing(key)) };
  const outcome = yield* stillReferredTo(batch, record);
  return outcome && { state: 'refused', outcome };
}

function* holds(batch: Batch, client: ClientWrite, expected: Expectation): Step<boolean> {
  if (expected.kind === 'version') return holdsVersion(batch, expected);
  const { type, clauses, ids } = expected;
  yield* batch.pending.flush(); // earlier records of the batch are found too
  const gone = client.deletes.flatMap((key) =>
    key.startsWith(`${type}/`) ? [key.slice(type.length + 1)] : [],
  );
  const count = ids.length + gone.length + 1;
  const rows = yield* searchRows({ ...batch.context, viewer: client.viewer }, { type, clauses, count });
  const found = rows.map(({ id }) => id).filter((id) => ids.includes(id) || !gone.includes(id));
  return found.length === ids.length && found.every((id) => ids.includes(id));
}

function holdsVersion(
  { view }: Batch,
  { resource, version }: Extract<Expectation, { readonly kind: 'version' }>,
): boolean {
  const row = view.resources.get(resource);
  if (version === 'none') return row === undefined || row.state === 'deleted';
  return row?.state === 'current' && (version === 'some' || row.version === version);
}

/** @param before the version that is written over, a deleted one too @returns by which interaction a client makes a version */
export function madeBy(
  { client }: Pick<CommitRecord, 'client'>,
  key: ResourceKey,
  before: Pick<ResourceRow, 'state'> | undefined,
): Made | null {
  const method = client?.methods.get(key);
  if (method === undefined) return null;
  if (method === 'PATCH') return 'patch';
  if (before?.state === 'current') return 'update';
  return method === 'POST' ? 'create' : 'update-as-create';
}

/** Deletes for good what is current: its versions stay, and nothing that was said of it counts any more. */
export function* deleteAsked(
  batch: Batch,
  { client, source }: CommitRecord,
): Step<{ readonly written: readonly WrittenVersion[]; readonly deliveries: number }> {
  const named = (client?.deletes ?? []).flatMap((key) => batch.view.resources.get(key) ?? []);
  const rows = named.filter(({ state }) => state === 'current'); // what is written twice is deleted once
  if (rows.length === 0) return { written: [], deliveries: 0 };
  const { nowMs, rules } = batch.context;
  for (const row of rows) yield* deleteRow(batch, row);
  const own = rules.ownTargets?.(source) ?? [];
  let deliveries = 0;
  yield* batch.directly(function* () {
    for (const row of rows) {
      yield* deleteContributions(row.type, row.id);
      yield* resolveWorkItem(incompleteId(row.type, row.id), nowMs);
      deliveries += yield* deleteEverywhere(row, row.person_id ?? `${row.type}/${row.id}`, nowMs, own);
    }
  });
  return { written: rows.map(({ type, id, version }) => ({ type, id, version: version + 1 })), deliveries };
}

function* deleteRow({ pending, view, context }: Batch, row: ResourceRow): Step<void> {
  const { version, content } = row;
  const indexed = context.index(JSON.parse(content!) as Identified);
  const now: ResourceRow = {
    ...row,
    version: version + 1,
    last_updated_ms: context.nowMs,
    state: 'deleted',
    digest: '',
    made: null,
    content: null,
  };
  yield* pending.putResource(now, row, indexChange(indexed, []));
  view.resources.set(`${row.type}/${row.id}`, now);
}

/** @returns how what a client's record names stands now */
export function standsAfter(
  { view }: Batch,
  { client, resources }: CommitRecord,
): ReadonlyMap<string, StoredVersion> {
  const keys = [
    ...resources.map(({ resource }): ResourceKey => `${resource.resourceType}/${resource.id}`),
    ...(client?.deletes ?? []),
  ];
  return new Map(
    keys.flatMap((key) => {
      const row = view.resources.get(key);
      return row ? [[key, storedVersion(row)] as const] : [];
    }),
  );
}

function refusal(rule: string, code: 'conflict' | 'not-found', diagnostics: string): OperationOutcome {
  return outcomeOf(issueOf({ code, rule, diagnostics }));
}

const CHANGED =
  'What this was to be written over has changed in the meantime: read it again, and send what it is to be.';

function missing(key: ResourceKey): string {
  return `${key} is referred to and is not here: send it first, or in one transaction with this.`;
}
