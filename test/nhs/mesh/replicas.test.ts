/** Two adapters on one PostgreSQL share a mailbox: one looks, one sends, and each message is handed over once. */
import { expect, test } from 'vitest';
import { temporaryPostgresStore } from '../../store/temporary-postgres.ts';
import { Clock, letter, MINUTE_MS, mailbox, meshServer, SIGNAL } from './harness.ts';

test('two replicas that do everything at the same moment do it once', async () => {
  const clock = new Clock();
  const store = await temporaryPostgresStore({ time: 'caller' });
  const server = await meshServer(clock);
  for (let at = 0; at < 5; at++) server.put('OURS', Buffer.from(`m${at}`), { 'mex-workflowid': 'DOC' });
  const handed: string[] = [];
  const replicas = [1, 2].map(() => {
    const one = mailbox({ server, store, clock });
    one.onMessage('DOC', async ({ messageId }) => {
      handed.push(messageId);
      return { ok: true, value: undefined };
    });
    return one;
  });
  await Promise.all(replicas.map((one) => one.send(letter('same'), SIGNAL)));
  for (let round = 0; round < 4; round++) {
    clock.pass(3 * MINUTE_MS);
    await Promise.all(replicas.map((one) => one.poll()));
    await Promise.all(replicas.map((one) => one.tend()));
  }
  expect(handed).toHaveLength(5);
  expect(new Set(handed).size).toBe(5);
  expect(server.messages.filter(({ from }) => from === 'OURS')).toHaveLength(1);
  expect(server.tooSoon).toEqual([]);
  expect(server.asked.filter(({ path, method }) => method === 'POST' && path === 'OURS')).toHaveLength(1);
  expect(await replicas[1]!.sent('same')).toMatchObject({ progress: 'sent' });
});
