/** Turns a resource into what a version needs: the digest of its content, and the text with versionId and lastUpdated. */
import type { Resource } from '@medplum/fhirtypes';
import { digestOf } from '../fhir/digest.ts';
import { spelled } from '../fhir/spelling.ts';
import type { Identified } from './store.ts';

/** @returns the resource without `meta.versionId` and `meta.lastUpdated`: what a source said, not when we wrote it */
export function contentOf<T extends Resource>(resource: T): T {
  if (resource.meta?.versionId === undefined && resource.meta?.lastUpdated === undefined) return resource;
  const { versionId: _version, lastUpdated: _time, ...meta } = resource.meta;
  const { meta: _meta, ...rest } = resource;
  return (Object.keys(meta).length === 0 ? rest : { ...rest, meta }) as T;
}

/** @returns digest of the content, how its numbers are written included: equal digests make no new version */
export function contentDigest(resource: Resource): string {
  return digestOf(spelled(contentOf(resource)));
}

/** @returns digest of the content, to be compared with one that does not say how its numbers were written */
export function valueDigest(resource: Resource): string {
  return digestOf(contentOf(resource));
}

/** @param version from 1 @param nowMs time of the commit @returns the resource as it is stored and served */
export function stampVersion(resource: Identified, version: number, nowMs: number): Identified {
  const lastUpdated = new Date(nowMs).toISOString();
  return { ...resource, meta: { ...resource.meta, versionId: String(version), lastUpdated } };
}
