/** Both engines of the store, for tests that run on each. */
import type { Store } from '../../src/store/store.ts';
import { temporaryStore } from './temporary.ts';
import { temporaryPostgresStore } from './temporary-postgres.ts';

export const ENGINES: readonly (readonly [name: string, open: () => Promise<Store>])[] = [
  ['sqlite', () => temporaryStore()],
  ['postgres', () => temporaryPostgresStore()],
];
