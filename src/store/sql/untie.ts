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
import { practicesOnlyOf } from './practices.ts';
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
  const untied = new Set<string>();
  for (const record of records) {
    const keys = JSON.parse(record.resources) as ResourceKey[];
    const rows = yield* selectResources(keys);
    const contents = rows.flatMap(({ content }) =>
      content === null ? [] : [JSON.parse(content) as Identified],
    );
    const gone = practicesOnlyOf(contents, () => false, practices);
    const left = keys.filter((key) => !gone.has(key));
    if (left.length === keys.length) continue;
    yield* setRecordResources(record.recordId, JSON.stringify(left));
    for (const key of keys.filter((one) => gone.has(one))) {
      untied.add(key);
      yield* leaveSaying(key, record.recordId);
    }
  }
  if (untied.size > 0) yield* untieProvenance(rewriting, personId, untied);
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
