/** Turns a referral and what was gathered with it into the parts of a BaRS message, making what BaRS asks for and a record does not have. */

import type {
  CarePlan,
  Encounter,
  HealthcareService,
  OperationOutcomeIssue,
  Organization,
  Patient,
  Practitioner,
  PractitionerRole,
  Reference,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import { ODS_CODE_SYSTEM } from '../../fhir/identifiers.ts';
import { issueOf } from '../../fhir/outcome.ts';
import { DOS_SERVICE_ID } from './codes.ts';
import { keyOf, madeId, type Part } from './entries.ts';
import { asInstant } from './times.ts';

/** The service that referrals go to, as the Directory of Services and ODS name it. */
export interface BarsService {
  readonly dosServiceId: string;
  readonly name: string;
  readonly odsCode: string;
}

/** A referral with what was gathered with it, itself included, as it may go. */
export interface Referral {
  readonly request: ServiceRequest & { id: string };
  readonly parts: readonly Part[];
  /** UUID of the person's journey, the same for all messages of it */
  readonly journey: string;
}

type Of<Type extends Part['resourceType']> = Extract<Part, { resourceType: Type }>;

/** @returns the part that a reference names */
export function partAt<Type extends Part['resourceType']>(
  parts: readonly Part[],
  reference: Reference | undefined,
  type: Type,
): Of<Type> | undefined {
  const key = reference?.reference;
  if (key === undefined || !key.startsWith(type)) return undefined;
  const found = parts.find((part) => part.resourceType === type && keyOf(part) === key);
  return found as Of<Type> | undefined;
}

/** @returns all parts of a type */
export function partsOf<Type extends Part['resourceType']>(
  parts: readonly Part[],
  type: Type,
): readonly Of<Type>[] {
  return parts.filter((part): part is Of<Type> => part.resourceType === type);
}

/** @returns a code that an identifier of a system gives, whatever the case and the scheme of the system */
export function codeIn(
  part: { readonly identifier?: readonly { system?: string; value?: string }[] } | undefined,
  system: string,
): string | undefined {
  return part?.identifier?.find((one) => one.system === system || plain(one.system) === plain(system))?.value;
}

function plain(system: string | undefined): string | undefined {
  return system?.toLowerCase().replace(/^http:/, 'https:');
}

/** Who asks: somebody in a role at an organisation. */
export interface Requester {
  readonly practitioner: Practitioner & { id: string };
  readonly role: PractitionerRole & { id: string };
}

export type Found<T> = { readonly value: T } | { readonly issue: OperationOutcomeIssue };

/** @returns the organisation that a referral comes from, by its ODS code */
export function senderOf({ request, parts }: Referral): Found<Organization & { id: string }> {
  const role = partAt(parts, request.requester, 'PractitionerRole') ?? roleOfPractitioner(request, parts);
  const named = [
    role?.organization,
    request.requester,
    ...tasksOf(request, parts).map(({ requester }) => requester),
  ];
  const organizations = named.flatMap((one) => partAt(parts, one, 'Organization') ?? []);
  const found = organizations.find((one) => codeIn(one, ODS_CODE_SYSTEM) !== undefined);
  if (found) return { value: found };
  const what = organizations[0] ? keyOf(organizations[0]) : 'the organisation of ServiceRequest.requester';
  return missing(
    'bars-sender-organisation',
    `The referral does not say by ODS code which organisation it comes from: give ${what} an identifier of ${ODS_CODE_SYSTEM}, and name it as PractitionerRole.organization of the requester.`,
    'ServiceRequest.requester',
  );
}

/** @returns the organisation of the service, as it is known here or as it is configured */
export function receiverOf(parts: readonly Part[], service: BarsService): Organization & { id: string } {
  const known = partsOf(parts, 'Organization').find(
    (one) => codeIn(one, ODS_CODE_SYSTEM)?.toUpperCase() === service.odsCode.toUpperCase(),
  );
  return known ?? configured(service);
}

/** The same for all messages of a target. */
const CONFIGURED = new WeakMap<BarsService, Organization & { id: string }>();

function configured(service: BarsService): Organization & { id: string } {
  const known = CONFIGURED.get(service);
  if (known) return known;
  const made: Organization & { id: string } = {
    resourceType: 'Organization',
    id: madeId('Organization', service.odsCode),
    identifier: [{ system: ODS_CODE_SYSTEM, value: service.odsCode }],
    name: service.name,
  };
  CONFIGURED.set(service, made);
  return made;
}

/** Whether a referral is for a service: by the services, or the organisations, that ServiceRequest.performer names. */
export type IsFor = 'it' | 'another' | 'unknown';

/** @param performers what ServiceRequest.performer names, as far as it is known here */
export function isFor(performers: readonly Part[], service: BarsService): IsFor {
  const services = partsOf(performers, 'HealthcareService');
  if (services.some((one) => codeIn(one, DOS_SERVICE_ID) === service.dosServiceId)) return 'it';
  const organizations = partsOf(performers, 'Organization');
  const isOrganisation = organizations.some((one) => codeIn(one, ODS_CODE_SYSTEM) === service.odsCode);
  if (isOrganisation && services.length === 0) return 'it';
  const isToldElse =
    services.some((one) => codeIn(one, DOS_SERVICE_ID) !== undefined) ||
    (services.length === 0 && organizations.some((one) => codeIn(one, ODS_CODE_SYSTEM) !== undefined));
  return isToldElse ? 'another' : 'unknown';
}

/** @returns the one service of the message; one that only its organisation is named of is as configured */
export function serviceOf(
  { request, parts }: Referral,
  service: BarsService,
  receiver: Organization & { id: string },
): Found<HealthcareService & { id: string }> {
  const performers = (request.performer ?? []).flatMap(
    (one) => partAt(parts, one, 'HealthcareService') ?? partAt(parts, one, 'Organization') ?? [],
  );
  const providedBy = { reference: keyOf(receiver) };
  const found = partsOf(performers, 'HealthcareService').find(
    (one) => codeIn(one, DOS_SERVICE_ID) === service.dosServiceId,
  );
  if (found) return { value: { ...found, providedBy } };
  if (isFor(performers, service) === 'it')
    return {
      value: {
        resourceType: 'HealthcareService',
        id: madeId('HealthcareService', service.dosServiceId),
        identifier: [{ system: DOS_SERVICE_ID, value: service.dosServiceId }],
        active: true,
        name: service.name,
        providedBy,
      },
    };
  return missing(
    'bars-performer',
    `ServiceRequest.performer names no service of id ${service.dosServiceId} in the Directory of Services: name its HealthcareService there, and give that an identifier of ${DOS_SERVICE_ID}.`,
    'ServiceRequest.performer',
  );
}

/** @returns the practitioner who asks, with a role, which is made where only the practitioner is known */
export function requesterOf(
  { request, parts }: Referral,
  sender: Organization & { id: string },
): Found<Requester> {
  const role = partAt(parts, request.requester, 'PractitionerRole') ?? roleOfPractitioner(request, parts);
  const practitioner =
    partAt(parts, request.requester, 'Practitioner') ?? partAt(parts, role?.practitioner, 'Practitioner');
  if (!practitioner)
    return missing(
      'bars-requester',
      'ServiceRequest.requester names no practitioner: name the Practitioner, or the PractitionerRole with its practitioner, who refers or takes the person’s own request.',
      'ServiceRequest.requester',
    );
  return { value: { practitioner, role: role ?? roleOf(practitioner, sender) } };
}

function roleOf(
  practitioner: Practitioner & { id: string },
  sender: Organization & { id: string },
): PractitionerRole & { id: string } {
  return {
    resourceType: 'PractitionerRole',
    id: madeId('PractitionerRole', keyOf(practitioner), keyOf(sender)),
    practitioner: { reference: keyOf(practitioner) },
    organization: { reference: keyOf(sender) },
  };
}

function roleOfPractitioner(
  { requester }: ServiceRequest,
  parts: readonly Part[],
): Of<'PractitionerRole'> | undefined {
  return partsOf(parts, 'PractitionerRole').find(
    ({ practitioner }) =>
      practitioner?.reference !== undefined && practitioner.reference === requester?.reference,
  );
}

function tasksOf({ id }: ServiceRequest, parts: readonly Part[]): readonly Task[] {
  return partsOf(parts, 'Task').filter(({ focus }) => focus?.reference === `ServiceRequest/${id}`);
}

/** @returns the encounter that the referral was made in, or a plain one that carries the journey */
export function encounterOf({ request, parts, journey }: Referral): Encounter & { id: string } {
  const known = partAt(parts, request.encounter, 'Encounter');
  const episodeOfCare = [{ reference: `EpisodeOfCare/${journey}` }];
  if (known) {
    const { start, end } = known.period ?? {};
    const period = { ...instantIn('start', start), ...instantIn('end', end) };
    return { ...known, ...(known.period ? { period } : {}), episodeOfCare };
  }
  const start = asInstant(request.authoredOn);
  return {
    resourceType: 'Encounter',
    id: madeId('Encounter', request.id),
    status: 'unknown',
    // what kind it was is not recorded, and nothing is claimed of it
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor', code: 'UNK', display: 'unknown' },
    subject: request.subject as Reference<Patient>,
    episodeOfCare,
    ...(start === undefined ? {} : { period: { start } }),
  };
}

function instantIn<Name extends string>(
  name: Name,
  text: string | undefined,
): { readonly [name in Name]?: string } {
  const instant = asInstant(text);
  return (instant === undefined ? {} : { [name]: instant }) as { readonly [name in Name]?: string };
}

/** @returns the plan that the referral is part of, or a plain one that points to its Task */
export function carePlanOf(
  { request, parts }: Referral,
  encounter: Encounter & { id: string },
): CarePlan & { id: string } {
  const tasks = tasksOf(request, parts).map((task) => `Task/${task.id}`);
  const known = partsOf(parts, 'CarePlan').find(
    (plan) =>
      request.basedOn?.some(({ reference }) => reference === keyOf(plan)) ||
      plan.activity?.some(({ reference }) => tasks.includes(reference?.reference ?? '')),
  );
  if (known) return { ...known, intent: 'plan', encounter: { reference: keyOf(encounter) } };
  const text =
    request.code?.text ?? request.code?.coding?.find(({ display }) => display !== undefined)?.display;
  const activity = {
    ...(text === undefined ? {} : { outcomeCodeableConcept: [{ text }] }),
    ...(tasks[0] === undefined ? {} : { reference: { reference: tasks[0] } }),
  };
  return {
    resourceType: 'CarePlan',
    id: madeId('CarePlan', request.id),
    status: 'active',
    intent: 'plan',
    subject: request.subject as Reference<Patient>,
    encounter: { reference: keyOf(encounter) },
    ...(Object.keys(activity).length === 0 ? {} : { activity: [activity] }),
  };
}

/** @returns the issue of what is not there and cannot be made @param diagnostics which field of which record to fill */
export function missing(
  rule: string,
  diagnostics: string,
  expression: string,
): { issue: OperationOutcomeIssue } {
  return { issue: issueOf({ code: 'required', rule, diagnostics, expression }) };
}
