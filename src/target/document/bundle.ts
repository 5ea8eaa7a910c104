/** Turns a summary and the resources that it was made of into a FHIR R4 document: the same Bundle for the same input. */
import type {
  Bundle,
  BundleEntry,
  Composition,
  CompositionSection,
  Reference,
  Resource,
} from '@medplum/fhirtypes';
import { SNOMED_SYSTEM } from '../../fhir/identifiers.ts';
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import { isRestricted, withoutWhereabouts } from '../../referral/restriction.ts';
import type { Summary } from '../../referral/summary/content.ts';
import { gatheredOf, organizationOf, practiceOf } from '../../referral/summary/gathered.ts';
import type { Identified, ResourceKey } from '../../store/store.ts';
import { referencesOf, withoutReferences } from '../references.ts';
import { narrativeOf } from './html.ts';
import { type DocumentFacts, partsOf, type Topic } from './parts.ts';

export const DOCUMENT_SYSTEM = 'https://hedgerow.example/fhir/Id/document';

export interface DocumentInput {
  readonly summary: Summary;
  /** `ServiceRequest/id` of the referral */
  readonly requestKey: string;
  /** as they may go, the referral and the person among them */
  readonly resources: readonly Identified[];
  readonly facts: DocumentFacts;
  readonly madeMs: number;
  /** SNOMED CT code of the kind of document */
  readonly type: { readonly code: string; readonly display: string };
  readonly pdf: Uint8Array;
  readonly html: string;
}

/** Which resources the sections speak of; other types stay here. */
const TOPICS: Readonly<Partial<Record<Resource['resourceType'], Topic>>> = {
  Patient: 'people',
  Practitioner: 'people',
  PractitionerRole: 'people',
  Organization: 'people',
  RelatedPerson: 'people',
  Flag: 'actions',
  ServiceRequest: 'support',
  Task: 'closure',
  EpisodeOfCare: 'summary',
  Condition: 'reasons',
  Procedure: 'support',
  HealthcareService: 'support',
  Encounter: 'contacts',
  Appointment: 'contacts',
  Observation: 'outcomes',
  Goal: 'outcomes',
  CarePlan: 'matters',
};

/** @returns a document whose references all lead to its own entries */
export function documentBundle(input: DocumentInput): Bundle {
  const { facts, madeMs, pdf, html } = input;
  const resources = includedOf(input.resources);
  const pdfId = uuidV5(facts.reference, 'application/pdf');
  const htmlId = uuidV5(facts.reference, 'text/html');
  const timestamp = new Date(madeMs).toISOString();
  const composition = compositionOf(input, resources, [pdfId, htmlId], timestamp);
  return {
    resourceType: 'Bundle',
    id: facts.reference,
    identifier: { system: DOCUMENT_SYSTEM, value: facts.reference },
    type: 'document',
    timestamp,
    entry: [
      entryOf(composition),
      entryOf({
        resourceType: 'Binary',
        id: pdfId,
        contentType: 'application/pdf',
        data: Buffer.from(pdf).toString('base64'),
      }),
      entryOf({
        resourceType: 'Binary',
        id: htmlId,
        contentType: 'text/html; charset=utf-8',
        data: Buffer.from(html, 'utf8').toString('base64'),
      }),
      ...resources.map((resource) => entryOf(resource)),
    ],
  };
}

/** Without what names others that are not in the document, and without versions and profiles of ours. */
function includedOf(resources: readonly Identified[]): readonly Identified[] {
  const wanted = resources.filter(({ resourceType }) => TOPICS[resourceType] !== undefined);
  const keys = new Set(wanted.map(({ resourceType, id }) => `${resourceType}/${id}`));
  return wanted
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    .flatMap((resource) => {
      const absent = new Set([...referencesOf(resource)].filter((key) => !keys.has(key)));
      const { meta, ...kept } = withoutReferences(resource, absent as Set<ResourceKey>) ?? resource;
      const labelled = meta?.security ? { ...kept, meta: { security: meta.security } } : kept;
      return [(isRestricted(resource) ? withoutWhereabouts(labelled as Resource) : labelled) as Identified];
    });
}

function keyOf({ resourceType, id }: Identified): string {
  return `${resourceType}/${id}`;
}

function compositionOf(
  { summary, requestKey, facts, type, resources: all }: DocumentInput,
  resources: readonly Identified[],
  binaries: readonly string[],
  date: string,
): Composition {
  const { subject, author, custodian } = partiesOf(resources, requestKey);
  return {
    resourceType: 'Composition',
    id: uuidV5(facts.reference, 'Composition'),
    identifier: { system: DOCUMENT_SYSTEM, value: facts.reference },
    status: 'final',
    type: { coding: [{ system: SNOMED_SYSTEM, ...type }] },
    ...(subject ? { subject } : {}),
    date,
    author: [author],
    title: summary.title,
    confidentiality: all.some(isRestricted) ? 'R' : 'N',
    attester: [{ mode: 'professional', time: date, party: author }],
    ...(custodian ? { custodian } : {}),
    ...(facts.replaces === undefined
      ? {}
      : {
          relatesTo: [
            { code: 'replaces', targetIdentifier: { system: DOCUMENT_SYSTEM, value: facts.replaces } },
          ],
        }),
    section: sectionsOf(summary, facts, resources, binaries),
  } as Composition;
}

/** Whoever runs the referral wrote it, not whoever sends it. @returns references to resources of the document */
export function partiesOf(resources: readonly Identified[], requestKey: string) {
  const gathered = gatheredOf(resources);
  const request = gathered.at({ reference: requestKey });
  if (request?.resourceType !== 'ServiceRequest') return { author: NOBODY };
  const episode = gathered
    .of('EpisodeOfCare')
    .find(({ referralRequest }) => referralRequest?.some(({ reference }) => reference === requestKey));
  const performers = [...(episode?.careManager ? [episode.careManager] : []), ...(request.performer ?? [])];
  const roles = performers.filter((one) => gathered.at(one)?.resourceType === 'PractitionerRole');
  const service = performers.map((one) => organizationOf(gathered, one)).find((one) => one !== undefined);
  const custodian = service && { reference: `Organization/${service.id}` };
  const patient = gathered.at(request.subject);
  const practice = practiceOf(gathered, patient?.resourceType === 'Patient' ? patient : undefined);
  return { subject: request.subject, author: roles[0] ?? custodian ?? NOBODY, custodian, service, practice };
}

const NOBODY: Reference = { display: 'Social prescribing service' };

function sectionsOf(
  summary: Summary,
  facts: DocumentFacts,
  resources: readonly Identified[],
  binaries: readonly string[],
): CompositionSection[] {
  const whole = { title: 'Document', entry: binaries.map((id) => ({ reference: `Binary/${id}` })) };
  const told = partsOf(summary, facts);
  const topics = new Set(told.map(({ topic }) => topic));
  // what has no section of its own belongs to the summary
  const topicOf = ({ resourceType }: Identified): Topic => {
    const topic = TOPICS[resourceType];
    return topic !== undefined && topics.has(topic) ? topic : 'people';
  };
  const parts = told.map(({ topic, title, blocks }): CompositionSection => {
    const entry = resources.flatMap((one) => (topicOf(one) === topic ? [{ reference: keyOf(one) }] : []));
    return {
      title,
      text: { status: 'generated', div: narrativeOf(blocks) },
      ...(entry.length > 0 ? { entry } : {}),
    };
  });
  return [whole, ...parts];
}

function entryOf(resource: Resource): BundleEntry {
  return {
    fullUrl: urnOf(`${resource.resourceType}/${resource.id}`),
    resource: withUrns(resource) as Resource,
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const LOCAL = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/;

/** @returns the name of an entry: its id where that is a UUID, else one made of it */
export function urnOf(key: string): string {
  const id = key.slice(key.indexOf('/') + 1);
  return `urn:uuid:${UUID.test(id) ? id : uuidV5(PROJECT_NAMESPACE, key)}`;
}

function withUrns(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUrns);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'reference' && typeof member === 'string' && LOCAL.test(member)
        ? urnOf(member)
        : withUrns(member),
    ]),
  );
}
