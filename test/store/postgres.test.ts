/** PostgreSQL keeps the store's contract. */
import { storeContract } from './contract.ts';
import { temporaryPostgresStore } from './temporary-postgres.ts';

storeContract('postgres', temporaryPostgresStore);
