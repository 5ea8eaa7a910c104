/** Turns a mapped Bundle into the same Bundle with computed scores and flags beside its questionnaire responses. */
import type { Bundle, Observation, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { reconcileGiven, score } from './scores.ts';

/**
 * Adds what the answers say; a given score that was computed too is dropped (hr-6 when they differ).
 * @param bundle a map's output, local ids; changed in place
 * @param issues gets the warnings of scoring
 */
export function addScores(bundle: Bundle, issues: OperationOutcomeIssue[]): void {
  const entries = bundle.entry ?? [];
  const scored = entries.flatMap(({ resource }) =>
    resource?.resourceType === 'QuestionnaireResponse' ? [score(resource)] : [],
  );
  if (scored.length === 0) return;
  const given = entries.flatMap(({ resource }) => (isGiven(resource) ? [resource] : []));
  const computed = scored.flatMap((one) => one.observations);
  const { keep, issues: differing } = reconcileGiven(given, computed);
  issues.push(...scored.flatMap((one) => one.issues), ...differing);
  bundle.entry = [
    ...entries.filter((entry) => !isGiven(entry.resource)),
    ...[...keep, ...computed.filter((one) => !keep.includes(one)), ...scored.flatMap((one) => one.flags)].map(
      (resource) => ({ resource }),
    ),
  ];
}

function isGiven(resource: Resource | undefined): resource is Observation {
  return (
    resource?.resourceType === 'Observation' && resource.id?.startsWith('Observation:given-score:') === true
  );
}
