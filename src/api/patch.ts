/** Turns the body of a PATCH request and a stored resource into the patched resource. */
import type { OperationOutcome, Resource } from '@medplum/fhirtypes';
import type { Definitions } from '../fhir/definitions.ts';
import { type Fault, refuse } from '../fhir/outcome.ts';
import { PatchFault } from '../fhirpath/patch/fault.ts';
import { fhirpathPatch } from '../fhirpath/patch/fhirpath-patch.ts';
import { jsonPatch, sameJson } from '../fhirpath/patch/json-patch.ts';
import { isObject, type JsonObject, withoutEmpty } from '../fhirpath/patch/slot.ts';

/** The patched resource, not validated yet; or the status and the outcome to answer with. */
export type PatchResult =
  | { readonly ok: true; readonly value: Resource }
  | { readonly ok: false; readonly status: 400 | 415 | 422; readonly outcome: OperationOutcome };

/** A patch as it stands in the entry of a Bundle. */
export interface EntryPatch {
  readonly mediaType: string;
  readonly body: unknown;
}

const JSON_PATCH = 'application/json-patch+json';

/** What PATCH takes, for `Accept-Patch` and `CapabilityStatement.patchFormat`. */
export const PATCH_MEDIA_TYPES = [JSON_PATCH, 'application/fhir+json', 'application/fhir+xml'] as const;

/** What a server keeps of a resource whatever a client sends. */
const KEPT_META = ['versionId', 'lastUpdated'] as const;

/**
 * Applies a JSON Patch or a FHIRPath Patch, whole or not at all.
 * @param body parsed JSON (of XML, the JSON of its resource)
 * @param mediaType the Content-Type as sent
 * @param resource not changed
 * @returns the resource, with id, resourceType, versionId and lastUpdated as they were. 400: no patch. 415: a media type that holds none.
 *   422: a patch that cannot be applied to this resource; the outcome names the operation
 * @source FHIR R4 http.html#patch; RFC 6902; FHIR R4 fhirpatch.html
 */
export function applyPatch(
  body: unknown,
  mediaType: string | undefined,
  resource: Resource,
  definitions: Definitions,
): PatchResult {
  const kind = kindOf(mediaType, body);
  const given = resource as unknown as JsonObject;
  if (kind === 'json-patch') {
    const patched = jsonPatch(given, body, (document) => keepsItself(given, document));
    // what a removal leaves empty has no place in FHIR; what is wrong otherwise, validation tells
    return patched.ok ? { ok: true, value: settled(given, patched.value) } : patched;
  }
  if (kind === 'fhirpath-patch') {
    const patched = fhirpathPatch(given, body, definitions, (document) => keepsItself(given, document));
    return patched.ok ? { ok: true, value: settled(given, patched.value) } : patched;
  }
  return refuseWith(415, {
    code: 'not-supported',
    rule: 'patch-media-type',
    diagnostics: `A patch is a JSON Patch (${JSON_PATCH}) or a Parameters resource (application/fhir+json, application/fhir+xml).`,
  });
}

/**
 * Reads the patch of a Bundle entry.
 * @param resource Parameters (FHIRPath Patch), or a Binary with a JSON Patch
 * @source FHIR R4 http.html#patch, of batches and transactions
 */
export function patchOfEntry(
  resource: unknown,
): { readonly ok: true; readonly value: EntryPatch } | Extract<PatchResult, { ok: false }> {
  if (isObject(resource) && resource.resourceType === 'Parameters')
    return { ok: true, value: { mediaType: 'application/fhir+json', body: resource } };
  const isBinary = isObject(resource) && resource.resourceType === 'Binary';
  if (
    isBinary &&
    plainType(String(resource.contentType)) === JSON_PATCH &&
    typeof resource.data === 'string'
  ) {
    const body = parsed(Buffer.from(resource.data, 'base64').toString('utf8'));
    if (body !== undefined) return { ok: true, value: { mediaType: JSON_PATCH, body } };
  }
  return refuseWith(400, {
    code: 'structure',
    rule: 'patch-form',
    diagnostics: `The patch of an entry is a Parameters resource, or a Binary with contentType ${JSON_PATCH} and data of a JSON array.`,
  });
}

/** `application/json` says neither: its form does. */
function kindOf(mediaType: string | undefined, body: unknown): 'json-patch' | 'fhirpath-patch' | undefined {
  switch (plainType(mediaType)) {
    case JSON_PATCH:
      return 'json-patch';
    case 'application/fhir+json':
    case 'application/fhir+xml':
      return 'fhirpath-patch';
    case 'application/json':
    case 'application/xml':
    case 'text/xml':
      return Array.isArray(body) ? 'json-patch' : 'fhirpath-patch';
    default:
      return undefined;
  }
}

function plainType(mediaType: string | undefined): string {
  return (mediaType ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/** @throws PatchFault 422 when an operation has changed what identifies the resource */
function keepsItself(given: JsonObject, document: unknown): void {
  if (!isObject(document)) throw new PatchFault(422, 'patch-identity', 'it leaves no resource.');
  for (const name of ['resourceType', 'id'])
    if (document[name] !== given[name])
      throw new PatchFault(422, 'patch-identity', `it changes ${name}, which stays as it is; leave it out.`);
  const meta = isObject(document.meta) ? document.meta : {};
  const own = isObject(given.meta) ? given.meta : {};
  for (const name of KEPT_META)
    if (meta[name] !== undefined && !sameJson(meta[name], own[name]))
      throw new PatchFault(
        422,
        'patch-identity',
        `it changes meta.${name}, which the server sets; leave it out.`,
      );
}

/** A patch may replace `meta` without knowing what the server has in it. */
function settled(given: JsonObject, patched: unknown): Resource {
  const resource = (withoutEmpty(patched) ?? {}) as JsonObject;
  const own = isObject(given.meta) ? given.meta : {};
  const kept = Object.fromEntries(
    KEPT_META.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])),
  );
  const meta = { ...(isObject(resource.meta) ? resource.meta : {}), ...kept };
  if (Object.keys(meta).length > 0) resource.meta = meta;
  return resource as unknown as Resource;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refuseWith(status: 400 | 415, fault: Fault): Extract<PatchResult, { ok: false }> {
  return { ...refuse(fault), status };
}
