/** Turns one commit into its Provenance: the true author, this adapter as transmitter, and the versions written. */
import type { Provenance, ProvenanceAgent, Reference, Resource } from '@medplum/fhirtypes';
import { PROJECT_NAMESPACE, uuidV5 } from './ids.ts';

const AGENT_TYPE = 'http://terminology.hl7.org/CodeSystem/provenance-participant-type';
const LOCAL_AGENT_TYPE = 'https://hedgerow.example/fhir/CodeSystem/provenance-agent';
/** Identifier system of this adapter and of its sources, where no Organization stands for them. */
const SYSTEM_IDENTIFIER = 'https://hedgerow.example/fhir/Id/system';
/** Identifier system of the people who decide through the worklist. */
const OPERATOR_IDENTIFIER = 'https://hedgerow.example/fhir/Id/operator';

/** What a Provenance says about a commit. */
export interface Committed {
  readonly source: string;
  readonly kind: string;
  readonly key: string;
  /** digest of the record: the next content of the same record is another commit */
  readonly digest: string;
  /** when it was so, by the source, epoch ms */
  readonly sourceTimeMs: number;
  /** who made it, where that came along */
  readonly author?: ProvenanceAgent['who'] | undefined;
  /** who decided what the resources became, where two versions stood against each other: the author then */
  readonly decidedBy?: string | undefined;
  /** the resources of the record, to find its author */
  readonly resources: readonly Resource[];
  readonly written: readonly { readonly type: string; readonly id: string; readonly version: number }[];
}

/** @param nowMs time of the commit @returns a Provenance with versioned targets; author is never the transport account */
export function provenanceOf(commit: Committed, nowMs: number): Provenance & { id: string } {
  return {
    resourceType: 'Provenance',
    id: provenanceId(commit),
    target: targetsOf(commit.written),
    occurredDateTime: new Date(commit.sourceTimeMs).toISOString(),
    recorded: new Date(nowMs).toISOString(),
    agent: [
      ...authorsOf(commit),
      { type: { coding: [{ system: LOCAL_AGENT_TYPE, code: 'transmitter' }] }, who: systemNamed('hedgerow') },
    ],
  };
}

/** @returns references to versions that were written */
export function targetsOf(written: Committed['written']): Reference[] {
  return written.map(({ type, id, version }) => ({ reference: `${type}/${id}/_history/${version}` }));
}

/** Whoever decided answers for what came of it; who made the record said what it was made of. */
function authorsOf(commit: Committed): ProvenanceAgent[] {
  const { author, decidedBy, resources, source } = commit;
  const agent = (code: string, who: ProvenanceAgent['who']): ProvenanceAgent => ({
    type: { coding: [{ system: AGENT_TYPE, code }] },
    who,
  });
  const maker = author ?? authorOf(resources) ?? systemNamed(source);
  if (decidedBy === undefined) return [agent('author', maker)];
  const decider = { identifier: { system: OPERATOR_IDENTIFIER, value: decidedBy } };
  return [agent('author', decider), agent('informant', maker)];
}

/** @returns id of the Provenance of a record's content */
export function provenanceId(of: Pick<Committed, 'source' | 'kind' | 'key' | 'digest'>): string {
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify([of.source, 'Provenance', of.kind, of.key, of.digest]));
}

/** @returns who made the record, by its leading resource; undefined when it names nobody */
export function authorOf(resources: readonly Resource[]): ProvenanceAgent['who'] | undefined {
  for (const find of AUTHORS) {
    for (const resource of resources) {
      const author = find(resource);
      if (author?.reference) return { reference: author.reference };
    }
  }
  return undefined;
}

/** In order of weight: what a record is mainly about decides who its author is. */
const AUTHORS: readonly ((resource: Resource) => Reference | undefined)[] = [
  (r) => (r.resourceType === 'QuestionnaireResponse' ? (r.author ?? r.source) : undefined),
  (r) =>
    r.resourceType === 'Encounter' ? r.participant?.find((one) => one.individual)?.individual : undefined,
  (r) => (r.resourceType === 'ServiceRequest' ? r.requester : undefined),
  (r) => (r.resourceType === 'Procedure' ? r.performer?.find((one) => one.actor)?.actor : undefined),
  (r) => (r.resourceType === 'CarePlan' ? r.author : undefined),
  (r) => (r.resourceType === 'Task' ? (r.owner ?? r.requester) : undefined),
];

/** @returns a system, where no Organization or Device stands for it */
export function systemNamed(value: string): NonNullable<ProvenanceAgent['who']> {
  return { identifier: { system: SYSTEM_IDENTIFIER, value } };
}
