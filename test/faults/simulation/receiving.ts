/** What one adapter does with changes at the EHR: the real receiver, over the network that fails. */
import { createEhrClient } from '../../../src/source/ehr/client.ts';
import { progressOf } from '../../../src/source/ehr/progress.ts';
import { type Receiver, startReceiver } from '../../../src/source/ehr/receiver.ts';
import type { CommitRules, Store } from '../../../src/store/store.ts';
import { createAsSent } from '../../../src/target/fhir/as-sent.ts';
import { saysTheSame } from '../../../src/target/fhir/outgoing.ts';
import type { Gate } from '../../../src/target/gate.ts';
import type { Exchange } from '../../../src/wire/exchange.ts';
import { RECEIVED_TYPES } from './clinic.ts';
import { BASE } from './ehr.ts';

export const TARGET = 'ehr';
/** All goes to the EHR, but for what came from there. */
export const RULES: CommitRules = {
  check: () => [],
  provenanceId: () => undefined,
  provenance: () => undefined,
  route: (_resource, origin) => (origin === TARGET ? [] : [TARGET]),
};
/** Between two looks, in ms; each reaches back further than a request may take. */
const EVERY_MS = 4_000;
const OVERLAP_MS = 10_000;

export interface Receiving {
  readonly store: Store;
  readonly gate: Gate;
  readonly exchange: Exchange;
  readonly deadlineMs: number;
  readonly clock: () => number;
  readonly by: 'search' | 'history';
  /** where the first look begins, epoch ms */
  readonly sinceMs: number;
  /** called when deliveries go again */
  readonly wake: () => void;
}

export function receiveFrom({ store, gate, clock, wake, sinceMs, ...rest }: Receiving): Receiver {
  const client = createEhrClient({ ...rest, name: TARGET, baseUrl: BASE, clock });
  return startReceiver({
    ...{ name: TARGET, client, store, clock, saysTheSame, sinceMs, by: rest.by, baseUrl: BASE },
    types: RECEIVED_TYPES,
    pageSize: 3,
    withProvenance: false,
    ownerOrg: 'X26',
    asSent: createAsSent({ store, target: TARGET, gate }),
    take: async (records) => {
      const results = await store.commit(records, RULES, clock());
      wake();
      return results;
    },
    tried: new Map(),
    everyMs: EVERY_MS,
    overlapMs: OVERLAP_MS,
    progress: progressOf(TARGET, store, clock),
    onTrouble: () => {},
    onReceived: ({ replayed }) => {
      if (replayed > 0) wake();
    },
  });
}
