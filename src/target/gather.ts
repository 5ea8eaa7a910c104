/** Turns the keys of resources into these and all that they refer to, each as a target may have it. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { Identified, ResourceKey, Store, StoredVersion } from '../store/store.ts';
import type { Gate } from './gate.ts';
import { referencesOf, withoutReferences } from './references.ts';

export interface GatherOptions {
  readonly store: Pick<Store, 'readMany'>;
  readonly gate: Gate;
  /** name of the target that the gate is of */
  readonly target: string;
  /**
   * whether what a resource refers to is wanted too; default all. What is not wanted stays named, and is neither read
   * nor asked for
   */
  readonly follows?: (key: ResourceKey, from: Identified) => boolean;
  /** resources at most; default 200 */
  readonly most?: number;
}

export interface Gathered {
  /** as they may go, in the order in which they were reached; none names one that is withheld */
  readonly resources: ReadonlyMap<ResourceKey, Identified>;
  /** may not go, and why */
  readonly withheld: ReadonlyMap<ResourceKey, OperationOutcome>;
  /** referred to, and not in the store, deleted or erased */
  readonly missing: ReadonlySet<ResourceKey>;
  /** versions that `resources` were made from */
  readonly versions: ReadonlyMap<ResourceKey, StoredVersion>;
  /** there were more than the bound: what is left out is named still */
  readonly isCut: boolean;
}

const MOST = 200;

/**
 * Reads resources with what they refer to, level by level, so that a level is one read of the store. Each is asked of
 * the gate by itself: consent, identity and restriction hold for what is carried along as for what is sent.
 * @param keys where to begin
 */
export async function gather(keys: readonly ResourceKey[], options: GatherOptions): Promise<Gathered> {
  const { store, follows = () => true, most = MOST } = options;
  const found = new Map<ResourceKey, Identified>();
  const withheld = new Map<ResourceKey, OperationOutcome>();
  const missing = new Set<ResourceKey>();
  const versions = new Map<ResourceKey, StoredVersion>();
  const seen = new Set<ResourceKey>();
  let isCut = false;
  for (let level = [...new Set(keys)]; level.length > 0; ) {
    const room = most - seen.size;
    isCut ||= level.length > room;
    const asked = level.slice(0, Math.max(0, room));
    for (const key of asked) seen.add(key);
    if (asked.length === 0) break;
    const read = new Map((await store.readMany(asked)).map((one) => [keyOf(one), one]));
    const next = new Set<ResourceKey>();
    for (const key of asked) {
      const version = read.get(key);
      if (!version?.resource) {
        missing.add(key);
        continue;
      }
      const passed = await options.gate({
        personId: version.personId,
        resource: version.resource,
        target: options.target,
      });
      if (!passed.send) {
        withheld.set(key, passed.outcome);
        continue;
      }
      versions.set(key, version);
      found.set(key, passed.resource);
      for (const named of referencesOf(passed.resource))
        if (!seen.has(named) && follows(named, passed.resource)) next.add(named);
    }
    level = [...next];
  }
  return { resources: withoutWithheld(found, withheld), withheld, missing, versions, isCut };
}

function keyOf({ type, id }: StoredVersion): ResourceKey {
  return `${type}/${id}`;
}

function withoutWithheld(
  found: ReadonlyMap<ResourceKey, Identified>,
  withheld: ReadonlyMap<ResourceKey, OperationOutcome>,
): ReadonlyMap<ResourceKey, Identified> {
  if (withheld.size === 0) return found;
  const never = new Set(withheld.keys());
  return new Map(
    [...found].flatMap(([key, resource]) => {
      const stripped = withoutReferences(resource, never);
      return stripped ? [[key, stripped] as const] : [];
    }),
  );
}
