/** SQL that tells whether the disk takes writes again. */
import type { DatabaseSync } from 'node:sqlite';
import { statement } from './statement.ts';

const FILL = statement('INSERT INTO probe (room) VALUES (zeroblob(65536))');
const EMPTY = statement('DELETE FROM probe');

/** Writes 64 KB and takes them away again. @throws what the engine throws when there is no room */
export function probeRoom(db: DatabaseSync): void {
  FILL(db).run();
  EMPTY(db).run();
}
