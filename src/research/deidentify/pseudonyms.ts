/** Turns people, ids and references of the store into pseudonyms, and a person into the days that their dates are shifted by. */
import type { Keys } from './keys.ts';
import type { People } from './people.ts';

/** What is remembered, so that it is not computed for each resource anew; forgotten when there are more. */
const REMEMBERED = 50_000;
const RELATIVE = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/;
const ABSOLUTE = /^(https?:\/\/.*\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/;
const URN = /^urn:(?:uuid|oid):(.+)$/i;

export interface PseudonymOptions {
  /** most days that dates are shifted by, either way */
  readonly shiftDays: number;
  /** addresses of this service, with a slash at the end: what is referred to there is in the store */
  readonly ownBases?: readonly string[];
}

export class Pseudonyms {
  readonly #keys: Keys;
  readonly #people: People;
  readonly #options: PseudonymOptions;
  readonly #known = new Map<string, { name: string; shift: number }>();

  constructor(keys: Keys, people: People, options: PseudonymOptions) {
    this.#keys = keys;
    this.#people = people;
    this.#options = options;
  }

  /** @returns the pseudonym of a person, the same in every resource and every run under one key */
  person(personId: string): string {
    return this.#of(personId).name;
  }

  /** @returns days, never 0: no date of an export is the day that it happened */
  shift(personId: string): number {
    return this.#of(personId).shift;
  }

  #of(personId: string): { name: string; shift: number } {
    const known = this.#known.get(personId);
    if (known) return known;
    const { shiftDays } = this.#options;
    const step = this.#keys.pick(`person\u0000${personId}`, 2 * shiftDays) - shiftDays;
    const made = { name: this.#keys.pseudonym('person', personId), shift: step < 0 ? step : step + 1 };
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(personId, made);
    return made;
  }

  resource(type: string, id: string): string {
    return this.#keys.pseudonym(type, id);
  }

  /** @returns the id of a patient under which they leave; undefined for whoever is not in the export */
  patient(patientId: string): string | undefined {
    const person = this.#people.personOf(patientId);
    return person !== undefined && this.#people.has(person) ? this.person(person) : undefined;
  }

  /**
   * @param reference as the resource has it
   * @param type of what is referred to, where the element or `Reference.type` says it
   * @returns `Type/pseudonym`; undefined for people who are not in the export, and for what cannot be read
   */
  reference(reference: string, type: string | undefined): string | undefined {
    const relative = RELATIVE.exec(reference);
    if (relative) return this.#local(relative[1]!, relative[2]!);
    const absolute = ABSOLUTE.exec(reference);
    if (absolute) return this.#elsewhere(absolute[1]!, absolute[2]!, absolute[3]!);
    const urn = URN.exec(reference);
    if (!urn) return undefined;
    const patient = this.patient(urn[1]!);
    if (patient !== undefined) return `Patient/${patient}`;
    return type === undefined ? undefined : this.#local(type, urn[1]!);
  }

  #local(type: string, id: string): string | undefined {
    const name = type === 'Patient' ? this.patient(id) : this.resource(type, id);
    return name === undefined ? undefined : `${type}/${name}`;
  }

  /** Whose a patient of another server is, is not known here. */
  #elsewhere(base: string, type: string, id: string): string | undefined {
    if (this.#options.ownBases?.includes(base)) return this.#local(type, id);
    return type === 'Patient' ? undefined : `${type}/${this.resource(type, `${base}${id}`)}`;
  }
}
