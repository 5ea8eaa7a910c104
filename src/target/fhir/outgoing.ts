/** Turns a stored version into what a FHIR server is sent, and tells whether the server's copy says the same. */
import type { Identifier, Meta, Resource } from '@medplum/fhirtypes';
import { canonicalJson } from '../../fhir/digest.ts';
import { RESOURCE_ID_SYSTEM } from '../../fhir/ids.ts';
import type { Identified } from '../../store/store.ts';
import { withRemoteReferences } from '../references.ts';

export { RESOURCE_ID_SYSTEM };

/** How a resource is written for one target. */
export interface Writing {
  /** its id at the target; undefined when the target is to give one */
  readonly remoteId: string | undefined;
  /** our `Type/id` → the target's, where they differ */
  readonly remoteKeys: ReadonlyMap<string, string>;
  /** add our id as an identifier */
  readonly withIdentifier: boolean;
}

/** @returns the resource as sent: the target's id, no version or time of ours, references as the target knows them */
export function outgoing(resource: Identified, writing: Writing): Resource {
  const { id, meta, ...content } = rewritten(resource, writing.remoteKeys);
  const sent = {
    ...content,
    ...(writing.remoteId === undefined ? {} : { id: writing.remoteId }),
    ...sentMeta(meta),
  } as Resource;
  return writing.withIdentifier ? withOurIdentifier(sent, id) : sent;
}

/** Copying costs; only a Provenance names versions, and only some targets have other ids. */
function rewritten(resource: Identified, remoteKeys: ReadonlyMap<string, string>): Identified {
  if (remoteKeys.size === 0 && resource.resourceType !== 'Provenance') return resource;
  return withRemoteReferences(resource, remoteKeys);
}

function sentMeta(meta: Meta | undefined): { meta?: Meta } {
  const { versionId: _version, lastUpdated: _time, ...rest } = meta ?? {};
  return Object.keys(rest).length > 0 ? { meta: rest } : {};
}

/** R4 types that we send and that have no `identifier`: a server cannot be asked for one by our id. */
const WITHOUT_IDENTIFIER: ReadonlySet<string> = new Set(['Provenance', 'VerificationResult']);

function withOurIdentifier(resource: Resource, id: string): Resource {
  if (WITHOUT_IDENTIFIER.has(resource.resourceType)) return resource;
  const own: Identifier = { system: RESOURCE_ID_SYSTEM, value: id };
  // The one type of ours whose identifier does not repeat: a source's own identifier then stands for it.
  if (resource.resourceType === 'QuestionnaireResponse')
    return { ...resource, identifier: resource.identifier ?? own };
  const identifiers = (resource as { identifier?: Identifier[] }).identifier ?? [];
  if (identifiers.some((one) => one.system === own.system && one.value === own.value)) return resource;
  return { ...resource, identifier: [...identifiers, own] } as Resource;
}

/** @returns `system|value` that finds the resource as sent at the target; undefined when nothing in it can */
export function searchToken(sent: Resource): string | undefined {
  const found = (sent as { identifier?: Identifier | Identifier[] }).identifier;
  const identifiers = Array.isArray(found) ? found : found ? [found] : [];
  const own =
    identifiers.find((one) => one.system === RESOURCE_ID_SYSTEM) ??
    identifiers.find((one) => one.system !== undefined && one.value !== undefined);
  if (own?.system === undefined || own.value === undefined) return undefined;
  return `${escaped(own.system)}|${escaped(own.value)}`;
}

/** @source FHIR R4 search, 3.1.1.4.0.1: `$`, `,` and `|` in a value are escaped by a backslash */
function escaped(text: string): string {
  return text.replaceAll(/[\\$,|]/g, '\\$&');
}

/**
 * Tells whether the server's copy holds exactly what we sent. What servers add of their own accord is left aside:
 * id, version, time, source, and any other part of `meta` or a narrative where we sent none.
 */
export function saysTheSame(sent: Resource, remote: Resource): boolean {
  return canonicalJson(comparable(sent, sent)) === canonicalJson(comparable(remote, sent));
}

function comparable(resource: Resource, sent: Resource): unknown {
  const { id: _id, meta, text, ...content } = resource as Identified & { text?: unknown };
  const sentMembers = new Set(Object.keys(sent.meta ?? {}));
  for (const name of ['versionId', 'lastUpdated', 'source']) sentMembers.delete(name);
  const compared = Object.fromEntries(Object.entries(meta ?? {}).filter(([name]) => sentMembers.has(name)));
  return {
    ...content,
    ...(Object.keys(compared).length > 0 ? { meta: compared } : {}),
    ...('text' in sent ? { text } : {}),
  };
}
