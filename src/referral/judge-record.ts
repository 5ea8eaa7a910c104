/** Turns what a record changes of referrals, with what is stored around them, into what may not be so. */
import type { OperationOutcomeIssue, Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import { hasErrors } from '../fhir/outcome.ts';
import { disagreement } from './agreement.ts';
import { handOverIssues } from './hand-over.ts';
import { type Judged, judgeTask, readTask, type Voice } from './judge-task.ts';
import { afterDeath, reopened } from './lone-faults.ts';
import { isReferralTask } from './task-event.ts';

type Identified = Resource & { readonly id: string };
type Key = `${string}/${string}`;

/** One resource of a record on its way in. */
export interface Change {
  /** as the record says it */
  readonly incoming: Identified;
  /** current content; undefined where it is new */
  readonly before: Identified | undefined;
  /** content to be; undefined while only parts of it are known */
  readonly after: Identified | undefined;
}

/** What is stored beside a record, as far as `seenBeside` asked for it. */
export interface Stored {
  resource(key: Key): Identified | undefined;
  /** Tasks whose focus is this resource */
  tasksOn(key: Key): readonly Identified[];
}

/** What a record's changes come to. */
export interface JudgedRecord {
  /** an error refuses the record; a warning becomes a worklist item, as the record's own do */
  readonly issues: readonly OperationOutcomeIssue[];
  /** content that a resource had between `before` and `after`, in order: kept as history, never delivered */
  readonly between: ReadonlyMap<Key, readonly Identified[]>;
  /** what does not fit what is stored beside the record (a request at odds with its Task), by what it is about; undefined where it fits again */
  readonly standing: ReadonlyMap<Key, OperationOutcomeIssue | undefined>;
}

/** A ServiceRequest and one Task that fulfils it, before and after a record. */
interface Referral {
  readonly key: Key;
  readonly before: Task | undefined;
  readonly after: Task;
  readonly request: ServiceRequest | undefined;
  readonly requestBefore: ServiceRequest | undefined;
  /** the request is in the record too */
  readonly isWhole: boolean;
}

/** Types whose changes are judged; of a Patient only what the record says. */
export const JUDGED_TYPES: ReadonlySet<string> = new Set(['Task', 'ServiceRequest', 'Patient']);

/** @returns the resource as it is meant, knowing what is stored of it */
export function readReferral(incoming: Identified, known: Identified | undefined): Identified {
  if (incoming.resourceType !== 'Task') return incoming;
  const read = readTask(incoming, taskIn(known));
  return read === incoming ? incoming : { ...read, id: incoming.id };
}

/** @returns resources to be seen beside one of a record, and those whose Tasks are to be seen */
export function seenBeside(incoming: Identified): {
  readonly keys: readonly Key[];
  readonly tasksOn: readonly Key[];
} {
  if (incoming.resourceType === 'Task') return { keys: requestKey(incoming.focus?.reference), tasksOn: [] };
  if (incoming.resourceType !== 'ServiceRequest') return { keys: [], tasksOn: [] };
  const old = incoming.basedOn?.flatMap(({ reference }) => requestKey(reference)) ?? [];
  return { keys: old, tasksOn: [`ServiceRequest/${incoming.id}`] };
}

/**
 * Judges a record's changes of referrals: each Task by the table of states, and then what belongs together: request and
 * Task, hand-over, a person who died.
 * @param changes every resource of `JUDGED_TYPES` in the record
 * @param voice who tells of it
 */
export function judgeReferrals(changes: readonly Change[], stored: Stored, voice: Voice): JudgedRecord {
  const referrals = referralsIn(changes, stored);
  const between = new Map<Key, readonly Identified[]>();
  const standing = new Map<Key, OperationOutcomeIssue | undefined>();
  const issues: OperationOutcomeIssue[] = [];
  for (const one of referrals) {
    const judged = judgeTask(one.before, one.after, voice);
    issues.push(...judged.issues);
    if (hasErrors(judged.issues)) continue;
    if (one.before && judged.between.length > 0)
      between.set(`Task/${one.after.id}`, versionsBetween(one.before, judged));
    issues.push(...agreementOf(one, standing));
    issues.push(...handOverIssues(one, referrals, judged.event, (key) => stored.resource(key)));
  }
  for (const change of changes) issues.push(...judgeRequest(change, referrals, stored, standing));
  issues.push(
    ...afterDeath(
      changes.map(({ incoming }) => incoming),
      referrals.map(({ after }) => after),
    ),
  );
  return { issues, between, standing };
}

function referralsIn(changes: readonly Change[], stored: Stored): Referral[] {
  const requests = new Map(changes.map((one) => [`${one.incoming.resourceType}/${one.incoming.id}`, one]));
  return changes.flatMap(({ before, after }) => {
    const task = taskIn(after);
    if (!task || !isReferralTask(task)) return [];
    const key = task.focus!.reference as Key;
    const own = requests.get(key);
    const beside = own ? undefined : requestIn(stored.resource(key));
    return [
      {
        ...{ key, before: taskIn(before), after: task, isWhole: own !== undefined },
        request: own ? requestIn(own.after) : beside,
        requestBefore: own ? requestIn(own.before) : beside,
      },
    ];
  });
}

/** A record that says both must agree with itself; where the other is stored, its own change may yet come. */
function agreementOf(
  { key, before, after, request, requestBefore, isWhole }: Referral,
  standing: Map<Key, OperationOutcomeIssue | undefined>,
): OperationOutcomeIssue[] {
  const now = request && disagreement(request, after, isWhole ? 'error' : 'warning');
  if (now && isWhole) return [now];
  const was = before && requestBefore && disagreement(requestBefore, before, 'warning');
  if (now || was) standing.set(key, now);
  return [];
}

/** A ServiceRequest without its Task is held against the Tasks that are stored. */
function judgeRequest(
  { before, after }: Change,
  referrals: readonly Referral[],
  stored: Stored,
  standing: Map<Key, OperationOutcomeIssue | undefined>,
): OperationOutcomeIssue[] {
  const request = requestIn(after);
  const key: Key = `ServiceRequest/${after?.id}`;
  if (!request || referrals.some((one) => one.key === key)) return [];
  const was = requestIn(before);
  const fault = was && reopened(was, request);
  if (fault) return [fault];
  const tasks = stored.tasksOn(key).flatMap((one) => taskIn(one) ?? []);
  const now = oddsWith(request, tasks);
  if (now || (was && oddsWith(was, tasks))) standing.set(key, now);
  return [];
}

/** @returns why no Task agrees: a request may have had others before */
function oddsWith(request: ServiceRequest, tasks: readonly Task[]): OperationOutcomeIssue | undefined {
  const found = tasks.filter(isReferralTask).map((task) => disagreement(request, task, 'warning'));
  return found.includes(undefined) ? undefined : found[0];
}

/** What was known, in the states between: why it stands where it does is said of the last one only. */
function versionsBetween(before: Task, { between }: Judged): Identified[] {
  const { statusReason: _reason, ...known } = before;
  return between.map((status) => ({ ...known, id: before.id!, status }));
}

function taskIn(resource: Resource | undefined): Task | undefined {
  return resource?.resourceType === 'Task' ? resource : undefined;
}

function requestIn(resource: Resource | undefined): ServiceRequest | undefined {
  return resource?.resourceType === 'ServiceRequest' ? resource : undefined;
}

function requestKey(reference: string | undefined): Key[] {
  return reference?.startsWith('ServiceRequest/') ? [reference as Key] : [];
}
