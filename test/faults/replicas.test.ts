/** Two adapters on one PostgreSQL, started anew one after the other while records come in: nothing lost, nothing twice. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { expect, test } from 'vitest';
import { temporaryClient, temporaryDatabase, temporaryPostgresStore } from '../store/temporary-postgres.ts';
import { journeys, type Posted } from './journeys.ts';
import { type Held, type HeldRow, heldBySandbox, heldOf } from './ledger.ts';
import { listening, type Running, run, runSandbox, until } from './process.ts';
import { Sender } from './sender.ts';

const PEOPLE = 30;
const CONTACTS = 330;
const PER_REQUEST = 5;
const LANES = 2;

/** One adapter, which may be started again and again. */
class Replica {
  readonly sender: Sender;
  readonly #config: string;
  readonly #databaseUrl: string;
  #running: Running | undefined;

  constructor(folder: string, databaseUrl: string, target: string, records: readonly Posted[]) {
    this.sender = new Sender(records, PER_REQUEST);
    this.#databaseUrl = databaseUrl;
    this.#config = `${folder}.json`;
    const config = {
      port: 0,
      access: { open: true },
      dataDir: folder,
      inboxDir: `${folder}-inbox`,
      targets: [{ name: 'ehr', url: target, requiresVerifiedNhsNumber: false }],
    };
    writeFileSync(this.#config, JSON.stringify(config));
  }

  async start(): Promise<void> {
    const env = { DATABASE_URL: this.#databaseUrl };
    this.#running = run(['src/main.ts', 'start', '--config', this.#config], { env });
    this.sender.base = await listening(this.#running);
  }

  async kill(): Promise<void> {
    this.sender.base = undefined;
    await this.#running?.kill();
  }

  /** @returns the exit code */
  async stop(): Promise<number | null | undefined> {
    this.sender.base = undefined;
    return await this.#running?.stop();
  }
}

test('a rolling restart, with one replica killed, loses no acknowledged record and delivers each once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faults-replicas-'));
  const url = await temporaryDatabase({ bare: true });
  const sandbox = await runSandbox(join(folder, 'sandbox.sqlite'));
  const records = journeys(PEOPLE, CONTACTS);
  const [one, two] = [0, 1].map((half) => {
    const own = records.filter((_, at) => at % 2 === half); // of each person, some here and some there
    return new Replica(join(folder, `replica-${half}`), url, sandbox.url, own);
  }) as [Replica, Replica];
  try {
    await Promise.all([one.start(), two.start()]); // both find the database bare
    const sending = Promise.all([one.sender.run(LANES), two.sender.run(LANES)]);
    sending.catch(() => {}); // awaited below: a refusal ends the test there
    const some = (): true | undefined => two.sender.acknowledged.size > 40 || undefined;
    await until('some records', 120_000, some);
    await one.kill();
    await one.start();
    expect(await two.stop()).toBe(0);
    await two.start();
    await sending;
    const client = await temporaryClient(url);
    const left = async (): Promise<true | undefined> =>
      (await client.query('SELECT 1 FROM outbox LIMIT 1')).rowCount === 0 || undefined;
    await until('an empty outbox', 240_000, left);
    expect([await one.stop(), await two.stop()]).toEqual([0, 0]);
    expect(await sandbox.process.stop()).toBe(0);
    await expectOnce(client, records, join(folder, 'sandbox.sqlite'));
    expect(await (await temporaryPostgresStore({ url })).verifyAudit()).toBeUndefined();
  } finally {
    await Promise.all([one.kill(), two.kill(), sandbox.process.kill()]);
    rmSync(folder, { recursive: true, force: true });
  }
}, 420_000);

async function expectOnce(client: Client, records: readonly Posted[], sandboxFile: string): Promise<void> {
  const stored = await client.query<{ name: string }>(
    `SELECT kind || '/' || record_key AS name FROM source_record`,
  );
  expect(stored.rows.map((row) => row.name).toSorted()).toEqual(
    records.map(({ kind, key }) => `${kind}/${key}`).toSorted(),
  );
  const { rows } = await client.query<HeldRow>(
    `SELECT type, id, version::int AS versions, (state <> 'current')::int AS deleted, content FROM resource`,
  );
  const ours: Map<string, Held> = heldOf(rows);
  const theirs = heldBySandbox(sandboxFile);
  expect([...theirs.keys()].toSorted()).toEqual([...ours.keys()].toSorted());
  for (const [key, held] of ours) {
    expect(theirs.get(key)!.content, key).toBe(held.content);
    expect(theirs.get(key)!.versions, `versions of ${key}`).toBeLessThanOrEqual(held.versions);
  }
}
