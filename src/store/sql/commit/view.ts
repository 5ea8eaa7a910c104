/** What the records of a batch are planned against: the rows that they may touch, read at once, with what earlier records of the batch changed laid over. */
import type { Patient } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM } from '../../../fhir/identifiers.ts';
import { nhsNumbersIn, verifiedNhsNumber } from '../../../fhir/verified-number.ts';
import { SHARED_TYPES } from '../../merge-table.ts';
import { patientOf } from '../../people.ts';
import type { Saying } from '../../sayings.ts';
import type { CommitRecord, CommitRules, Identified, RefusedRecord, ResourceKey } from '../../store.ts';
import { type SayingRow, selectOwnSayings, selectSayings } from '../contribution-rows.ts';
import type { Names } from '../index-rows.ts';
import { numberTokens } from '../number-tokens.ts';
import {
  type LinkRow,
  selectHeldPersons,
  selectHolders,
  selectOwners,
  selectPersonLinks,
} from '../person-rows.ts';
import { type KeptRecord, selectKept } from '../record-rows.ts';
import { type ResourceRow, selectReferring, selectResources } from '../resource-rows.ts';
import {
  hasRestricted,
  selectRestricted,
  selectRestrictedNumbers,
  selectRestrictedPlaces,
} from '../restricted-rows.ts';
import type { Step } from '../statement.ts';
import { selectOpenRecords } from '../work-rows.ts';
import { StandingView } from './standing.ts';

/**
 * Number of the saying that marks a resource as changed at a target. What sources said of it stays beside it: their part
 * is the base by which the next thing that they say is reconciled, so that a value merely said again takes nothing back.
 */
export const RECEIVED = -1;

/** What a record says of a resource, as it is kept. */
export interface Said extends Saying {
  readonly recordId: number;
}

/** A patient with a number; the content says whether it is verified, and is absent where that is known. */
interface Holder {
  readonly id: string;
  readonly content?: string;
}

/** Identity of a source record, as a key of maps. */
export function recordKeyOf({
  source,
  kind,
  key,
}: {
  source: string;
  kind: string;
  key?: string | undefined;
}): string {
  return `${source}\n${kind}\n${key ?? ''}`;
}

/** What a client's write names beside its resources. */
function keysAsked({ client }: CommitRecord): readonly ResourceKey[] {
  if (!client) return [];
  const expected = client.expects.flatMap((one) => (one.kind === 'version' ? [one.resource] : []));
  return [...expected, ...client.deletes, ...client.refersTo];
}

export class CommitView {
  readonly kept = new Map<string, KeptRecord>();
  /** by `Type/id` */
  readonly resources = new Map<string, ResourceRow>();
  /** by `Type/id` */
  readonly sayings = new Map<string, readonly Said[]>();
  /** `Type/id` of what was changed at a target */
  readonly received = new Set<string>();
  readonly #tasksOn = new Map<string, ReadonlySet<string>>();
  readonly #own = new Map<string, number>();
  readonly links = new Map<string, LinkRow>();
  readonly #patients = new Set<string>();
  /** patients who may hold a number, oldest first: whether they do is read from their content when it is asked */
  readonly #holders = new Map<string, Holder[]>();
  /** persons who own resources, or whom a patient is joined to */
  readonly owners = new Set<string>();
  readonly held = new Set<string>();
  /** patients who are restricted, or one person with somebody who is */
  readonly restricted = new Set<string>();
  /** ids of Locations of the records that resources of restricted people refer to */
  readonly restrictedPlaces = new Set<string>();
  /** whether the store has any */
  hasRestricted = false;
  /** how what the batch may touch stands at targets that do not get all that is said */
  readonly standing = new StandingView();
  /** records that have open items on the worklist */
  readonly openWork = new Set<string>();

  ownSaying(type: string, id: string, recordId: number): number | undefined {
    return this.#own.get(`${type}/${id}/${recordId}`);
  }

  setOwnSaying(type: string, id: string, recordId: number, saying: number): void {
    this.#own.set(`${type}/${id}/${recordId}`, saying);
  }

  /** @returns undefined where the patient's link was not read */
  personOf(patientId: string): string | undefined {
    const link = this.links.get(patientId);
    return link?.person_id ?? (this.#patients.has(patientId) ? patientId : undefined);
  }

  /** @returns patients with a verified number */
  *holdersOf(number: string): Generator<string> {
    for (const { id, content } of this.#holders.get(number) ?? [])
      if (content === undefined || verifiedNhsNumber(JSON.parse(content) as Patient) === number) yield id;
  }

  /** A patient has, from now on, this verified number. */
  addHolder(number: string, patientId: string): void {
    const holders = this.#holders.get(number) ?? [];
    this.#holders.set(number, [...holders.filter((one) => one.id !== patientId), { id: patientId }]);
  }

  /** Reads what the records may touch. What is read replaces what was known. */
  *load(
    records: readonly (CommitRecord | RefusedRecord)[],
    names: Names,
    rules: Pick<CommitRules, 'provenanceId' | 'course' | 'ownTargets' | 'followers'>,
  ): Step<void> {
    const good = records.filter((record): record is CommitRecord => !('outcome' in record));
    const keys = records.flatMap(({ source, kind, key }) => (key === undefined ? [] : [[source, kind, key]]));
    if (keys.length > 0)
      for (const row of yield* selectOpenRecords(keys)) this.openWork.add(recordKeyOf(row));
    if (good.length === 0) {
      this.hasRestricted = yield* hasRestricted();
      return;
    }
    for (const row of yield* selectKept(keys)) this.kept.set(recordKeyOf(row), row);
    yield* this.#loadResources(good, rules);
    yield* this.#loadTasks(good, names, rules);
    yield* this.loadPeople(good, names);
    yield* this.standing.load(good, rules, this);
  }

  *#loadResources(
    records: readonly CommitRecord[],
    rules: Pick<CommitRules, 'provenanceId' | 'course'>,
  ): Step<void> {
    const wanted = new Set<`${string}/${string}`>();
    const said = new Map<string, [string, string]>();
    const own: [string, string, number][] = [];
    for (const record of records) {
      const recordId = this.kept.get(recordKeyOf(record))?.record_id;
      for (const key of keysAsked(record)) wanted.add(key);
      const provenance = rules.provenanceId(record);
      if (provenance !== undefined) wanted.add(`Provenance/${provenance}`);
      for (const { resource } of record.resources) {
        const { resourceType: type, id } = resource;
        wanted.add(`${type}/${id}`);
        for (const key of rules.course?.beside(resource).keys ?? []) wanted.add(key);
        said.set(`${type}/${id}`, [type, id]); // of any type, once it was changed at a target
        if (SHARED_TYPES.has(type) && recordId !== undefined) own.push([type, id, recordId]);
      }
    }
    for (const row of yield* selectResources([...wanted])) this.resources.set(`${row.type}/${row.id}`, row);
    for (const row of yield* selectSayings([...said.values()])) this.#addSaid(row);
    for (const { type, id, record_id, saying } of yield* selectOwnSayings(own))
      this.setOwnSaying(type, id, record_id, saying);
  }

  *#loadTasks(
    records: readonly CommitRecord[],
    names: Names,
    { course }: Pick<CommitRules, 'course'>,
  ): Step<void> {
    const focused = records.flatMap(({ resources }) =>
      resources.flatMap(({ resource }) => course?.beside(resource).tasksOn ?? []),
    );
    const param = focused.length > 0 ? yield* names.find('Task.focus') : undefined;
    if (param === undefined) return;
    for (const { target, ...row } of yield* selectReferring(param, focused)) {
      const key = `${row.type}/${row.id}`;
      if (!this.resources.has(key)) this.resources.set(key, row);
      this.#tasksOn.set(target, new Set([...this.tasksOn(target), key]));
    }
  }

  /** A Task is, from now on, on its focus. */
  addTask(content: Identified): void {
    const focus = content.resourceType === 'Task' ? content.focus?.reference : undefined;
    if (focus !== undefined)
      this.#tasksOn.set(focus, new Set([...this.tasksOn(focus), `Task/${content.id}`]));
  }

  /** @returns keys of the Tasks whose focus a resource is, as far as they were asked for or written in the batch */
  tasksOn(key: string): Iterable<string> {
    return this.#tasksOn.get(key) ?? [];
  }

  #addSaid(row: SayingRow): void {
    const { type, id, content, partial, ...rest } = row;
    if (row.saying === RECEIVED) {
      this.received.add(`${type}/${id}`);
      return;
    }
    const said = { ...rest, partial: partial === 1, resource: JSON.parse(content) as Identified };
    const known = this.sayings.get(`${type}/${id}`) ?? [];
    this.sayings.set(`${type}/${id}`, [...known, said]);
  }

  /** Reads who the patients are one with, and what would have to move if they became so. */
  *loadPeople(records: readonly CommitRecord[], names: Names): Step<void> {
    const numbers = new Set<string>();
    for (const { resources } of records)
      for (const { resource } of resources) {
        const patient = patientOf(resource);
        if (patient !== undefined) this.#patients.add(patient);
        const number = resource.resourceType === 'Patient' ? verifiedNhsNumber(resource) : undefined;
        if (number !== undefined) numbers.add(number);
      }
    const holders = yield* this.#selectHolders(names, [...numbers]);
    const patients = [...this.#patients, ...holders];
    for (const row of yield* selectPersonLinks(patients)) this.links.set(row.patient_id, row);
    for (const id of holders) this.#patients.add(id);
    const persons = patients.map((id) => this.personOf(id)!);
    for (const id of yield* selectHeldPersons(persons)) this.held.add(id);
    for (const id of yield* selectOwners(patients)) this.owners.add(id);
    this.hasRestricted = yield* hasRestricted();
    if (!this.hasRestricted) return;
    const pairs = patients.map((id) => [id, this.personOf(id)!] as const);
    for (const id of yield* selectRestricted(pairs)) this.restricted.add(id);
    yield* this.#restrictByNumber(records, names);
    const places = records.flatMap(({ resources }) =>
      resources.flatMap(({ resource }) => (resource.resourceType === 'Location' ? [resource.id] : [])),
    );
    for (const id of yield* selectRestrictedPlaces(places)) this.restrictedPlaces.add(id);
  }

  /** Whoever is said to have the number of somebody restricted may be that person, verified or not. */
  *#restrictByNumber(records: readonly CommitRecord[], names: Names): Step<void> {
    const numbers = records.flatMap(({ resources }) =>
      resources.flatMap(({ resource }) =>
        resource.resourceType === 'Patient'
          ? nhsNumbersIn(resource).map((number) => [resource.id, number] as const)
          : [],
      ),
    );
    const hidden = yield* selectRestrictedNumbers(
      yield* numberTokens(
        names,
        numbers.map(([, number]) => number),
      ),
    );
    for (const [id, number] of numbers) if (hidden.has(number)) this.restricted.add(id);
  }

  *#selectHolders(names: Names, numbers: readonly string[]): Step<string[]> {
    const param = yield* names.find('Patient.identifier');
    const system = yield* names.find(NHS_NUMBER_SYSTEM);
    if (param === undefined || system === undefined) return [];
    const rows = yield* selectHolders(numbers.map((number) => [param, number, system] as const));
    for (const { code, ...holder } of rows)
      this.#holders.set(code, [...(this.#holders.get(code) ?? []), holder]);
    return rows.map((row) => row.id);
  }
}
