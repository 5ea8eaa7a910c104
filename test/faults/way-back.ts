/** The way back in a cell of the failure matrix: changes are made at the EHR, and must be in the store exactly once. */
import { join } from 'node:path';
import type { Bundle, Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import { expect } from 'vitest';
import { idOfRemote } from '../../src/source/ehr/translate.ts';
import { heldByAdapter, openWork, storedRecords, undelivered } from './cell-store.ts';
import { journeys, type Posted } from './journeys.ts';
import { type Held, heldBySandbox } from './ledger.ts';
import {
  type CellPlan,
  type Course,
  emptied,
  expectAllTaken,
  PATIENCE_MS,
  type Place,
  runCell,
  STRIDE_MS,
} from './matrix-cell.ts';
import { until } from './process.ts';

/** Everything that is there is looked at, time and again. */
const RECEIVE = { types: ['ServiceRequest', 'Task'], everySeconds: 0.1, since: '2020-01-01T00:00:00Z' };
const PEOPLE = 4;
const CONTACTS = 4;
/** Looks that must find nothing more. */
const IDLE_LOOKS = 6;

/** What else must be true at the end of a cell: each change, and the version that it is here. */
type Also = (place: Place, changed: ReadonlyMap<string, number>) => Promise<void>;

/** Runs the cell and holds what must be true at its end. @throws when it is not */
export async function runBackLeg(plan: CellPlan, webhookUrl?: string, also?: Also): Promise<void> {
  const around = { receive: RECEIVE, ...(webhookUrl === undefined ? {} : { webhookUrl }) };
  await runCell(plan, (...parts) => wayBack(...parts, also), around);
}

/** Two are at the EHR before the fault; the third comes while it lasts, the fourth after it. */
async function wayBack(...[plan, place, sandbox, also]: [...Parameters<Course>, Also?]): Promise<void> {
  const records = journeys(PEOPLE, CONTACTS);
  const of = (person: number): Posted[] =>
    records.filter((record) => record.key.split('-')[1] === String(person));
  let running = await plan.start(place);
  place.aim(running.url);
  place.sender.add([...of(1), ...of(2)]);
  await place.sender.run(1);
  await emptied(place);
  const user = new User(sandbox.url);
  await user.begin(await heldByAdapter(place.store));
  let sending: Promise<void> = Promise.resolve();
  let acting: Promise<void> = Promise.resolve();
  const goOn = (): void => {
    acting = user.act(0);
    place.sender.add(of(3));
    sending = place.sender.run(1);
    for (const one of [acting, sending]) one.catch(() => {}); // awaited below
  };
  running = await plan.strike({ ...place, goOn }, running);
  place.aim(running.url);
  await Promise.all([acting, sending]);
  await user.act(1);
  place.clock.offsetMs += STRIDE_MS;
  place.sender.add(of(4));
  await place.sender.run(1);
  try {
    await arrived(place, user.changed);
    await emptied(place);
    await idle(place);
  } finally {
    await running.stop();
    await sandbox.close();
  }
  await expectOnce(place, user.changed, records);
  await also?.(place, new Map([...user.changed].map(([key, { here }]) => [keyHere(key), here])));
}

interface Versions {
  readonly here: number;
  readonly there: number;
}

/** Somebody at the EHR: puts referrals on hold, and makes new ones. */
class User {
  /** `Type/id` of what was changed there, and how often it must have been written since then */
  readonly changed = new Map<string, Versions>();
  readonly #base: string;
  #tasks: Task[] = [];
  #here: ReadonlyMap<string, Held> = new Map();

  constructor(base: string) {
    this.#base = base;
  }

  /** Looks at the referrals that are there. @param here what the adapter holds */
  async begin(here: ReadonlyMap<string, Held>): Promise<void> {
    this.#here = here;
    const bundle = (await (await fetch(`${this.#base}/Task?_sort=_id`)).json()) as Bundle<Task>;
    this.#tasks = (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
  }

  /** @param nth of the referrals */
  async act(nth: number): Promise<void> {
    const task = this.#tasks[nth]!;
    await this.#put({ ...task, status: 'on-hold', statusReason: { text: 'in hospital' } });
    const focus = (await (await fetch(`${this.#base}/${task.focus?.reference}`)).json()) as ServiceRequest;
    const { identifier: _1, requisition: _2, ...request } = focus;
    await this.#put({ ...request, id: `born-there-${nth}` });
  }

  async #put({ meta, ...resource }: Resource): Promise<void> {
    const key = `${resource.resourceType}/${resource.id}`;
    const answer = await fetch(`${this.#base}/${key}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify(resource),
    });
    if (!answer.ok) throw new Error(`the EHR answered ${answer.status} to ${key}: ${await answer.text()}`);
    const isNew = resource.id!.startsWith('born-there');
    const there = isNew ? 0 : Number(meta?.versionId);
    this.changed.set(key, { there: there + 1, here: (this.#here.get(key)?.versions ?? 0) + 1 });
  }
}

/** @param key at the EHR @returns key here */
function keyHere(key: string): string {
  const [type, id] = key.split('/') as [string, string];
  return id.startsWith('born-there') ? `${type}/${idOfRemote('ehr', type, id)}` : key;
}

async function arrived({ store }: Place, changed: ReadonlyMap<string, Versions>): Promise<void> {
  const here = async (): Promise<Record<string, number | undefined>> => {
    const held = await heldByAdapter(store);
    return Object.fromEntries([...changed.keys()].map((key) => [key, held.get(keyHere(key))?.versions]));
  };
  const wanted = Object.fromEntries([...changed].map(([key, { here }]) => [key, here]));
  await until('the changes to arrive', PATIENCE_MS, async () => {
    const found = await here();
    return Object.entries(wanted).every(([key, version]) => (found[key] ?? 0) >= version) || undefined;
  }).catch(() => {}); // told better by:
  expect(await here()).toEqual(wanted);
}

/** The EHR is looked at again and again, and nothing comes of it. */
async function idle(place: Place): Promise<void> {
  const before = place.ehr.seen;
  await until('more looks', PATIENCE_MS, () => place.ehr.seen >= before + IDLE_LOOKS || undefined);
  expect(await undelivered(place.store)).toBe(0);
}

async function expectOnce(
  place: Place,
  changed: ReadonlyMap<string, Versions>,
  records: readonly Posted[],
): Promise<void> {
  const { folder, store } = place;
  expect(changed.size).toBe(4);
  await expectAllTaken(place, records);
  expect((await storedRecords(store, 'ehr')).toSorted()).toEqual([...changed.keys()].toSorted());
  expect(await openWork(store)).toEqual([]);
  const ours = await heldByAdapter(store);
  const theirs = heldBySandbox(join(folder, 'ehr.sqlite'));
  for (const [key, { here, there }] of changed) {
    expect(ours.get(keyHere(key))?.versions, `${key} here`).toBe(here);
    expect(theirs.get(key)?.versions, `${key} at the EHR`).toBe(there);
  }
  // what was born there was not sent to it under our id; who changed what there is known to it
  const plain = (keys: Iterable<string>): string[] =>
    [...keys].filter((key) => !key.startsWith('Provenance/')).toSorted();
  expect(plain([...theirs.keys()].map(keyHere))).toEqual(plain(ours.keys()));
}
