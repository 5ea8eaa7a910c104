/** Kills the adapter at random moments of one ingest with delivery on, and counts what is left: nothing lost, nothing twice. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { contactRows, referralRows } from '../../tooling/demo/load.ts';
import { freePort, type Running, run, until } from './process.ts';

const KILLS = 50;
const REFERRALS = 500;
const CONTACTS = 4_500;
/** Records a request: small, so that a kill finds some acknowledged and some not. */
const PER_REQUEST = 25;
const SEED = 20260630;

test(
  `${KILLS} kills in one ingest of ${REFERRALS + CONTACTS} records lose nothing and send nothing twice`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'faults-kill-'));
    const random = seeded(SEED);
    const sandbox = run('src/sandbox/main.ts', '--port', '0', '--file', join(folder, 'sandbox.sqlite'));
    let adapter: Running | undefined;
    try {
      const ehr = await until(async () => (JSON.parse(sandbox.output().split('\n')[0]!) as { url: string }).url, 'the sandbox EHR', 20_000, sandbox);
      const port = await freePort();
      const base = `http://127.0.0.1:${port}`;
      const config = configured(folder, port, ehr);
      const client = new Client(base, requests());
      const sending = client.run();
      for (let kill = 0; kill < KILLS; kill++) {
        adapter = run('src/main.ts', 'start', '--config', config);
        // most kills come while it works, some while it starts
        if (kill % 10 !== 9) await ready(base, adapter);
        await pause(random() * 700);
        await adapter.kill();
      }
      adapter = run('src/main.ts', 'start', '--config', config);
      await ready(base, adapter);
      await sending;
      expect(client.acknowledged).toBe(REFERRALS + CONTACTS);
      await until(async () => ((await outboxOf(folder)) === 0 ? true : undefined), 'an empty outbox', 240_000, adapter);
      expect(await adapter.stop()).toBe(0);
      await sandbox.stop();
      expectOnce(folder);
    } finally {
      await adapter?.kill();
      await sandbox.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  540_000,
);
