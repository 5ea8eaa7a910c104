/** Turns a finding of PDS into the source record that it is committed as: a part of the Patient, and warnings for the worklist. */
import { digestOf } from '../../fhir/digest.ts';
import type { Finding } from '../../nhs/pds/finding.ts';
import type { CommitRecord } from '../../store/store.ts';

export interface Found {
  readonly finding: Finding;
  /** version of the Patient that was asked about */
  readonly version: number;
  readonly ownerOrg: string;
  readonly receiptId: string;
  readonly nowMs: number;
}

/** Stands for the map of what needs none. */
const NO_MAP = 'pds';

/** Nothing of the answer is kept as it came: it may hold more of the person than is ours to keep. */
export function recordOf({ finding, version, ownerOrg, receiptId, nowMs }: Found): CommitRecord {
  const { word, outcome, warnings } = finding;
  const payload = { outcome, version: finding.version ?? null };
  return {
    source: 'pds',
    kind: 'Patient',
    key: word.id,
    // what is said again of another version of the Patient is another record: it may have to be laid over that one anew
    digest: digestOf([word, payload, version]),
    mapDigest: NO_MAP,
    payload,
    ownerOrg,
    sourceTimeMs: nowMs,
    timeOf: 'reading',
    receiptId,
    resources: [{ resource: word, partial: true }],
    warnings,
  };
}
