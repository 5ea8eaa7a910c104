/** How what a batch may touch stands at targets that do not get all that is said: read at once, then kept in step with the batch. */
import { patientOf } from '../../people.ts';
import type { CommitRecord, CommitRules } from '../../store.ts';
import type { ResourceRow } from '../resource-rows.ts';
import { selectPersonsAt, selectStanding } from '../standing-rows.ts';
import type { Step } from '../statement.ts';

/** What is known of the resources and people of the batch. */
interface Known {
  readonly resources: ReadonlyMap<string, ResourceRow>;
  personOf(patientId: string): string | undefined;
}

export class StandingView {
  readonly #held = new Set<string>();
  readonly #queued = new Set<string>();
  readonly #persons = new Set<string>();

  /** @returns whether a target holds a resource, or will: `key` is `Type/id` */
  isHeld(target: string, key: string): boolean {
    return this.#held.has(at(target, key)) || this.isQueued(target, key);
  }

  /** @returns whether an earlier version has yet to get there */
  isQueued(target: string, key: string): boolean {
    return this.#queued.has(at(target, key));
  }

  /** @returns whether a target holds a person, or will */
  knowsPerson(target: string, personId: string): boolean {
    return this.#persons.has(at(target, personId));
  }

  queue(target: string, key: string): void {
    this.#queued.add(at(target, key));
  }

  hold(target: string, key: string): void {
    this.#held.add(at(target, key));
  }

  *load(
    records: readonly CommitRecord[],
    { ownTargets, followers }: Pick<CommitRules, 'ownTargets' | 'followers'>,
    known: Known,
  ): Step<void> {
    const wanted = new Map<string, readonly [string, string, string, string]>();
    const persons = new Map<string, readonly [string, string]>();
    for (const { source, resources } of records) {
      const following = followers?.(source) ?? [];
      for (const target of [...(ownTargets?.(source) ?? []), ...following])
        for (const { resource } of resources) {
          const { resourceType: type, id } = resource;
          const row = known.resources.get(`${type}/${id}`);
          if (row)
            wanted.set(at(target, `${type}/${id}`), [target, type, id, row.person_id ?? `${type}/${id}`]);
        }
      for (const target of following)
        for (const { resource } of resources) {
          const patient = resource.resourceType === 'Consent' ? patientOf(resource) : undefined;
          const person = patient === undefined ? undefined : (known.personOf(patient) ?? patient);
          if (person !== undefined) persons.set(at(target, person), [target, person]);
        }
    }
    for (const { target, type, id, held, queued } of yield* selectStanding([...wanted.values()])) {
      if (held) this.hold(target, `${type}/${id}`);
      if (queued) this.queue(target, `${type}/${id}`);
    }
    for (const { target, person } of yield* selectPersonsAt([...persons.values()]))
      this.#persons.add(at(target, person));
  }
}

function at(target: string, key: string): string {
  return `${target}\n${key}`;
}
