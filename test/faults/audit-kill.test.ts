/** A process that is killed the moment that it has answered has left a row of the audit for each answer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import type { AccessDetail } from '../../src/store/store.ts';
import { temporaryFile, temporaryStore } from '../store/temporary.ts';

const undo: (() => unknown)[] = [];
afterEach(() => {
  for (const step of undo.splice(0)) step();
});

const SENDERS = 16;
const ENOUGH = 400;

test('no answered access is missing from the audit after kill -9, and its chain holds', async () => {
  const file = temporaryFile();
  const server = spawn('node', [join(import.meta.dirname, 'audited-server.ts'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  undo.push(() => server.kill('SIGKILL'));
  const [said] = (await once(server.stdout, 'data')) as [Buffer];
  const url = `http://127.0.0.1:${Number(said.toString())}/fhir/R4/Patient`;
  const answered = new Set<string>();
  const send = async (): Promise<void> => {
    for (;;) {
      const id = crypto.randomUUID();
      const answer = await fetch(url, { headers: { 'X-Request-Id': id } }).catch(() => undefined);
      if (!answer || (await answer.text().catch(() => '')) !== 'content') return; // it is dead
      answered.add(id);
      if (answered.size === ENOUGH) server.kill('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));
  expect(answered.size).toBeGreaterThanOrEqual(ENOUGH);
  const db = new DatabaseSync(file, { readOnly: true });
  const rows = db.prepare('SELECT detail FROM access').all();
  db.close();
  const kept = new Set(rows.map(({ detail }) => (JSON.parse(String(detail)) as AccessDetail).request));
  expect([...answered].filter((id) => !kept.has(id))).toEqual([]);
  expect(await (await temporaryStore({ file })).verifyAudit()).toBeUndefined();
});
