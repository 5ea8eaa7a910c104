/** Turns a record that was read into FHIR under ids of ours: map → score → name. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { digestOf } from '../fhir/digest.ts';
import { nameResources } from '../fhir/naming.ts';
import { hasErrors, issueOf, outcomeOf } from '../fhir/outcome.ts';
import { addScores } from '../referral/score-bundle.ts';
import type { ReadRecord } from '../source/record.ts';
import type { CommitRecord } from '../store/store.ts';
import { claimProfiles } from '../validation/claims.ts';
import { type PipelineParts, type Prepared, timed } from './parts.ts';

/** @returns the record as it would be committed, not yet checked; or refused */
export function prepareRecord(parts: PipelineParts, read: ReadRecord, receiptId: string): Prepared {
  const { source, kind, key, payload } = read;
  const ownerOrg = parts.ownerOrg(source);
  const common = { source, kind, payload, receiptId, ownerOrg, ...placeOf(read) };
  if (!read.ok) return { refused: { ...common, key, outcome: read.outcome } };
  const set = parts.maps.get(source);
  const map = set?.kinds.get(kind);
  if (!set || !map) return { refused: { ...common, key, outcome: noMap(source, kind) } };
  const warnings: OperationOutcomeIssue[] = [...read.warnings];
  const bundle = timed(parts, 'map', () => map.run(read.payload, warnings));
  timed(parts, 'score', () => addScores(bundle, warnings));
  if (hasErrors(warnings)) return { refused: { ...common, key, outcome: outcomeOf(...warnings) } };
  const resources = timed(parts, 'name', () => nameResources(source, bundle));
  for (const { resource } of resources) claimProfiles(resource, parts.claims);
  const digest = digestOf(payload);
  return {
    record: {
      ...common,
      key: read.key,
      digest,
      mapDigest: set.digest,
      sourceTimeMs: read.sourceTimeMs,
      timeOf: read.timeOf,
      resources,
      warnings,
    },
  };
}

function placeOf({ file, line }: ReadRecord): Pick<CommitRecord, 'file' | 'line'> {
  return { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) };
}

function noMap(source: string, kind: string): OperationOutcome {
  const diagnostics = `The source ${source} has no map for ${kind}.`;
  return outcomeOf(issueOf({ code: 'not-supported', rule: 'map-unknown-kind', diagnostics }));
}
