/** Parts practices from a restricted patient: where they are registered stands in no record, no Provenance and no saying of theirs. */
import type { Provenance } from '@medplum/fhirtypes';
import type { Identified, ResourceKey } from '../store.ts';
import {
  deleteContribution,
  deleteSaying,
  giveSayingTo,
  selectLatestOf,
  selectSayings,
} from './contribution-rows.ts';
import { keyOf, practicesIn, practicesOnlyOf } from './practices.ts';
import { type ErasedRecord, setRecordResources } from './record-rows.ts';
import {
  type ResourceRow,
  selectAllOfPerson,
  selectResources,
  setHistoryPerson,
  setResourcePerson,
} from './resource-rows.ts';
import { type Rewriting, rewriteRow, rewriteVersions } from './rewrite.ts';
import type { Step } from './statement.ts';

export interface Tied {
  readonly personId: string;
  readonly patientId: string;
  /** records that speak of the patient */
  readonly records: readonly ErasedRecord[];
  /** practices that they are, or were, registered with, as `Organization/<id>` */
  readonly practices: readonly string[];
}

/** A practice that a record names for something else stays in that record. The practice itself stays: alone it says nothing of anybody. */
export function* untiePractices(rewriting: Rewriting, { records, practices, personId }: Tied): Step<void> {
  if (practices.length === 0) return;
  const around = yield* ledToBy(practices);
  const untied = new Set<string>();
  for (const record of records) {
    const keys = JSON.parse(record.resources) as ResourceKey[];
    const contents = [...contentsOf(yield* selectResources(keys)), ...around];
    const gone = practicesOnlyOf(contents, () => false, practices);
    const left = keys.filter((key) => !gone.has(key));
    if (left.length < keys.length) yield* setRecordResources(record.recordId, JSON.stringify(left));
    // an earlier version of the record may have named what this one does not
    for (const key of gone) {
      untied.add(key);
      yield* leaveSaying(key, record.recordId);
    }
  }
  if (untied.size > 0) yield* untieProvenance(rewriting, personId, untied);
}

/** @returns practices, and what they lead to in turn */
function* ledToBy(practices: readonly string[]): Step<readonly Identified[]> {
  const found = new Map<string, Identified>();
  let wanted = [...new Set(practices)];
  while (wanted.length > 0) {
    const contents = contentsOf(yield* selectResources(wanted as ResourceKey[]));
    for (const one of contents) found.set(keyOf(one), one);
    wanted = [...new Set(contents.flatMap(practicesIn))].filter((key) => !found.has(key));
  }
  return [...found.values()];
}

function contentsOf(rows: readonly ResourceRow[]): Identified[] {
  return rows.flatMap(({ content }) => (content === null ? [] : [JSON.parse(content) as Identified]));
}

/** What the record said of the practice is carried on by another, or by nobody. */
function* leaveSaying(key: string, recordId: number): Step<void> {
  const [type, id] = key.split('/') as [string, string];
  yield* deleteContribution(type, id, recordId);
  for (const { saying, recordId: latest } of yield* selectSayings([[type, id]])) {
    if (latest !== recordId) continue;
    const next = yield* selectLatestOf(type, id, saying, recordId);
    if (next) yield* giveSayingTo({ type, id, saying }, next);
    else yield* deleteSaying(type, id, saying);
  }
}

function* untieProvenance(rewriting: Rewriting, personId: string, untied: ReadonlySet<string>): Step<void> {
  const isLeft = ({ reference = '' }: Provenance['target'][number]): boolean =>
    !untied.has(reference.replace(/\/_history\/.*$/, ''));
  const without = (one: Identified): Identified => {
    if (one.resourceType !== 'Provenance') return one;
    const target = one.target.filter(isLeft);
    return target.length === 0 ? one : { ...one, target };
  };
  for (const row of yield* selectAllOfPerson(personId)) {
    const content = provenanceIn(row);
    if (!content) continue;
    if (!content.target.some(isLeft)) yield* leaveToNobody(row.rid);
    yield* rewriteRow(rewriting, row, content, without(content));
    yield* rewriteVersions(row, without);
  }
}

/** It speaks of the practice alone. */
function* leaveToNobody(rid: number): Step<void> {
  yield* setResourcePerson(rid, null);
  yield* setHistoryPerson(rid, null);
}

function provenanceIn({ type, content }: ResourceRow): (Provenance & { id: string }) | undefined {
  return type === 'Provenance' && content !== null
    ? (JSON.parse(content) as Provenance & { id: string })
    : undefined;
}
