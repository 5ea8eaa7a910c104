/** Turns a gate into one that also asks, as a referral is sent, whether the activity that it goes to fits. */
import type { OperationOutcomeIssue, Patient, ServiceRequest } from '@medplum/fhirtypes';
import { outcomeOf } from '../fhir/outcome.ts';
import { type FitRules, fitOf } from '../referral/activity-fit.ts';
import { londonDay } from '../referral/fhir-time.ts';
import { storedActivities } from '../store/activities.ts';
import { fitItem } from '../store/activity-work.ts';
import type { Identified, ResourceKey, Store } from '../store/store.ts';
import type { Gate } from './gate.ts';

export interface ActivityGateOptions {
  readonly store: Pick<Store, 'read' | 'readMany' | 'search' | 'answers' | 'raiseWork'>;
  readonly rules: FitRules;
  /** warn: it goes, and somebody is told; hold: it waits until the activity fits, or another is chosen */
  readonly atSending: 'warn' | 'hold';
  readonly clock: () => number;
}

/** An activity may have closed, or filled, between the commit of a referral and its delivery. */
export function createActivityGate(gate: Gate, options: ActivityGateOptions): Gate {
  return async (input) => {
    const answer = await gate(input);
    if (!answer.send || input.resource.resourceType !== 'ServiceRequest') return answer;
    const issues = await misfits(options, input.resource);
    if (issues.length === 0) return answer;
    if (options.atSending === 'hold')
      return {
        send: false,
        outcome: outcomeOf(...issues.map((issue) => ({ ...issue, severity: 'error' as const }))),
        ...(answer.forms ? { forms: answer.forms } : {}),
      };
    const stored = await options.store.read('ServiceRequest', input.resource.id);
    if (stored)
      await options.store.raiseWork(
        issues.map((issue) => fitItem(stored, issue)),
        options.clock(),
      );
    return answer;
  };
}

async function misfits(
  { store, rules, clock }: ActivityGateOptions,
  request: ServiceRequest & Identified,
): Promise<OperationOutcomeIssue[]> {
  const activities = await storedActivities(store, [[{ resource: request, partial: false }]]);
  if (activities.size === 0) return [];
  const subject = request.subject?.reference as ResourceKey | undefined;
  const [person] = subject ? await store.readMany([subject]) : [];
  const today = londonDay(clock());
  return [...activities.values()].flatMap((around) =>
    fitOf(request, person?.resource as Patient | undefined, around, rules, today),
  );
}
