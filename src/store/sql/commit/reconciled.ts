/** Plans what becomes of a resource that a target has changed: that change, and from then on what sources say, is reconciled three ways. */
import { hasErrors, outcomeOf } from '../../../fhir/outcome.ts';
import { respelled } from '../../../fhir/spelling.ts';
import { mergeContributions, mergeLater } from '../../merge.ts';
import { SHARED_TYPES } from '../../merge-table.ts';
import { keepUnsaid, type Reconciled, reconcile } from '../../reconcile.ts';
import { isRegister, withRegisters } from '../../registers.ts';
import {
  addSaying,
  askedLatest,
  type Latest,
  mineOf,
  type SaidAfter,
  type SaidBefore,
} from '../../sayings.ts';
import type { CommitRecord, Conflict, Identified, Received } from '../../store.ts';
import { contentDigest, contentOf, valueDigest } from '../../versions.ts';
import type { ResourceRow } from '../resource-rows.ts';
import type { Step } from '../statement.ts';
import { decidedOf } from './decided.ts';
import { NO_RECORD, type Planned, type Planning, type ResourcePlan } from './planned.ts';
import { RECEIVED, type Said } from './view.ts';

/** Plans a change that was made at a target. */
export function* planReceived(
  planning: Planning,
  record: CommitRecord & { readonly received: Received },
  incoming: Identified,
): Step<Planned> {
  const { resourceType: type, id } = incoming;
  const key = `${type}/${id}` as const;
  const current = planning.view.resources.get(key);
  const ours = contentIn(current);
  const theirs = contentOf(incoming);
  const { received } = record;
  const decided = decidedOf(record, key, ours);
  const merged: Reconciled =
    decided ?? (ours ? reconcile({ base: received.base, ours, theirs }) : { merged: theirs, conflicts: [] });
  const about = { resource: key, theirs, base: received.base, held: record, ...placeOf(received) };
  if (ours && merged.conflicts.length > 0) return refuseConflict(record, { ...about, ours }, merged);
  const whole = asBefore(asRegistered(merged.merged, planning.view.sayings.get(key) ?? []), current);
  const digest = contentDigest(whole);
  const isInStep =
    valueDigest(whole) === valueDigest(theirs) || (!decided && current?.digest === received.heldDigest);
  const first = planning.view.received.has(key) ? [] : yield* firstSaid(planning, record, current, ours);
  const said: SaidAfter = {
    own: RECEIVED,
    put: first,
    gone: [],
    outcome: { kind: 'merged', resource: whole, digest },
  };
  return planOf(planning, { incoming, current, said, merged: whole, digest, origin: { received, isInStep } });
}

/** Plans what a client wrote: it knew the version that it writes over, so nothing conflicts. */
export function* planWritten(planning: Planning, record: CommitRecord, incoming: Identified): Step<Planned> {
  const { resourceType: type, id } = incoming;
  const key = `${type}/${id}`;
  const current = planning.view.resources.get(key);
  const theirs = contentOf(incoming);
  const merged = asRegistered(theirs, planning.view.sayings.get(key) ?? []);
  const digest = contentDigest(merged);
  const isNew = !planning.view.received.has(key);
  const put = isNew ? yield* firstSaid(planning, record, current, contentIn(current)) : [];
  const said: SaidAfter = {
    own: RECEIVED,
    put,
    gone: [],
    outcome: { kind: 'merged', resource: merged, digest },
  };
  return planOf(planning, { incoming, current, said, merged, digest, isChecked: merged === theirs });
}

/** A target's change, or a client's, takes nothing back of what a register says. */
function asRegistered(resource: Identified, sayings: SaidAfter['put']): Identified {
  const words = sayings.filter((one) => isRegister(one.source)).map((one) => one.resource);
  return words.length === 0 ? resource : withRegisters(resource, words, mergeLater);
}

/** Numbers stay written as a client wrote them, where others leave them what they are. */
function asBefore(resource: Identified, current: ResourceRow | undefined): Identified {
  return current?.content ? respelled(resource, current.content) : resource;
}

function placeOf({
  target,
  remoteId,
  remoteVersion,
}: Received): Pick<Conflict, 'target' | 'remoteId' | 'remoteVersion'> {
  return { target, remoteId, remoteVersion };
}

/** What sources have said so far is the resource itself as long as nobody else changes it: now it is written down. */
function* firstSaid(
  planning: Planning,
  record: CommitRecord,
  current: ResourceRow | undefined,
  ours: Identified | undefined,
): Step<SaidAfter['put']> {
  if (!current || !ours) return [];
  const { type, id, digest } = current;
  if ((planning.view.sayings.get(`${type}/${id}`) ?? []).length > 0) return [];
  const latest = SHARED_TYPES.has(type) ? yield* planning.latestOf(type, id, 0, NO_RECORD) : undefined;
  const origin = latest ?? { ...originOf(record), recordId: undefined };
  return [{ ...origin, saying: 0, digest, partial: false, resource: ours }];
}

function originOf({
  source,
  kind,
  key,
  sourceTimeMs,
  ownerOrg,
  file,
  line,
}: CommitRecord): Omit<Latest, 'recordId'> {
  return { source, kind, key, sourceTimeMs, ownerOrg, file: file ?? null, line: line ?? null };
}

/** Plans what a source says of a resource that was changed at a target: only what it says anew counts. */
export function* planBeside(
  planning: Planning,
  record: CommitRecord,
  recordId: number | undefined,
  incoming: Identified,
  partial: boolean,
): Step<Planned> {
  const { resourceType: type, id } = incoming;
  const key = `${type}/${id}` as const;
  const current = planning.view.resources.get(key)!;
  const ours = contentIn(current) ?? contentOf(incoming);
  const kept = planning.view.sayings.get(key) ?? [];
  const said = SHARED_TYPES.has(type)
    ? yield* sharedSaid(planning, record, recordId, incoming, partial, kept)
    : ownSaid(record, incoming, kept);
  if (said.put.length === 0 && said.gone.length === 0) {
    const merged = asBefore(asRegistered(ours, kept), current);
    return planOf(planning, { incoming, current, said, merged, digest: contentDigest(merged) });
  }
  const base = kept.length > 0 ? mergeContributions(kept) : ours;
  const sayings = sayingsAfter(kept, said);
  const after = mergeContributions(sayings);
  const theirs = kept.length > 0 ? after : keepUnsaid(ours, after); // the first thing a source says removes nothing
  const decided =
    decidedOf(record, key, ours) ?? (planning.isForced ? { merged: ours, conflicts: [] } : undefined);
  const merged = decided ?? reconcile({ base, ours, theirs });
  const place = { target: undefined, remoteId: undefined, remoteVersion: undefined };
  if (merged.conflicts.length > 0)
    return refuseConflict(record, { resource: key, base, ours, theirs, held: record, ...place }, merged);
  const whole = asBefore(asRegistered(merged.merged, sayings), current);
  return planOf(planning, { incoming, current, said, merged: whole, digest: contentDigest(whole) });
}

/** What a type that only one record speaks of is said to be: it takes the place of what was said before. */
function ownSaid(record: CommitRecord, incoming: Identified, kept: readonly Said[]): SaidAfter {
  const resource = contentOf(incoming);
  const digest = contentDigest(resource);
  const outcome = { kind: 'same' } as const;
  if (kept.some((one) => one.digest === digest)) return { own: 0, put: [], gone: [], outcome };
  const mine = { ...originOf(record), recordId: undefined, saying: 0, digest, partial: false, resource };
  return { own: 0, put: [mine], gone: kept.map((one) => one.saying), outcome };
}

function* sharedSaid(
  planning: Planning,
  record: CommitRecord,
  recordId: number | undefined,
  incoming: Identified,
  partial: boolean,
  kept: readonly Said[],
): Step<SaidAfter> {
  const { resourceType: type, id } = incoming;
  const own = recordId === undefined ? undefined : planning.view.ownSaying(type, id, recordId);
  const before: SaidBefore = { sayings: kept, current: undefined, own: own === RECEIVED ? undefined : own };
  const mine = mineOf(before, { ...originOf(record), partial, resource: contentOf(incoming) });
  if (kept.length === 0)
    return { own: 0, put: [{ ...mine, saying: 0 }], gone: [], outcome: { kind: 'same' } };
  const asked = askedLatest(before, mine);
  const latest =
    asked === undefined ? undefined : yield* planning.latestOf(type, id, asked, recordId ?? NO_RECORD);
  // What was made elsewhere is whole, though records only add to it.
  return { ...addSaying(before, mine, latest), outcome: { kind: 'same' } };
}

function sayingsAfter(kept: readonly Said[], { put, gone }: SaidAfter): SaidAfter['put'] {
  const after = new Map<number, SaidAfter['put'][number]>(kept.map((one) => [one.saying, one]));
  for (const saying of gone) after.delete(saying);
  for (const one of put) after.set(one.saying, one);
  return [...after.values()];
}

interface Outcome extends Pick<ResourcePlan, 'incoming' | 'current' | 'origin'> {
  readonly said: SaidAfter;
  readonly merged: Identified;
  readonly digest: string;
  /** it is what the record says, which was checked before */
  readonly isChecked?: boolean;
}

function planOf(
  planning: Planning,
  { incoming, current, said, merged, digest, origin, isChecked = false }: Outcome,
): Planned {
  const isNew = digest !== current?.digest;
  const issues = isNew && !isChecked ? planning.rules.check(merged) : [];
  if (hasErrors(issues)) return { ok: false, outcome: outcomeOf(...issues) };
  const content = isNew ? merged : undefined;
  return {
    ok: true,
    value: { incoming, current, content, digest, said, dropped: [], completes: false, origin },
  };
}

function refuseConflict(
  record: CommitRecord,
  about: Omit<Conflict, 'proposed' | 'conflicts'>,
  { merged: proposed, conflicts }: Reconciled,
): Planned {
  return { ok: false, outcome: outcomeOf(...record.warnings), conflict: { ...about, proposed, conflicts } };
}

function contentIn(current: ResourceRow | undefined): Identified | undefined {
  return current?.content ? contentOf(JSON.parse(current.content) as Identified) : undefined;
}
