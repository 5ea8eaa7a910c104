/** Stores in temporary folders that are closed and removed after each test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { type Definitions, loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { openSqliteStore, type SqliteOptions } from '../../src/store/sqlite/store.ts';
import type { Store } from '../../src/store/store.ts';

let loaded: Definitions | undefined;
/** Base R4, loaded once a test file. */
export function definitions(): Definitions {
  loaded ??= loadBaseDefinitions();
  return loaded;
}

const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** @returns path of a database file that does not exist yet */
export function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-store-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'store.sqlite');
}

export async function temporaryStore(options: Partial<SqliteOptions> = {}): Promise<Store> {
  const store = await openSqliteStore({ file: temporaryFile(), definitions: definitions(), ...options });
  undo.push(() => store.close());
  return store;
}
