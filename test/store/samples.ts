/** Synthetic records, rules and times that store tests share. */
import type { Patient } from '@medplum/fhirtypes';
import { digestOf } from '../../src/fhir/digest.ts';
import { PROJECT_NAMESPACE, uuidV5 } from '../../src/fhir/ids.ts';
import { issueOf, outcomeOf } from '../../src/fhir/outcome.ts';
import type {
  CommitRecord,
  CommitResult,
  CommitRules,
  Identified,
  RefusedRecord,
  Store,
  TargetLink,
  WrittenVersion,
} from '../../src/store/store.ts';

export const NOW_MS = Date.UTC(2025, 2, 3, 9);
export const NHS_NUMBER = '9990000018';

/** @returns a UUID for a short name, the same each time */
export function idOf(name: string): string {
  return uuidV5(PROJECT_NAMESPACE, `test ${name}`);
}

/** Sends all but Provenance to one target, and never objects. */
export const RULES: CommitRules = {
  check: () => [],
  route: (resource) => (resource.resourceType === 'Provenance' ? [] : ['ehr']),
  provenanceId: () => undefined,
  provenance: () => undefined,
};

let records = 0;
/** @returns a record of `demo`/`referral` whose payload is new each time unless given */
export function recordOf(
  resources: readonly (Identified | { resource: Identified; partial: boolean })[],
  more: Partial<CommitRecord> = {},
): CommitRecord {
  records += 1;
  const payload = more.payload ?? { row: records };
  return {
    source: 'demo',
    kind: 'referral',
    key: 'R1',
    digest: digestOf(payload),
    mapDigest: 'map-1',
    payload,
    ownerOrg: 'X26',
    sourceTimeMs: NOW_MS,
    timeOf: 'source',
    receiptId: 'receipt-1',
    warnings: [],
    ...more,
    resources: resources.map((one) => ('partial' in one ? one : { resource: one, partial: false })),
  };
}

export function refusedOf(more: Partial<RefusedRecord> = {}): RefusedRecord {
  return {
    source: 'demo',
    kind: 'referral',
    key: 'R1',
    payload: { need: '' },
    ownerOrg: 'X26',
    receiptId: 'receipt-1',
    file: 'referrals.csv',
    line: 7,
    outcome: outcomeOf(issueOf({ rule: 'hr-7', diagnostics: 'Column Need is empty; name a need.' })),
    ...more,
  };
}

export function partial(resource: Identified): { resource: Identified; partial: boolean } {
  return { resource, partial: true };
}

export function patient(name: string, more: Partial<Patient> = {}): Identified {
  return {
    resourceType: 'Patient',
    id: idOf(name),
    identifier: [{ system: 'https://demo.example/person', value: name }],
    name: [{ use: 'official', family: 'Example', given: ['Robin'] }],
    ...more,
  };
}

/** @param status code of UKCore-NHSNumberVerificationStatusEngland; 01 is verified */
export function withNhsNumber(name: string, number: string, status = '01'): Identified {
  const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland';
  const url = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
  return patient(name, {
    identifier: [
      {
        system: 'https://fhir.nhs.uk/Id/nhs-number',
        value: number,
        extension: [{ url, valueCodeableConcept: { coding: [{ system, code: status }] } }],
      },
    ],
  });
}

export function organization(name: string, title = 'Example Link Workers'): Identified {
  return { resourceType: 'Organization', id: idOf(name), name: title };
}

export function referral(name: string, person: string, more: object = {}): Identified {
  return {
    resourceType: 'ServiceRequest',
    id: idOf(name),
    status: 'active',
    intent: 'order',
    code: { coding: [{ system: 'http://snomed.info/sct', code: '871731000000106' }] },
    subject: { reference: `Patient/${idOf(person)}` },
    authoredOn: '2025-03-01',
    ...more,
  } as Identified;
}

export function contact(name: string, person: string, more: object = {}): Identified {
  return {
    resourceType: 'Encounter',
    id: idOf(name),
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'VR' },
    subject: { reference: `Patient/${idOf(person)}` },
    period: { start: '2025-03-02T10:00:00Z', end: '2025-03-02T10:30:00Z' },
    ...more,
  } as Identified;
}

/** Commits records of one batch. */
export function commit(
  store: Store,
  ...batch: readonly (CommitRecord | RefusedRecord)[]
): Promise<readonly CommitResult[]> {
  return store.commit(batch, RULES, NOW_MS);
}

/** @returns what a commit wrote, as `Type/version` */
export function writtenOf(result: CommitResult | undefined): string[] {
  if (result?.state !== 'committed') return [];
  return result.written.map((one: WrittenVersion) => `${one.type}/${one.version}`);
}

/** Claims and delivers everything due, in the order it leaves. @returns `Type/id` of each entry */
export async function deliverAll(store: Store, nowMs = NOW_MS): Promise<string[]> {
  const sent: string[] = [];
  for (;;) {
    const group = await store.claim('ehr', { nowMs, leaseMs: 60_000, maxEntries: 100 });
    if (!group) return sent;
    sent.push(...group.entries.map((entry) => `${entry.type}/${entry.id}`));
    await store.settle('ehr', group.deliveryKey, group.entries.map(delivered), nowMs);
  }
}

export function delivered(entry: { seq: number; type: string; id: string; version: number }): {
  kind: 'delivered';
  seq: number;
  link: TargetLink;
} {
  const { seq, type, id, version } = entry;
  const link = {
    target: 'ehr',
    ...{ type, id, version, digest: 'd' },
    remoteId: id,
    remoteVersion: '1',
    deliveredMs: NOW_MS,
  };
  return { kind: 'delivered', seq, link };
}
