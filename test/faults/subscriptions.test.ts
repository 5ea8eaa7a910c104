/** Kills adapters in the middle of commits and notifications: the subscriber hears of every contact, in order, by numbers without gaps. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, Parameters } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { topicSubscription } from '../api/subscriptions/harness.ts';
import { type Call, startSubscriber } from '../servers/subscriber.ts';
import { temporaryDatabase } from '../store/temporary-postgres.ts';
import { journeys } from './journeys.ts';
import { listening, pause, type Running, run, until } from './process.ts';
import { Sender } from './sender.ts';

const PEOPLE = 6;
const CONTACTS = 42;
const PER_REQUEST = 3;
const KILLS = 3;

/** Events in the order in which they came, with what each is about. */
function eventsIn(calls: readonly Call[]): (readonly [no: number, focus: string])[] {
  return calls.flatMap(({ body }) => {
    const status = (body as Bundle | undefined)?.entry?.[0]?.resource as Parameters | undefined;
    return (status?.parameter ?? []).flatMap(({ name, part = [] }) => {
      if (name !== 'notification-event') return [];
      const number = part.find((one) => one.name === 'event-number')?.valueString;
      const focus = part.find((one) => one.name === 'focus')?.valueReference?.reference;
      return [[Number(number), String(focus).replace(/^.*\/Encounter\//, '')] as const];
    });
  });
}

/** Some adapters on one store, each started again whenever it was killed. */
class Adapters {
  readonly sender: Sender;
  readonly #configs: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #running: (Running | undefined)[] = [];
  #bases: (string | undefined)[] = [];

  constructor(folder: string, replicas: number, databaseUrl: string | undefined) {
    this.sender = new Sender(journeys(PEOPLE, CONTACTS), PER_REQUEST);
    this.#env = databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl };
    this.#configs = Array.from({ length: replicas }, (_, at) => {
      const own = join(folder, String(at));
      const config = {
        ...{ port: 0, dataDir: own, inboxDir: `${own}-inbox`, targets: [] },
        access: { open: true },
        subscriptions: { privateHosts: ['127.0.0.1'] },
      };
      writeFileSync(`${own}.json`, JSON.stringify(config));
      return `${own}.json`;
    });
  }

  async start(at: number): Promise<string> {
    const running = run(['src/main.ts', 'start', '--config', this.#configs[at]!], { env: this.#env });
    this.#running[at] = running;
    const base = await listening(running);
    this.#bases[at] = base;
    this.sender.base = base;
    return base;
  }

  async kill(at: number): Promise<void> {
    this.#bases[at] = undefined;
    this.sender.base = this.#bases.find((base) => base !== undefined);
    await this.#running[at]?.kill();
  }
}

test.each([
  ['one adapter on the embedded store', 1],
  ['two adapters on one PostgreSQL', 2],
])(
  '%s, killed again and again, lose no event and keep their order',
  async (_what, replicas) => {
    const folder = mkdtempSync(join(tmpdir(), 'faults-subscriptions-'));
    const databaseUrl = replicas > 1 ? await temporaryDatabase({ bare: true }) : undefined;
    const subscriber = await startSubscriber();
    const adapters = new Adapters(folder, replicas, databaseUrl);
    try {
      const bases = await Promise.all(Array.from({ length: replicas }, (_, at) => adapters.start(at)));
      const made = await fetch(`${bases[0]}/fhir/R4/Subscription`, {
        method: 'POST',
        body: JSON.stringify(topicSubscription(subscriber.url, 'contact-added')),
        headers: { 'content-type': 'application/fhir+json' },
      });
      expect([made.status, await made.text()]).toEqual([201, expect.any(String)]);
      const sending = adapters.sender.run(2);
      sending.catch(() => {}); // awaited below
      for (let kill = 0; kill < KILLS; kill++) {
        const heard = eventsIn(subscriber.calls).length;
        const isUnderWay = (): true | undefined =>
          eventsIn(subscriber.calls).length > heard || adapters.sender.isDone || undefined;
        await until('an event', 60_000, isUnderWay);
        await pause(40 * kill);
        await adapters.kill(kill % replicas);
        await adapters.start(kill % replicas);
      }
      await sending;
      const all = (): true | undefined =>
        new Set(eventsIn(subscriber.calls).map(([no]) => no)).size === CONTACTS || undefined;
      await until('every event', 150_000, all);
      const events = eventsIn(subscriber.calls);
      const byNumber = Map.groupBy(events, ([no]) => no);
      expect([...byNumber.keys()].sort((a, b) => a - b)).toEqual(
        Array.from({ length: CONTACTS }, (_, at) => at + 1),
      );
      // told twice it is the same, and each contact has one number
      const about = [...byNumber.values()].map((same) => new Set(same.map(([, focus]) => focus)));
      expect(about.every((foci) => foci.size === 1)).toBe(true);
      expect(new Set(about.flatMap((foci) => [...foci])).size).toBe(CONTACTS);
      // nothing is told before all below it were
      let heard = 0;
      for (const [no] of events) {
        expect(no).toBeLessThanOrEqual(heard + 1);
        heard = Math.max(heard, no);
      }
    } finally {
      for (let at = 0; at < replicas; at++) await adapters.kill(at);
      await subscriber.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  240_000,
);
