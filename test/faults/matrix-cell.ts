/** Runs one cell of the failure matrix: an adapter between a source and a real FHIR server, with a fault that comes and goes. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import type { Certificate } from '../servers/certificate.ts';
import { dropDatabase, newDatabase, type SmallDisk } from './cell-cluster.ts';
import {
  type CellStore,
  claimed,
  type EngineName,
  heldByAdapter,
  postgresCell,
  sqliteCell,
  storedRecords,
  stuckDeliveries,
  undelivered,
} from './cell-store.ts';
import { journeys, type Posted } from './journeys.ts';
import { heldBySandbox } from './ledger.ts';
import { pause, until } from './process.ts';
import { type CuttingProxy, startProxy } from './proxy.ts';
import { Sender } from './sender.ts';

/** An adapter of the cell, in this process or in one of its own. */
export interface Running {
  readonly url: string;
  stop(): Promise<unknown>;
}

export interface Place {
  readonly folder: string;
  readonly config: string;
  /** the adapter's clock, which a cell may set wrong; advanced once all is lifted, so that nobody waits for a retry */
  readonly clock: { offsetMs: number };
  /** between adapter and target: the EHR, or where there is none the case system's webhook */
  readonly ehr: CuttingProxy;
  /** between adapter and the case system's webhook, where there is an EHR too */
  readonly webhook: CuttingProxy | undefined;
  /** between adapter and what of the NHS the way to the EHR depends on */
  readonly service: CuttingProxy | undefined;
  /** between source and adapter */
  readonly intake: CuttingProxy;
  readonly store: CellStore;
  readonly sender: Sender;
  /** what the adapter warned of */
  readonly warned: { times: number };
  aim(url: string): void;
  /** more happens, while the fault lasts */
  goOn(): void;
  /** sends what was sent first once more, straight to an adapter */
  repeat(url: string): Promise<void>;
}

export interface CellPlan {
  readonly engine: EngineName;
  /** the store is on it */
  readonly disk?: SmallDisk;
  /** a request may arrive when its sender has long looked for it in vain: the same is then written twice */
  readonly isLate?: boolean;
  /** the EHR is reached by TLS under this certificate */
  readonly tls?: Certificate;
  start(place: Place): Promise<Running>;
  /**
   * Begins what the cell is about once the first records are under way, and resolves when the fault has been felt and is
   * lifted. @returns the adapter that runs afterwards
   */
  strike(place: Place, running: Running): Promise<Running>;
}

/** The first two come before the fault, the third while it lasts, the last after it. */
const PEOPLE = 4;
const CONTACTS = 8;
/** Longer than the longest pause of a circuit, and than a lease. */
export const STRIDE_MS = 660_000;
export const PATIENCE_MS = 60_000;
export const DEADLINE_MS = 1_000;
const FLIGHT_MS = 3 * DEADLINE_MS;
/** Others who come at most, so far apart in real time and by the cell's clock: together longer than any wait, each less than a lease. */
const OTHERS = 12;
const PAUSE_MS = 1_500;
const STEP_MS = 15_000;

/** What goes on in a cell, and what must be true at its end. */
export type Course = (plan: CellPlan, place: Place, sandbox: Sandbox) => Promise<void>;

/** What stands around the adapter beside a source and an EHR. */
export interface Around {
  /** how changes of the EHR are taken in; default: they are not */
  readonly receive?: object;
  /** the case system's webhook: beside the EHR where changes are taken in, else in its place */
  readonly webhookUrl?: string;
  /** what of the NHS the way to the EHR depends on */
  readonly service?: NhsService;
}

export interface NhsService {
  readonly url: string;
  /** the cell's, which its servers go by too */
  readonly clock: Place['clock'];
  /** @param url where the service is to be asked @returns `nhs` of the configuration, and what is otherwise of the EHR */
  configure(url: string): { readonly nhs: object; readonly ehr: object };
}

/** @throws when what must be true at the end is not */
export async function runCell(
  plan: CellPlan,
  course: Course = wayOut(expectOnce),
  around: Around = {},
): Promise<void> {
  const { receive, webhookUrl, service: asked } = around;
  const folder = mkdtempSync(join(tmpdir(), 'faults-cell-'));
  const sandbox = await startSandbox({ port: 0, file: join(folder, 'ehr.sqlite'), integrity: true });
  const isAlone = webhookUrl !== undefined && !receive;
  const ehr = await startProxy(isAlone ? webhookUrl : sandbox.url, plan.tls);
  const webhook = webhookUrl !== undefined && receive ? await startProxy(webhookUrl) : undefined;
  const service = asked && (await startProxy(asked.url));
  const { nhs, ehr: more } = (service && asked?.configure(service.url)) ?? {};
  const intake = await startProxy('http://127.0.0.1:9');
  const url = plan.engine === 'PostgreSQL' ? await newDatabase(plan.disk) : undefined;
  const targets = isAlone
    ? [webhookAt(ehr.url, 'elsewhere')]
    : [{ ...ehrAt(ehr.url, receive), ...more }, ...(webhook ? [webhookAt(webhook.url, 'ehr')] : [])];
  try {
    const parts = { ehr, webhook, service, intake, url, settings: { targets, nhs } };
    await course(plan, placeIn(folder, parts, asked?.clock), sandbox);
  } finally {
    await Promise.all([ehr, webhook, service, intake].map((proxy) => proxy?.close()));
    if (url !== undefined) await dropDatabase(url);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Records of a source go to the target. @param expectAll what must be true at the end */
export function wayOut(
  expectAll: (place: Place, records: readonly Posted[], plan: CellPlan) => Promise<void>,
): Course {
  return async (plan, place, sandbox) => {
    const records = journeys(PEOPLE, CONTACTS);
    const of = (person: number): Posted[] =>
      records.filter((record) => record.key.split('-')[1] === String(person));
    let running = await plan.start(place);
    place.aim(running.url);
    const sending: Promise<void>[] = [];
    const send = (these: readonly Posted[]): void => {
      place.sender.add(these);
      const one = place.sender.run(1);
      one.catch(() => {}); // awaited below
      sending.push(one);
    };
    send([...of(1), ...of(2)]);
    const repeat = async (url: string): Promise<void> => {
      const rival = new Sender([...of(1), ...of(2)], 2);
      rival.base = url;
      await rival.run(1);
    };
    running = await plan.strike({ ...place, goOn: () => send(of(3)), repeat }, running);
    place.aim(running.url);
    await Promise.all(sending);
    await landed(place);
    // Others' work goes on: a person who comes later wakes whoever sleeps.
    place.clock.offsetMs += STRIDE_MS;
    place.sender.add(of(4));
    await place.sender.run(1);
    const late = await emptiedByOthers(place).finally(async () => {
      await running.stop();
      await sandbox.close();
    });
    await expectAll(place, [...records, ...late], plan);
  };
}

/** What is on its way must not outlive its lease by the stride; what a dead adapter had in hand stays as it is. */
async function landed({ store }: Place): Promise<void> {
  const none = async (): Promise<true | undefined> => (await claimed(store)) === 0 || undefined;
  await until('nothing on its way', FLIGHT_MS, none).catch(() => {});
}

/** Others come and time goes by until nothing waits any more: nobody has to sleep out a wait. @returns their records */
async function emptiedByOthers(place: Place): Promise<Posted[]> {
  const late: Posted[] = [];
  for (const record of journeys(PEOPLE + OTHERS, 0).slice(PEOPLE)) {
    if (
      await emptied(place, PAUSE_MS).then(
        () => true,
        () => false,
      )
    )
      return late;
    place.clock.offsetMs += STEP_MS;
    place.sender.add([record]);
    await place.sender.run(1);
    late.push(record);
  }
  await emptied(place);
  return late;
}

/** Resolves once nothing waits any more. */
export async function emptied({ store }: Place, patienceMs = PATIENCE_MS): Promise<void> {
  await until('an empty outbox', patienceMs, async () => (await undelivered(store)) === 0 || undefined);
}

/** Every record was acknowledged, is stored once, and nothing is parked or held. */
export async function expectAllTaken({ store, sender }: Place, records: readonly Posted[]): Promise<void> {
  const names = records.map(({ kind, key }) => `${kind}/${key}`);
  expect([...sender.acknowledged].toSorted()).toEqual(names.toSorted());
  expect((await storedRecords(store, 'platform')).toSorted()).toEqual(names.toSorted());
  expect(await stuckDeliveries(store)).toEqual([]);
}

export async function expectOnce(place: Place, records: readonly Posted[], plan: CellPlan): Promise<void> {
  await expectAllTaken(place, records);
  const ours = await heldByAdapter(place.store);
  const theirs = heldBySandbox(join(place.folder, 'ehr.sqlite'));
  expect([...theirs.keys()].toSorted()).toEqual([...ours.keys()].toSorted());
  for (const [key, held] of ours) {
    expect(theirs.get(key)?.content, key).toBe(held.content);
    if (!plan.isLate) expect(theirs.get(key)?.versions, `${key}: once`).toBeLessThanOrEqual(held.versions);
  }
}

interface Parts extends Pick<Place, 'ehr' | 'webhook' | 'service' | 'intake'> {
  /** of the database; undefined: SQLite */
  readonly url: string | undefined;
  /** of the configuration */
  readonly settings: object;
}

const COMMON = { requiresVerifiedNhsNumber: false, purpose: 'share-with-gp', deadlineMs: DEADLINE_MS };

function ehrAt(url: string, receive: object | undefined): object {
  return { name: 'ehr', url, ...COMMON, ...(receive === undefined ? {} : { receive }) };
}

/** Environment variable with the secret of a webhook. */
const SECRET_ENV = 'FAULTS_WEBHOOK_SECRET';

/** @param origin of what it is told */
function webhookAt(url: string, origin: 'ehr' | 'elsewhere'): object {
  process.env[SECRET_ENV] = 'a secret of tests';
  return { kind: 'webhook', name: 'case-system', url, ...COMMON, secretEnv: SECRET_ENV, send: { origin } };
}

function placeIn(folder: string, { url, settings, ...proxies }: Parts, clock = { offsetMs: 0 }): Place {
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir);
  const store = url === undefined ? sqliteCell(dataDir) : postgresCell(url);
  const sender = new Sender([], 2);
  sender.base = proxies.intake.url;
  const common = {
    port: 0,
    access: { open: true },
    inboxDir: join(folder, 'inbox'),
    logLevel: 'silent',
    dataDir,
  };
  return {
    ...{ folder, clock, ...proxies, sender, store, warned: { times: 0 } },
    config: configIn(folder, 'hedgerow', { ...common, ...settings, ...store.settings }),
    aim: (url) => proxies.intake.aim(url),
    goOn: () => {},
    repeat: async () => {},
  };
}

/** @returns path of a configuration */
function configIn(folder: string, name: string, settings: object): string {
  const path = join(folder, `${name}.config.json`);
  writeFileSync(path, JSON.stringify(settings));
  return path;
}

/** @returns path of the same configuration for another adapter on the same database */
export function configOfAnother({ folder, config }: Place): string {
  const settings = JSON.parse(readFileSync(config, 'utf8')) as object;
  return configIn(folder, 'another', { ...settings, dataDir: join(folder, 'another') });
}

/** Resolves once the fault has been felt, and a moment later. @throws when it never is: such a cell proves nothing */
export async function felt(isFelt: () => boolean | Promise<boolean>): Promise<void> {
  await until('the fault to be felt', PATIENCE_MS, async () => (await isFelt()) || undefined);
  await pause(50);
}
