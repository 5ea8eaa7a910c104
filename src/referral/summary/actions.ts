/** Turns Flags and Tasks of a referral into what its GP is asked to do: what concerns the person's safety stands first. */
import type { Flag, Task } from '@medplum/fhirtypes';
import type { Action } from './content.ts';
import type { Gathered } from './gathered.ts';
import { isGpAction } from './support.ts';
import { conceptInFull, type Displays, hasCode, nameOfConcept, notesOf, ukDate } from './words.ts';

const FLAG_CATEGORY = 'http://terminology.hl7.org/CodeSystem/flag-category';
const ALERT_KIND = 'https://hedgerow.example/fhir/CodeSystem/alert-kind';
const FLAG_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/flag';
const OPEN: ReadonlySet<string> = new Set(['requested', 'received', 'accepted', 'in-progress', 'ready']);

/** @returns whether a Flag says that the person may not be safe; one that ended, or was an error, says nothing */
export function isSafetyFlag({ status, category = [], code }: Flag): boolean {
  if (status !== 'active') return false;
  return (
    category.some((one) => hasCode(one, FLAG_CATEGORY, 'safety')) || hasCode(code, ALERT_KIND, 'safeguarding')
  );
}

/** @returns whether a Task asks the GP of something that is not done yet */
export function isOpenAction(task: Task): boolean {
  return isGpAction(task) && OPEN.has(task.status);
}

export function actionsOf(gathered: Gathered, displays: Displays): readonly Action[] {
  const safety = gathered
    .of('Flag')
    .filter(isSafetyFlag)
    .map((flag) => safetyAction(flag, displays));
  const asked = gathered.of('Task').filter(isOpenAction).map(askedAction);
  return [...safety, ...asked];
}

function safetyAction(flag: Flag, displays: Displays): Action {
  const since = ukDate(flag.period?.start);
  const isItem9 = hasCode(flag.code, FLAG_SYSTEM, 'phq-9-item-9');
  const what = isItem9
    ? 'The person answered the PHQ-9 question about thoughts of self-harm above 0. Please review the risk'
    : `Safety concern: ${conceptInFull(flag.code, displays) ?? 'see the service'}. Please review`;
  return { text: `${what}${since === undefined ? '' : ` (raised ${since})`}.`, isSafety: true };
}

function askedAction(task: Task): Action {
  const words = [...notesOf(task.note, undefined), ...(task.description ? [task.description] : [])];
  const asked =
    words.length > 0
      ? words.join(' ')
      : 'The link worker asks the practice to act: please telephone the service.';
  return { text: asked, isSafety: false };
}

/** @returns other Flags that a reader should know of */
export function noticesOf(gathered: Gathered, displays: Displays): readonly string[] {
  return gathered
    .of('Flag')
    .filter((flag) => flag.status === 'active' && !isSafetyFlag(flag))
    .flatMap(
      (flag) => conceptInFull(flag.code, displays) ?? nameOfConcept(flag.category?.[0], displays) ?? [],
    );
}
