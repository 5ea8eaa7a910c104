/** SQLite keeps the store's contract. */
import { storeContract } from './contract.ts';
import { temporaryStore } from './temporary.ts';

storeContract('sqlite', () => temporaryStore());
