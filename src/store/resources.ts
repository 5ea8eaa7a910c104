/** A resource as the store keeps it: its key, its version, whose it is. */
import type { Resource } from '@medplum/fhirtypes';

/** A resource of a known id, as every stored one is. */
export type Identified = Resource & { id: string };
/** `Type/id`. */
export type ResourceKey = `${string}/${string}`;

/** Interactions of the API that make a version. */
export type Made = 'create' | 'update-as-create' | 'update' | 'patch';

/** One version as stored. `resource.meta` carries versionId and lastUpdated. A deleted or erased version has no resource. */
export interface StoredVersion {
  readonly type: string;
  readonly id: string;
  /** from 1 */
  readonly version: number;
  readonly lastUpdatedMs: number;
  /** person the row belongs to; undefined for organisations, practitioners and services */
  readonly personId: string | undefined;
  readonly ownerOrg: string;
  readonly digest: string;
  /** by which interaction a client of the API made it; undefined where no client did, and for a deletion */
  readonly made?: Made | undefined;
  readonly state: 'current' | 'deleted' | 'erased';
  readonly resource: Identified | undefined;
  /** JSON of the resource as it is stored, where the version comes from the tables: to be sent as it is */
  readonly text?: string;
}
