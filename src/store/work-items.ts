/** Turns what needs a person into worklist items whose ids follow from their cause, so that the same cause never makes two. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { digestOf } from '../fhir/digest.ts';
import { PROJECT_NAMESPACE, uuidV5 } from '../fhir/ids.ts';
import { issueOf, outcomeOf, ruleOf } from '../fhir/outcome.ts';
import type { CommitRecord, RefusedRecord, WorkItem } from './store.ts';

/** An item as it is opened. */
export type NewWork = Omit<WorkItem, 'createdMs' | 'resolvedMs'>;

/** @returns the item of a refused record: one per (source, kind, key or place, payload) */
export function rejectedItem(record: RefusedRecord): NewWork {
  const place = record.key ?? [record.file, record.line];
  const cause = ['rejected', record.source, record.kind, place, digestOf(record.payload ?? null)];
  return { ...ofRecord(record), id: idOf(cause), kind: 'rejected', outcome: record.outcome };
}

/** @returns one item a warning; a rule that warns of one element twice has two */
export function warningItems(record: CommitRecord): NewWork[] {
  const seen = new Map<string, number>();
  return record.warnings.map((issue) => {
    const cause = JSON.stringify([ruleOf(issue), issue.expression, issue.diagnostics]);
    const times = seen.get(cause) ?? 0;
    seen.set(cause, times + 1);
    const id = idOf(['warning', record.source, record.kind, record.key, cause, times]);
    return { ...ofRecord(record), id, kind: 'warning', outcome: outcomeOf(issue) };
  });
}

/** @returns the item of a record that came after a newer version of itself, and was not taken */
export function olderItem(record: CommitRecord): NewWork {
  const issue = issueOf({
    severity: 'warning',
    code: 'business-rule',
    rule: 'store-older-record',
    diagnostics: `${placeOf(record)}: a newer version of this record is kept, and this older one changed nothing; if it is the right one, send it again under a later time`,
  });
  const id = idOf(['older', record.source, record.kind, record.key, record.digest]);
  return { ...ofRecord(record), id, kind: 'warning', outcome: outcomeOf(issue) };
}

/** @returns the item of a resource that only partial records speak of */
export function incompleteItem(record: CommitRecord, type: string, id: string): NewWork {
  const issue: OperationOutcomeIssue = issueOf({
    severity: 'warning',
    code: 'incomplete',
    rule: 'store-incomplete',
    diagnostics: `${type}/${id} is only added to so far; send the record that supplies it in full`,
    expression: type,
  });
  return {
    ...ofRecord(record),
    id: incompleteId(type, id),
    kind: 'incomplete',
    resource: `${type}/${id}`,
    outcome: outcomeOf(issue),
  };
}

export function incompleteId(type: string, id: string): string {
  return idOf(['incomplete', type, id]);
}

/** A delivery that needs a person, or that may not be made now. */
export interface StuckDelivery {
  readonly seq: number;
  readonly target: string;
  readonly deliveryKey: string;
  readonly type: string;
  readonly id: string;
  readonly ownerOrg: string;
}

/** @returns the item of a stuck delivery: one an entry that is parked, one a person and target that is held */
export function deliveryItem(
  entry: StuckDelivery,
  kind: 'parked' | 'held',
  outcome: OperationOutcome,
): NewWork {
  return {
    id: deliveryItemId(entry, kind),
    kind,
    ownerOrg: entry.ownerOrg,
    source: undefined,
    recordKind: undefined,
    recordKey: undefined,
    file: undefined,
    line: undefined,
    resource: `${entry.type}/${entry.id}`,
    target: entry.target,
    outcome,
  };
}

/** Consent and identity are the person's: a thousand held deliveries of one person are one thing to settle. */
export function deliveryItemId(
  { seq, target, deliveryKey }: Pick<StuckDelivery, 'seq' | 'target' | 'deliveryKey'>,
  kind: 'parked' | 'held',
): string {
  return kind === 'parked' ? idOf([kind, seq]) : idOf([kind, target, deliveryKey]);
}

function ofRecord(record: CommitRecord | RefusedRecord): Omit<NewWork, 'id' | 'kind' | 'outcome'> {
  return {
    ownerOrg: record.ownerOrg,
    source: record.source,
    recordKind: record.kind,
    recordKey: record.key,
    file: record.file,
    line: record.line,
    resource: undefined,
    target: undefined,
  };
}

/** Where a record came from, without its key, which may name a person. */
function placeOf({ source, kind, file, line }: RecordPlace): string {
  const place = file === undefined ? '' : ` ${file}${line === undefined ? '' : `:${line}`}`;
  return `${source}/${kind}${place}`;
}

function idOf(cause: readonly unknown[]): string {
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify(cause));
}
