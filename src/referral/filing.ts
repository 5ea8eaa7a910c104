/** Turns a Task that came back from where a referral was sent into what was made of the referral there. */
import type { Task } from '@medplum/fhirtypes';

/** What a Task says of the filing of the resources that it is about. */
export interface TaskFiling {
  readonly state: 'filed' | 'amended' | 'rejected';
  /** references of what it is about: its focus, and what it is based on */
  readonly about: readonly string[];
}

const STATES: Readonly<Partial<Record<Task['status'], TaskFiling['state']>>> = {
  accepted: 'filed',
  'in-progress': 'filed',
  'on-hold': 'filed',
  completed: 'filed',
  rejected: 'rejected',
  cancelled: 'rejected',
  failed: 'rejected',
};

/** @returns undefined while the Task says nothing of it: requested, or only received */
export function filingOf({ status, businessStatus, output, focus, basedOn }: Task): TaskFiling | undefined {
  const state = STATES[status];
  if (state === undefined) return undefined;
  const words = [businessStatus, ...(output ?? []).map(({ type }) => type)].flatMap(
    (one) => one?.coding ?? [],
  );
  const isAmended = state === 'filed' && words.some(({ code }) => code === 'amended');
  const about = [focus, ...(basedOn ?? [])].flatMap((one) => one?.reference ?? []);
  return { state: isAmended ? 'amended' : state, about };
}
