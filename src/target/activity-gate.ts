/** Turns a gate into one that also asks, as a referral is sent, whether the activity that it goes to fits. */
import type { OperationOutcomeIssue, Patient, ServiceRequest } from '@medplum/fhirtypes';
import { outcomeOf } from '../fhir/outcome.ts';
import { FIT_RULES, type FitRules, fitOf, ofTakenOn } from '../referral/activity-fit.ts';
import { londonDay } from '../referral/fhir-time.ts';
import { storedActivities } from '../store/activities.ts';
import { fitItem } from '../store/activity-work.ts';
import { basisOf } from '../store/deliveries.ts';
import type { Identified, ResourceKey, Store } from '../store/store.ts';
import { takenOn } from '../store/taken-on.ts';
import type { Gate } from './gate.ts';

export interface ActivityGateOptions {
  readonly store: Pick<
    Store,
    | 'read'
    | 'readMany'
    | 'readPerson'
    | 'restricted'
    | 'search'
    | 'answers'
    | 'links'
    | 'messages'
    | 'raiseWork'
    | 'replayDeliveries'
  >;
  readonly rules: FitRules;
  /** warn: it goes, and somebody is told; hold: it waits until the activity fits, or another is chosen */
  readonly atSending: 'warn' | 'hold';
  /** Tasks make messages that the referral goes along with, as BaRS has them; default false */
  readonly isAskedOfTasks?: boolean;
  readonly clock: () => number;
}

/** An activity may have closed, or filled, between the commit of a referral and its delivery. */
export function createActivityGate(gate: Gate, options: ActivityGateOptions): Gate {
  const { store, atSending } = options;
  return async (input) => {
    const { resource, personId, target } = input;
    const request = await requestOf(options, resource);
    if (!request) return await gate(input);
    // Before anything is looked at: what of the person changes meanwhile puts a held referral back in line.
    const basis = personId === undefined ? undefined : await personBasis(store, personId);
    const answer = await gate(input);
    const issues = answer.send ? await misfits(options, request) : undefined;
    if (!answer.send || !issues) return answer;
    if (issues.length === 0) {
      if (atSending === 'hold') await releaseOthers(options, input);
      return answer;
    }
    const key: ResourceKey = `ServiceRequest/${request.id}`;
    const isTakenOn = (await takenOn(store, [key])).has(key);
    if (atSending === 'hold' && !isTakenOn && !(await isThere(store, key, target)))
      return {
        send: false,
        outcome: outcomeOf(...issues.map((issue) => ({ ...issue, severity: 'error' as const }))),
        basis,
        ...(answer.forms ? { forms: answer.forms } : {}),
      };
    await tell(options, request.id, isTakenOn ? ofTakenOn(issues) : issues);
    return answer;
  };
}

/** @returns the referral that is to be sent; where Tasks make messages too, also that of a Task */
async function requestOf(
  { store, isAskedOfTasks }: ActivityGateOptions,
  resource: Identified,
): Promise<(ServiceRequest & Identified) | undefined> {
  if (resource.resourceType === 'ServiceRequest') return resource;
  const focus = resource.resourceType === 'Task' && isAskedOfTasks ? resource.focus?.reference : undefined;
  if (!focus?.startsWith('ServiceRequest/')) return undefined;
  const [version] = await store.readMany([focus as ResourceKey]);
  return version?.resource?.resourceType === 'ServiceRequest' ? version.resource : undefined;
}

/** What is there already is only brought up to date: the target must hear of it, whatever became of the activity. */
async function isThere(
  store: ActivityGateOptions['store'],
  key: ResourceKey,
  target: string,
): Promise<boolean> {
  const links = await store.links(target, [key]);
  return links.length > 0 || (await store.messages.about(key, target)).length > 0;
}

/** What was held of the person for an activity is asked again with what fits now: the version before, or the Task beside it. */
async function releaseOthers(
  { store, clock }: ActivityGateOptions,
  { target, personId }: Parameters<Gate>[0],
): Promise<void> {
  if (personId === undefined) return;
  for (const rule of FIT_RULES)
    await store.replayDeliveries({ target, personId, state: 'held', rule }, clock());
}

async function personBasis(store: ActivityGateOptions['store'], personId: string): Promise<string> {
  const patients = await store.readPerson(personId, 'Patient');
  const consents = await store.readPerson(personId, 'Consent');
  return basisOf([...patients, ...consents], await store.restricted(personId));
}

async function tell(
  { store, clock }: ActivityGateOptions,
  id: string,
  issues: readonly OperationOutcomeIssue[],
): Promise<void> {
  const stored = issues.length > 0 ? await store.read('ServiceRequest', id) : undefined;
  if (stored)
    await store.raiseWork(
      issues.map((issue) => fitItem(stored, issue)),
      clock(),
    );
}

/** @returns undefined where nothing is known of where it goes */
async function misfits(
  { store, rules, clock }: ActivityGateOptions,
  request: ServiceRequest & Identified,
): Promise<OperationOutcomeIssue[] | undefined> {
  const activities = await storedActivities(store, [[{ resource: request, partial: false }]]);
  if (activities.size === 0) return undefined;
  const subject = request.subject?.reference as ResourceKey | undefined;
  const [person] = subject ? await store.readMany([subject]) : [];
  const today = londonDay(clock());
  return [...activities.values()].flatMap((around) =>
    fitOf(request, person?.resource as Patient | undefined, around, rules, today),
  );
}
