/** Puts what streams by into an order that says nothing of the order it came in, in constant memory. */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Identified } from '../../store/resources.ts';
import type { Held } from '../held.ts';

/** Resources that are written at once. */
const BATCH = 1_000;

/**
 * Sorts de-identified resources by type and id: ids are pseudonyms, so that the order is another one under each key, and the
 * same one under the same key. What is sorted lies in a file that only its owner reads, and that is deleted at the end.
 * @param folder for the file; default one among the system's temporary files that has no name, so that no kill leaves it
 * @yields each resource, once all have come
 */
export async function* inKeyedOrder(
  resources: AsyncIterable<Held> | Iterable<Held>,
  folder?: string,
): AsyncGenerator<Held> {
  if (folder === undefined) return yield* sortedIn('', resources);
  const own = await mkdtemp(join(folder, 'hedgerow-order-'));
  try {
    const path = join(own, 'order.db');
    await (await open(path, 'wx', 0o600)).close();
    yield* sortedIn(path, resources);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function* sortedIn(
  path: string,
  resources: AsyncIterable<Held> | Iterable<Held>,
): AsyncGenerator<Held> {
  const db = new DatabaseSync(path);
  try {
    db.exec(
      'PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE; PRAGMA cache_size = -32000',
    );
    db.exec('CREATE TABLE held (type TEXT, id TEXT, person TEXT, resource TEXT)');
    await fill(db, resources);
    // sorted once, at the end: an index would be written to in the order of chance
    for (const row of db.prepare('SELECT person, resource FROM held ORDER BY type, id').iterate())
      yield {
        resource: JSON.parse(String(row.resource)) as Identified,
        personId: row.person === null ? undefined : String(row.person),
      };
  } finally {
    db.close();
  }
}

async function fill(db: DatabaseSync, resources: AsyncIterable<Held> | Iterable<Held>): Promise<void> {
  const insert = db.prepare('INSERT INTO held VALUES (?, ?, ?, ?)');
  let count = 0;
  db.exec('BEGIN');
  for await (const { resource, personId } of resources) {
    insert.run(resource.resourceType, resource.id, personId ?? null, JSON.stringify(resource));
    if (++count % BATCH === 0) db.exec('COMMIT; BEGIN');
  }
  db.exec('COMMIT');
}
