/** A thread that copies the write-ahead log of the database that it is started with, each time it is told to. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** What is written while one copy runs is left for the next: so often, at most, until nothing is left. */
const MOST_PASSES = 4;

const db = new DatabaseSync(String(workerData), { timeout: 0, enableForeignKeyConstraints: false });
const pass = db.prepare('PRAGMA wal_checkpoint(PASSIVE)'); // waits for nobody, and nobody waits for it

parentPort!.on('message', () => {
  let before = -1;
  for (let passes = 0; passes < MOST_PASSES; passes++) {
    const { log } = pass.get() as { log: number };
    if (log === before) break;
    before = log;
  }
  parentPort!.postMessage('copied');
});
