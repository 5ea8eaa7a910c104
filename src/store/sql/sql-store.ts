/** The Store over an engine that runs SQL: each method is one read, or one piece of work in a transaction. */
import { randomUUID } from 'node:crypto';
import type { SearchIndex } from '../search-index.ts';
import type { Store } from '../store.ts';
import { accessStore } from './access-store.ts';
import { answerStore } from './answer-rows.ts';
import { codedEntryStore } from './coded-entry-rows.ts';
import { deliveryStore } from './delivery-store.ts';
import { driftStore } from './drift-store.ts';
import { type Engine, watchWrites } from './engine.ts';
import { exportStore } from './export-rows.ts';
import { filingStore } from './filing-rows.ts';
import { incidentStore } from './incident-rows.ts';
import type { Names } from './index-rows.ts';
import { messageStore } from './message-rows.ts';
import { personStore } from './person-store.ts';
import { receiptStore } from './receipt-store.ts';
import { recordStore } from './record-store.ts';
import { resourceStore } from './resource-store.ts';
import { subscriptionStore } from './subscription-store.ts';
import { turnStore } from './turn-store.ts';
import { upkeepStore } from './upkeep-store.ts';
import { workStore } from './work-store.ts';

/** @param engine open, of the newest schema @param names what the engine forgets after a rollback @param clock epoch ms */
export function sqlStore(engine: Engine, index: SearchIndex, names: Names, clock: () => number): Store {
  const instance = randomUUID(); // this process, among those on the database
  const watched = watchWrites(engine);
  return {
    incidents: incidentStore(watched),
    filings: filingStore(watched),
    messages: messageStore(watched),
    answers: answerStore(watched),
    codedEntries: codedEntryStore(watched),
    accesses: accessStore(watched),
    subscriptions: subscriptionStore(watched),
    exports: exportStore(watched),
    ...recordStore(watched, { engine, index, names, instance }),
    ...resourceStore(watched, { names, index, clock }),
    ...receiptStore(watched, instance),
    ...turnStore(watched, { engine, instance }),
    ...deliveryStore(watched),
    ...driftStore(watched),
    ...workStore(watched),
    ...personStore(watched, { engine, index, names }),
    ...upkeepStore(watched, engine),
  };
}
