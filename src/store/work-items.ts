/** Turns what needs a person into worklist items whose ids follow from their cause, so that the same cause never makes two. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { digestOf } from '../fhir/digest.ts';
import { PROJECT_NAMESPACE, uuidV5 } from '../fhir/ids.ts';
import { issueOf, outcomeOf, ruleOf } from '../fhir/outcome.ts';
import { SAFETY_RULES } from '../referral/scores.ts';
import { fitItemId, referralMeant } from './activity-work.ts';
import type { CommitRecord, Conflict, NewWork, RefusedRecord, ResourceKey } from './store.ts';

export type { NewWork };

/** The record that an item is about, and where it came from. */
interface RecordPlace {
  readonly source: string;
  readonly kind: string;
  readonly key: string | undefined;
  readonly ownerOrg: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

/** The latest record that said something of a resource, with the digest of what it said. */
export interface Contributor {
  readonly source: string;
  readonly kind: string;
  readonly key: string;
  readonly ownerOrg: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly digest: string;
}

/** @returns the item of a refused record: one per (source, kind, key or place, payload) */
export function rejectedItem(record: RefusedRecord): NewWork {
  const place = record.key ?? [record.file, record.line];
  const cause = ['rejected', record.source, record.kind, place, digestOf(record.payload ?? null)];
  return { ...ofRecord(record), id: idOf(cause), kind: 'rejected', outcome: record.outcome };
}

/** @returns one item a warning; a rule that warns of one element twice has two */
export function warningItems(record: CommitRecord): NewWork[] {
  const resource = responseIn(record);
  return issueItems(record, record.key, record.warnings).map((item) =>
    item.kind === 'safety' ? { ...item, resource } : asOfReferral(record, item),
  );
}

/** What speaks against an activity is said once, whether at the commit, by a look at the directory, or as the referral is sent. */
function asOfReferral(record: CommitRecord, item: NewWork): NewWork {
  const issue = item.outcome.issue[0]!;
  const id = referralMeant(record, issue);
  return id === undefined ? item : { ...item, id: fitItemId(id, issue), resource: `ServiceRequest/${id}` };
}

/** @returns the item of what could not be merged: one for both versions that stand against each other */
export function conflictItem(record: CommitRecord | RefusedRecord, conflict: Conflict): NewWork {
  const { resource, target, theirs, ours, conflicts } = conflict;
  // a deletion there is one thing, however ours goes on
  const versions = theirs ? digestOf([ours, theirs]) : 'deleted';
  const cause = [record.source, record.kind, record.key, versions];
  const there = target === undefined ? `the source ${record.source}` : `target ${target}`;
  const issues = conflicts.map(({ path }) =>
    issueOf({
      code: 'conflict',
      rule: 'store-conflict',
      diagnostics: `${path} of ${resource} was changed here and at ${there}, and not alike; neither was taken over. Both versions and a proposed merge are kept with this item: decide whose change counts, or have both sides say the same.`,
      expression: path,
    }),
  );
  const deleted = issueOf({
    code: 'conflict',
    rule: 'store-deleted-there',
    diagnostics: `${resource} was deleted at ${there} and is kept here. Nothing was deleted here, and nothing is sent there unasked: decide whether it is restored there, or marked as entered in error here.`,
  });
  return {
    ...ofRecord(record),
    id: idOf(['conflict', ...cause]),
    kind: 'conflict',
    resource,
    target,
    outcome: outcomeOf(...(theirs ? issues : [deleted])),
  };
}

/** @returns items of what a refused record tells of a person's safety: that cannot wait until the record is mended */
export function safetyItems(record: RefusedRecord): NewWork[] {
  const items = issueItems(record, record.key ?? [record.file, record.line], record.outcome.issue);
  return items.filter((item) => item.kind === 'safety');
}

/** @param key of the record, or what stands for it */
function issueItems(record: RecordPlace, key: unknown, issues: readonly OperationOutcomeIssue[]): NewWork[] {
  const seen = new Map<string, number>();
  return issues.map((issue) => {
    const cause = JSON.stringify([ruleOf(issue), issue.expression, issue.diagnostics]);
    const times = seen.get(cause) ?? 0;
    seen.set(cause, times + 1);
    const id = idOf(['warning', record.source, record.kind, key, cause, times]);
    const kind = SAFETY_RULES.has(ruleOf(issue) ?? '') ? 'safety' : 'warning';
    return { ...ofRecord(record), id, kind, outcome: outcomeOf(issue) };
  });
}

/** The answers that call for a look at the person, where the record has one set of them only. */
function responseIn({ resources }: CommitRecord): ResourceKey | undefined {
  const [first, second] = resources.filter(
    ({ resource }) => resource.resourceType === 'QuestionnaireResponse',
  );
  return first && !second ? `QuestionnaireResponse/${first.resource.id}` : undefined;
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

/** @returns the item of a partial record whose part of a resource was taken out, so that the resource is valid */
export function droppedItem(said: Contributor, type: string, id: string): NewWork {
  const record = { ...said, file: said.file ?? undefined, line: said.line ?? undefined };
  const issue = issueOf({
    severity: 'warning',
    code: 'business-rule',
    rule: 'store-partial-refused',
    diagnostics: `${placeOf(record)}: what this record adds to ${type}/${id} would make it invalid and is left out; correct the record and send it again`,
    expression: type,
  });
  const outcome = outcomeOf(issue);
  const cause = ['dropped', said.source, said.kind, said.key, type, id, said.digest];
  return { ...ofRecord(record), id: idOf(cause), kind: 'warning', outcome };
}

/** @returns the item of a resource that does not fit what is stored beside it: one, whoever makes or mends it */
export function standingItem(
  record: CommitRecord,
  resource: ResourceKey,
  issue: OperationOutcomeIssue,
): NewWork {
  const id = standingItemId(resource);
  // of no record: the next version of this one may say nothing of it
  return {
    ...ofRecord(record),
    recordKey: undefined,
    id,
    kind: 'warning',
    resource,
    outcome: outcomeOf(issue),
  };
}

export function standingItemId(resource: ResourceKey): string {
  return idOf(['standing', resource]);
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

/** Rule of what is reported while a record stays open elsewhere. */
export const LOCKED_REPORT = 'delivery-still-locked';

/** @returns the item of something odd about a delivery that holds nothing up: one a rule, target and resource */
export function reportItem(entry: StuckDelivery, issue: OperationOutcomeIssue): NewWork {
  const item = deliveryItem(entry, 'parked', outcomeOf(issue));
  return { ...item, id: reportItemId(entry, ruleOf(issue) ?? 'unknown'), kind: 'warning' };
}

/** @param rule that reports */
export function reportItemId(
  { target, type, id }: Pick<StuckDelivery, 'target' | 'type' | 'id'>,
  rule: string,
): string {
  return idOf(['report', rule, target, type, id]);
}

/** Consent and identity are the person's: a thousand held deliveries of one person are one thing to settle. */
export function deliveryItemId(
  { seq, target, deliveryKey }: Pick<StuckDelivery, 'seq' | 'target' | 'deliveryKey'>,
  kind: 'parked' | 'held',
): string {
  return kind === 'parked' ? idOf([kind, seq]) : idOf([kind, target, deliveryKey]);
}

function ofRecord(record: RecordPlace): Omit<NewWork, 'id' | 'kind' | 'outcome'> {
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

/** @returns id of the rule that an outcome names first, errors before all else */
export function firstRuleOf({ issue: issues }: OperationOutcome): string | undefined {
  const error = issues.find(({ severity }) => severity === 'error' || severity === 'fatal');
  const issue = error ?? issues[0];
  return issue && ruleOf(issue);
}

function idOf(cause: readonly unknown[]): string {
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify(cause));
}
