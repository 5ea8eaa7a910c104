/** Turns who asks whom, and under which ids, into the headers of a BaRS request, and headers into that. */
import { ODS_CODE_SYSTEM } from '../../fhir/identifiers.ts';
import { DOS_SERVICE_ID, LIVE_VERSION, SDS_ROLE_PROFILE_ID } from './codes.ts';
import type { BarsFault } from './errors.ts';

export interface HeaderOrganisation {
  readonly odsCode: string;
  readonly name: string;
}

export interface HeaderSoftware {
  readonly name: string;
  readonly version: string;
  /** of the product, as it was given at onboarding; left out where there is none */
  readonly identifier?: { readonly system: string; readonly value: string } | undefined;
}

/** Who acted, where that is known: an SDS role profile and a SNOMED CT role. */
export interface HeaderPractitioner {
  readonly sdsRoleProfileId: string;
  readonly role?: { readonly system: string; readonly code: string; readonly display?: string } | undefined;
}

/** What the headers of one request say. */
export interface BarsHeaders {
  /** the service that it is for: its id in the Directory of Services by habit */
  readonly target: { readonly system: string; readonly value: string };
  readonly organisation: HeaderOrganisation;
  readonly software: HeaderSoftware;
  readonly practitioner?: HeaderPractitioner | undefined;
  /** UUID, new for each message, the same when it is sent again */
  readonly requestId: string;
  /** UUID of the conversation */
  readonly correlationId: string;
  /** of the standard, in Accept and Content-Type */
  readonly version: string;
  /** `useCase|category|event|reason`, of writes */
  readonly useContext?: string | undefined;
}

/** Header names, lower case as Node reads them. */
export const HEADERS = {
  target: 'nhsd-target-identifier',
  organisation: 'nhsd-end-user-organisation',
  software: 'nhsd-requesting-software',
  practitioner: 'nhsd-requesting-practitioner',
  requestId: 'x-request-id',
  correlationId: 'x-correlation-id',
  useContext: 'use-context',
} as const;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Standard alphabet, padded, one line. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const LONGEST_HEADER = 8_192;

/** @returns `application/fhir+json; version=1.1.0` */
export function mediaType(version: string): string {
  return `application/fhir+json; version=${version}`;
}

/** @returns whether a version of the standard is spoken here: what its first number has in common is compatible */
export function isSpoken(version: string, ours: string): boolean {
  const major = (text: string): string => text.split('.')[0]!;
  return [LIVE_VERSION, ours].some((one) => major(one) === major(version));
}

/** @returns the version that an Accept or Content-Type names; undefined when none */
export function versionOf(mediaTypeText: string | undefined): string | undefined {
  return /;\s*version="?([^";,\s]+)/i.exec(mediaTypeText ?? '')?.[1];
}

/** @returns whether a text is a UUID, in any case */
export function isUuid(text: string | undefined): text is string {
  return text !== undefined && UUID.test(text);
}

/** @returns the headers, without Authorization, and with Content-Type where a body goes along */
export function writeHeaders(said: BarsHeaders, hasBody: boolean): Readonly<Record<string, string>> {
  const type = mediaType(said.version);
  return {
    accept: type,
    ...(hasBody ? { 'content-type': type } : {}),
    [HEADERS.target]: encoded(said.target.value, said.target.system),
    [HEADERS.organisation]: base64(organisationJson(said.organisation)),
    [HEADERS.software]: base64(softwareJson(said.software)),
    ...(said.practitioner ? { [HEADERS.practitioner]: base64(practitionerJson(said.practitioner)) } : {}),
    [HEADERS.requestId]: said.requestId,
    [HEADERS.correlationId]: said.correlationId,
    ...(said.useContext === undefined ? {} : { [HEADERS.useContext]: said.useContext }),
  };
}

function encoded(value: string, system: string): string {
  return base64({ value, system });
}

function base64(json: unknown): string {
  return Buffer.from(JSON.stringify(json)).toString('base64');
}

function organisationJson({ odsCode, name }: HeaderOrganisation): unknown {
  return { resourceType: 'Organization', identifier: [{ value: odsCode, system: ODS_CODE_SYSTEM }], name };
}

/** `deviceName` and `version` are objects here, as the standard's own example has them, where FHIR has lists. */
function softwareJson({ name, version, identifier }: HeaderSoftware): unknown {
  return {
    resourceType: 'Device',
    identifier: identifier ? [identifier] : [],
    deviceName: { name, type: 'manufacturer-name' },
    version: { value: version },
  };
}

function practitionerJson({ sdsRoleProfileId, role }: HeaderPractitioner): unknown {
  return {
    resourceType: 'PractitionerRole',
    identifier: [{ system: SDS_ROLE_PROFILE_ID, value: sdsRoleProfileId }],
    ...(role ? { code: [{ coding: [role] }] } : {}),
  };
}

export type ReadHeaders =
  | { readonly ok: true; readonly value: BarsHeaders }
  | { readonly ok: false; readonly fault: BarsFault };

/**
 * Reads the headers of a request that came: the first fault, in the order in which receivers look.
 * @param headers names in lower case
 * @param needsTarget false: what is asked may be asked of no service, whose value then is empty
 * @returns a fault names the header, and never what it holds
 */
export function readHeaders(
  headers: Readonly<Record<string, string | undefined>>,
  needsTarget = true,
): ReadHeaders {
  const ids = idsIn(headers);
  if (!ids.ok) return ids;
  const target: Read<BarsHeaders['target']> =
    needsTarget || headers[HEADERS.target]
      ? jsonIn(headers, HEADERS.target, targetIn)
      : { ok: true, value: { system: DOS_SERVICE_ID, value: '' } };
  if (!target.ok) return target;
  const organisation = jsonIn(headers, HEADERS.organisation, organisationIn);
  if (!organisation.ok) return organisation;
  const software = jsonIn(headers, HEADERS.software, softwareIn);
  if (!software.ok) return software;
  const practitioner =
    headers[HEADERS.practitioner] === undefined
      ? undefined
      : jsonIn(headers, HEADERS.practitioner, practitionerIn);
  if (practitioner && !practitioner.ok) return practitioner;
  return {
    ok: true,
    value: {
      ...ids.value,
      target: target.value,
      organisation: organisation.value,
      software: software.value,
      ...(practitioner ? { practitioner: practitioner.value } : {}),
      version: versionOf(headers['content-type']) ?? versionOf(headers.accept) ?? LIVE_VERSION,
      ...(headers[HEADERS.useContext] === undefined ? {} : { useContext: headers[HEADERS.useContext] }),
    },
  };
}

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: BarsFault };

function idsIn(
  headers: Readonly<Record<string, string | undefined>>,
): Read<{ readonly requestId: string; readonly correlationId: string }> {
  for (const name of [HEADERS.requestId, HEADERS.correlationId]) {
    const value = headers[name];
    if (!value) return bad('required', `Header ${name} is missing: send a UUID.`);
    if (!isUuid(value)) return bad('invalid', `Header ${name} is no UUID: send one.`);
  }
  const [requestId, correlationId] = [headers[HEADERS.requestId]!, headers[HEADERS.correlationId]!];
  return {
    ok: true,
    value: { requestId: requestId.toLowerCase(), correlationId: correlationId.toLowerCase() },
  };
}

function jsonIn<T>(
  headers: Readonly<Record<string, string | undefined>>,
  name: string,
  read: (json: Json) => T | undefined,
): Read<T> {
  const text = headers[name];
  if (!text) return bad('required', `Header ${name} is missing.`);
  if (text.length > LONGEST_HEADER || !BASE64.test(text))
    return bad(
      'invalid',
      `Header ${name} is not base64: encode its JSON in the standard alphabet, in one line.`,
    );
  const json = parsed(Buffer.from(text, 'base64').toString());
  if (json === undefined) return bad('structure', `Header ${name} holds no JSON object once it is decoded.`);
  const value = read(json);
  return value === undefined
    ? bad('structure', `Header ${name} does not have the members that it must have.`)
    : { ok: true, value };
}

type Json = Readonly<Record<string, unknown>>;

function parsed(text: string): Json | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function targetIn(json: Json): BarsHeaders['target'] | undefined {
  const [system, value] = [textOf(json.system) ?? DOS_SERVICE_ID, textOf(json.value)];
  return value === undefined ? undefined : { system, value };
}

/** The first of a list, or the thing itself: senders write both. */
function firstOf(value: unknown): Json | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return isObject(first) ? first : undefined;
}

function organisationIn(json: Json): HeaderOrganisation | undefined {
  const odsCode = textOf(firstOf(json.identifier)?.value);
  if (json.resourceType !== 'Organization' || odsCode === undefined) return undefined;
  return { odsCode, name: textOf(json.name) ?? odsCode };
}

function softwareIn(json: Json): HeaderSoftware | undefined {
  if (json.resourceType !== 'Device') return undefined;
  const identifier = firstOf(json.identifier);
  const [system, value] = [textOf(identifier?.system), textOf(identifier?.value)];
  return {
    name: textOf(firstOf(json.deviceName)?.name) ?? 'unknown',
    version: textOf(firstOf(json.version)?.value) ?? 'unknown',
    ...(system !== undefined && value !== undefined ? { identifier: { system, value } } : {}),
  };
}

function practitionerIn(json: Json): HeaderPractitioner | undefined {
  const sdsRoleProfileId = textOf(firstOf(json.identifier)?.value);
  if (json.resourceType !== 'PractitionerRole' || sdsRoleProfileId === undefined) return undefined;
  const coding = firstOf(firstOf(json.code)?.coding);
  const [system, code] = [textOf(coding?.system), textOf(coding?.code)];
  return { sdsRoleProfileId, ...(system && code ? { role: { system, code } } : {}) };
}

function bad(issue: BarsFault['issue'], diagnostics: string): { ok: false; fault: BarsFault } {
  return { ok: false, fault: { code: 'REC_BAD_REQUEST', issue, diagnostics } };
}
