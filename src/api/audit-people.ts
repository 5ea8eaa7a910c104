/** Turns persons of the audit, whom patients of several organisations may be, into the patients that who asks may know of. */
import type { AccessQuery, KeptAccess } from '../store/accesses.ts';
import type { ResourceKey } from '../store/resources.ts';
import type { SeenStore, Store } from '../store/store.ts';
import type { Viewer } from '../store/viewer.ts';

const OF_PATIENT = 'Patient/';

/** For one request: what is found out is remembered. */
export class AuditPeople {
  readonly #store: Pick<Store, 'personOf' | 'readPerson'>;
  /** undefined: patients of all organisations may be known of */
  readonly #seen: Pick<SeenStore, 'read'> | undefined;
  readonly #patients = new Map<string, Promise<readonly string[]>>();

  /** @param viewer of whom its organisations count alone: the audit shows accesses to what is hidden, too */
  constructor(store: Pick<Store, 'personOf' | 'readPerson' | 'seenBy'>, viewer: Viewer) {
    this.#store = store;
    const ofOrganisations = { ...viewer, types: undefined, purpose: undefined, breaksGlass: true };
    this.#seen = viewer.organisations === undefined ? undefined : store.seenBy(ofOrganisations);
  }

  /**
   * What was read of a patient is kept under the person that they are, too.
   * @returns the question with those persons; undefined where it is about patients of others alone, of whom nothing is told
   */
  async asked(query: AccessQuery): Promise<AccessQuery | undefined> {
    if (!query.entities) return query;
    const entities: ResourceKey[][] = [];
    for (const keys of query.entities) {
      const all = new Set<ResourceKey>();
      for (const key of keys) for (const one of await this.#termsOf(key)) all.add(one);
      if (all.size === 0) return undefined;
      entities.push([...all]);
    }
    return { ...query, entities };
  }

  /** @returns the access, naming of each person the patients that may be known of */
  async shown(access: KeptAccess): Promise<KeptAccess> {
    if (!this.#seen || !access.persons) return access;
    const persons = await Promise.all(access.persons.map((person) => this.#patientsOf(person)));
    return { ...access, persons: [...new Set(persons.flat())] };
  }

  async #termsOf(key: ResourceKey): Promise<readonly ResourceKey[]> {
    if (!key.startsWith(OF_PATIENT)) return [key];
    const id = key.slice(OF_PATIENT.length);
    if (!(await this.#isKnown(id))) return [];
    return [key, `${OF_PATIENT}${await this.#store.personOf(id)}`];
  }

  #patientsOf(person: string): Promise<readonly string[]> {
    const known = this.#patients.get(person);
    if (known) return known;
    const found = this.#find(person);
    this.#patients.set(person, found);
    return found;
  }

  /** The person's own id is that of a patient, too, who may be there no more. */
  async #find(person: string): Promise<readonly string[]> {
    const patients = await this.#store.readPerson(person, 'Patient');
    const ids = [...new Set([person, ...patients.map(({ id }) => id)])];
    const known = await Promise.all(ids.map((id) => this.#isKnown(id)));
    return ids.filter((_, at) => known[at]);
  }

  async #isKnown(id: string): Promise<boolean> {
    return this.#seen === undefined || (await this.#seen.read('Patient', id)) !== undefined;
  }
}
