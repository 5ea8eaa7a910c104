/** Compares what the store has of a person, or of one resource, with what a FHIR server holds, three ways: what was sent last, ours now, theirs now. */
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { changesBetween } from '../../fhir/element-diff.ts';
import type { Compared, DriftDetail, DriftKind } from '../../store/drift.ts';
import type { Identified, ResourceKey, Store, StoredVersion, TargetLink } from '../../store/store.ts';
import type { Refused } from '../answers.ts';
import type { Place } from '../place.ts';
import { referencesOf, withoutReferences } from '../references.ts';
import type { Gate } from './deliver-group.ts';
import { type RemoteCopy, readCopy, versionOf } from './fhir-client.ts';
import { outgoing, RESOURCE_ID_SYSTEM, saysTheSame } from './outgoing.ts';

/** One difference, as it is found. */
export interface Found {
  readonly key: ResourceKey;
  readonly kind: DriftKind;
  readonly detail: DriftDetail;
}

export interface CompareOptions {
  readonly store: Pick<Store, 'links' | 'blocked' | 'readVersion' | 'readMany'>;
  /** its client is asked at the pace that the caller wants */
  readonly place: Place;
  readonly gate: Gate;
  /** whether a resource is to go to this target at all */
  readonly isRouted: (resource: Identified) => boolean;
  readonly signal: AbortSignal;
}

/** @returns the differences; or why the target could not be asked */
export async function compareHeld(
  options: CompareOptions,
  compared: Compared,
): Promise<{ readonly ok: true; readonly found: readonly Found[] } | Refused> {
  return await new Comparison(options, compared).run();
}

class Comparison {
  readonly #options: CompareOptions;
  readonly #compared: Compared;
  readonly #found: Found[] = [];
  #links = new Map<ResourceKey, TargetLink>();
  #held: ReadonlySet<ResourceKey> = new Set();
  #remoteKeys: ReadonlyMap<string, string> = new Map();
  /** what the server gave of the person, by `Type/id` of its own */
  readonly #copies = new Map<string, Resource>();

  constructor(options: CompareOptions, compared: Compared) {
    this.#options = options;
    this.#compared = compared;
  }

  async run(): Promise<{ readonly ok: true; readonly found: readonly Found[] } | Refused> {
    await this.#look();
    await this.#list();
    for (const version of this.#compared.versions) {
      if (this.#compared.unsettled.has(keyOf(version))) continue;
      const refused = await this.#compare(version);
      if (refused) return refused;
    }
    this.#findCopies();
    return { ok: true, found: this.#found };
  }

  async #look(): Promise<void> {
    const { store, place } = this.#options;
    const target = place.client.rules.target;
    const named = this.#compared.versions.flatMap(({ resource }) =>
      resource ? [...referencesOf(resource)] : [],
    );
    const keys = [...new Set([...this.#compared.versions.map(keyOf), ...named])];
    const [links, blocked] = await Promise.all([store.links(target, keys), store.blocked(target, keys)]);
    this.#links = new Map(links.map((link) => [`${link.type}/${link.id}`, link]));
    this.#held = new Set(blocked.flatMap(({ key, state }) => (state === 'held' ? [key] : [])));
    const differing = links.filter((link) => link.remoteId !== link.id);
    this.#remoteKeys = new Map(
      differing.map((link) => [`${link.type}/${link.id}`, `${link.type}/${link.remoteId}`]),
    );
  }

  /** Asks for a person's resources type by type; a server that cannot search so is asked for each alone. */
  async #list(): Promise<void> {
    const patients = [...this.#links.values()].filter(({ type }) => type === 'Patient');
    const types = new Set([...this.#links.values()].map(({ type }) => type));
    for (const { remoteId } of patients) {
      for (const type of types) {
        if (type === 'Patient' || !this.#isOfPerson(type)) continue;
        await this.#page(`${type}?patient=${encodeURIComponent(`Patient/${remoteId}`)}&_count=${PAGE}`);
      }
    }
  }

  #isOfPerson(type: string): boolean {
    return this.#compared.versions.some((one) => one.type === type && one.personId !== undefined);
  }

  async #page(first: string): Promise<void> {
    const { place, signal } = this.#options;
    for (let path: string | undefined = first; path !== undefined; ) {
      const reply = await place.client.send({ method: 'GET', path }, signal);
      const bundle = reply.ok && reply.status === 200 ? (reply.body as Bundle) : undefined;
      if (bundle?.resourceType !== 'Bundle') return;
      for (const { resource } of bundle.entry ?? [])
        if (resource?.id) this.#copies.set(`${resource.resourceType}/${resource.id}`, resource);
      const next = bundle.link?.find(({ relation }) => relation === 'next')?.url;
      path = next?.startsWith(`${place.client.baseUrl}/`)
        ? next.slice(place.client.baseUrl.length + 1)
        : undefined;
    }
  }

  /** @returns why the target could not be asked */
  async #compare(version: StoredVersion): Promise<Refused | undefined> {
    const key = keyOf(version);
    const link = this.#links.get(key);
    const ours = await this.#sent(version, link);
    const isAsked = version.resource ? ours && this.#options.isRouted(version.resource) : true;
    if (!link && !isAsked) return undefined;
    const copy = await this.#copyOf(`${version.type}/${link?.remoteId ?? version.id}`);
    if (copy.state === 'unknown') return copy.refused;
    if (!version.resource) {
      if (copy.state === 'there') this.#add(key, 'extra', { remoteId: copy.resource.id! });
    } else if (!ours)
      return undefined; // held by consent or identity: the gate has said so
    else if (copy.state !== 'there') this.#add(key, 'missing', {});
    else if (!saysTheSame(ours, copy.resource)) await this.#tell(version, link, ours, copy);
    return undefined;
  }

  /** Three ways: whoever differs from what was delivered last has changed it. */
  async #tell(
    version: StoredVersion,
    link: TargetLink | undefined,
    ours: Resource,
    { resource: theirs, version: remoteVersion }: Extract<RemoteCopy, { state: 'there' }>,
  ): Promise<void> {
    const base = link && (link.version === version.version ? ours : await this.#base(version, link));
    const isSeen = link?.remoteVersion !== undefined && link.remoteVersion === remoteVersion;
    const there = !isSeen && !(base && saysTheSame(base, theirs));
    const here = link?.version !== version.version; // what is there and was never sent is for a person
    const by = there ? (here ? 'both' : 'there') : 'here';
    const elements = changesBetween(there && base ? base : theirs, there && base ? theirs : ours);
    this.#add(keyOf(version), 'changed', {
      by,
      elements: elements.map(({ path }) => path),
      remoteId: theirs.id!,
      ...(remoteVersion === undefined ? {} : { remoteVersion }),
    });
  }

  async #base({ type, id }: StoredVersion, link: TargetLink): Promise<Resource | undefined> {
    const stored = await this.#options.store.readVersion(type, id, link.version);
    return stored && (await this.#sent(stored, link));
  }

  /** @returns the version as this server would be sent it; undefined where it may not be sent */
  async #sent(version: StoredVersion, link: TargetLink | undefined): Promise<Resource | undefined> {
    const { gate, place } = this.#options;
    if (!version.resource) return undefined;
    const { personId, resource } = version;
    const passed = await gate({ personId, resource, target: place.client.rules.target });
    const sendable = passed.send ? this.#withoutHeld(passed.resource) : undefined;
    return (
      sendable &&
      outgoing(sendable, {
        remoteId: link?.remoteId ?? version.id,
        remoteKeys: this.#remoteKeys,
        withIdentifier: place.ids === 'server',
      })
    );
  }

  #withoutHeld(resource: Identified): Identified | undefined {
    return this.#held.size === 0 ? resource : withoutReferences(resource, this.#held);
  }

  /** A search may lag behind, so what it did not give is asked for by its id. */
  async #copyOf(key: string): Promise<RemoteCopy> {
    const listed = this.#copies.get(key);
    if (listed) return { state: 'there', resource: listed, version: versionOf(undefined, listed) };
    return await readCopy(this.#options.place.client, key, this.#options.signal);
  }

  /** What the server gave, bears our identifier, and is not the one that was delivered. */
  #findCopies(): void {
    const delivered = new Set([...this.#links.values()].map(({ type, remoteId }) => `${type}/${remoteId}`));
    const twins = new Map<ResourceKey, string[]>();
    for (const [place, copy] of this.#copies) {
      const id = ourIdOf(copy);
      const link =
        id === undefined ? undefined : this.#links.get(`${copy.resourceType}/${id}` as ResourceKey);
      if (!link || delivered.has(place)) continue;
      const key = `${link.type}/${link.id}` as const;
      twins.set(key, [...(twins.get(key) ?? [link.remoteId]), copy.id!]);
    }
    for (const [key, copies] of twins) this.#add(key, 'twin', { copies });
  }

  #add(key: ResourceKey, kind: DriftKind, detail: DriftDetail): void {
    this.#found.push({ key, kind, detail });
  }
}

const PAGE = 200;

function keyOf({ type, id }: StoredVersion): ResourceKey {
  return `${type}/${id}`;
}

function ourIdOf(copy: Resource): string | undefined {
  const { identifier } = copy as { identifier?: unknown };
  const all = (Array.isArray(identifier) ? identifier : [identifier]) as (
    | { system?: string; value?: string }
    | undefined
  )[];
  return all.find((one) => one?.system === RESOURCE_ID_SYSTEM)?.value;
}
