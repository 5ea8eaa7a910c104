/** Turns records that would be committed into what would change, resource by resource and element by element. */
import { digestOf } from '../../fhir/digest.ts';
import { changesBetween, type ElementChange } from '../../fhir/element-diff.ts';
import { ruleOf } from '../../fhir/outcome.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { ReadRecord } from '../../source/record.ts';
import type { CommitPreview, ResourceKey, Store } from '../../store/store.ts';
import { each } from './workshop.ts';

/** What would change of one resource. */
export interface ResourceChange {
  readonly resource: ResourceKey;
  readonly isNew: boolean;
  readonly elements: readonly ElementChange[];
}

/** What would become of one record. Holds values of people: it goes to whoever asked, and into no log. */
export interface RecordPreview {
  readonly source: string;
  readonly kind: string;
  readonly state: 'committed' | 'unchanged' | 'refused';
  readonly changes: readonly ResourceChange[];
  /** ids of the rules that would refuse it */
  readonly rules: readonly string[];
}

/** A version that no map has: what is kept is compared even where the same version mapped it. */
const PREVIEW = 'preview';

/** @param records as read @param pipeline by whose maps @returns one preview a record, in order */
export async function previewRecords(
  store: Store,
  pipeline: Pipeline,
  records: readonly ReadRecord[],
  nowMs: number,
): Promise<RecordPreview[]> {
  const previews: RecordPreview[] = [];
  for await (const batch of pipeline.prepare(each(records))) {
    const planned = batch.map((one) => ('outcome' in one ? one : { ...one, mapDigest: PREVIEW }));
    const found = await store.previewCommit(planned, pipeline.rules, nowMs);
    for (const [at, { source, kind }] of batch.entries())
      previews.push({ source, kind, ...previewOf(found[at]!) });
  }
  return previews;
}

function previewOf({ result, changes }: CommitPreview): Omit<RecordPreview, 'source' | 'kind'> {
  const told = changes.filter(({ key }) => !key.startsWith('Provenance/')); // it tells of the others alone
  const differing = told.map(({ key, before, after }) => ({
    resource: key,
    isNew: before === undefined,
    elements: changesBetween(before, after),
  }));
  const refusals = result.state === 'refused' ? result.outcome.issue : [];
  return {
    state: result.state === 'committed' && differing.length === 0 ? 'unchanged' : result.state,
    changes: differing,
    rules: [...new Set(refusals.flatMap((issue) => ruleOf(issue) ?? []))],
  };
}

/** @returns a short code that stands for what a preview showed: the same code later means that it would still do the same */
export function codeOf(previews: Iterable<RecordPreview>): string {
  return digestOf([...previews]).slice(0, 12);
}
