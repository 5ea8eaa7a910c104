/** What commits are held to: the merged resource is checked, gets its Provenance and its targets, and a referral keeps its course. */
import { provenanceId, provenanceOf, systemNamed, targetsOf } from '../fhir/provenance.ts';
import { JUDGED_TYPES, judgeReferrals, readReferral, seenBeside } from '../referral/judge-record.ts';
import { API_CLIENT, CASE_SYSTEM } from '../referral/judge-task.ts';
import { withoutWhereabouts } from '../referral/restriction.ts';
import type { CommitRecord, CommitRules, Identified, WrittenVersion } from '../store/store.ts';
import { checkDomain } from '../validation/domain/domain-rules.ts';
import type { PipelineParts } from './parts.ts';

export function commitRules(parts: PipelineParts): CommitRules {
  return {
    check: (resource) => [...parts.validator.validate(resource), ...checkDomain([resource])],
    provenanceId: (record) => record.client?.provenance?.id ?? provenanceId(record),
    provenance: (record, written, nowMs) =>
      written.length === 0
        ? undefined
        : (saidBy(record, written) ??
          provenanceOf(
            {
              ...record,
              author: record.client ? systemNamed(record.source) : record.received?.author,
              decidedBy: record.decision?.actor,
              resources: record.resources.map((one) => one.resource),
              written,
            },
            nowMs,
          )),
    route: parts.route,
    ownTargets: parts.ownTargets,
    followers: parts.followers,
    course: {
      types: JUDGED_TYPES,
      read: readReferral,
      beside: seenBeside,
      judge: (changes, stored, { source, client }) =>
        judgeReferrals(changes, stored, parts.voices?.get(source) ?? (client ? API_CLIENT : CASE_SYSTEM)),
    },
  };
}

/** @returns the client's own word of its write, of the versions that were written; of restricted people without places */
function saidBy(
  { client, isWithheld }: CommitRecord,
  written: readonly WrittenVersion[],
): Identified | undefined {
  if (!client?.provenance) return undefined;
  const provenance = { ...client.provenance, target: targetsOf(written) } as Identified;
  return isWithheld ? (withoutWhereabouts(provenance) as Identified) : provenance;
}
