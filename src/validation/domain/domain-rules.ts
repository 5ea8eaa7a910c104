/** Turns the resources of one record into the faults that FHIR itself cannot state: rules hr-1 to hr-9. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { checkNhsNumbers, checkSnomedIds } from './identity-rules.ts';
import { type Beyond, type Identified, type Journey, journeyOf, NOTHING_BEYOND } from './journey.ts';
import { checkContactInEpisode, checkContactInLife, checkLife, checkReferral } from './journey-rules.ts';
import { checkAnswers, checkFollowUp } from './questionnaire-rules.ts';

export interface DomainRule {
  readonly id: `hr-${number}`;
  readonly severity: 'error' | 'warning';
  readonly title: string;
  /** absent where the rule is held elsewhere: scoring (hr-6), sending (hr-8) */
  readonly check?: (resource: Identified, journey: Journey) => OperationOutcomeIssue[];
}

/** The rules, in order. A warning becomes a worklist item; an error refuses the record. */
export const DOMAIN_RULES: readonly DomainRule[] = [
  {
    id: 'hr-1',
    severity: 'error',
    title: 'An NHS number passes Modulus 11 and is not all one digit',
    check: checkNhsNumbers,
  },
  {
    id: 'hr-2',
    severity: 'error',
    title: 'A SNOMED CT id passes its check digit, is a concept, and is not of the US extension',
    check: checkSnomedIds,
  },
  {
    id: 'hr-3',
    severity: 'warning',
    title: 'A contact lies within its episode',
    check: (one, journey) => (one.resourceType === 'Encounter' ? checkContactInEpisode(one, journey) : []),
  },
  {
    id: 'hr-4',
    severity: 'warning',
    title: 'A follow-up is not before its baseline, and uses the same instrument version',
    check: (one, journey) =>
      one.resourceType === 'QuestionnaireResponse' ? checkFollowUp(one, journey) : [],
  },
  {
    id: 'hr-5',
    severity: 'error',
    title: 'Answers lie in the instrument’s range',
    check: (one) => (one.resourceType === 'QuestionnaireResponse' ? checkAnswers(one) : []),
  },
  {
    id: 'hr-6',
    severity: 'warning',
    title: 'A score in the record equals the score computed from the answers',
  },
  {
    id: 'hr-7',
    severity: 'warning',
    title: 'A referral names a person, a need, a referrer and a service',
    check: (one) => (one.resourceType === 'ServiceRequest' ? checkReferral(one) : []),
  },
  {
    id: 'hr-8',
    severity: 'error',
    title: 'Nothing is sent that consent, identity or restriction does not allow',
  },
  {
    id: 'hr-9',
    severity: 'error',
    title: 'Birth is not after the first contact, nor death before it',
    check: (one, journey) => {
      if (one.resourceType === 'Patient') return checkLife(one);
      return one.resourceType === 'Encounter' ? checkContactInLife(one, journey) : [];
    },
  },
];

/**
 * Checks the resources of one record.
 * @param resources under final ids, references as `Type/id`
 * @param related a resource beyond the record by `Type/id`, as far as it is at hand
 */
export function checkDomain(
  resources: readonly Identified[],
  beyond: Beyond = NOTHING_BEYOND,
): OperationOutcomeIssue[] {
  return checkDomainEach(resources, beyond).flat();
}

/** As `checkDomain`. @returns the issues of each resource, in their order */
export function checkDomainEach(
  resources: readonly Identified[],
  beyond: Beyond = NOTHING_BEYOND,
): OperationOutcomeIssue[][] {
  const journey = journeyOf(resources, beyond);
  return resources.map((resource) => [
    ...DOMAIN_RULES.flatMap((rule) => rule.check?.(resource, journey) ?? []),
    ...(resource.resourceType === 'ServiceRequest' ? journey.fitOf(resource) : []),
  ]);
}
