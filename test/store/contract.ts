/** The contract suite: what any engine of the Store interface must do. */
import { describe } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { codedEntryContract } from './contract/coded-entries.ts';
import { codedUnfiledContract } from './contract/coded-unfiled.ts';
import { commitContract } from './contract/commit.ts';
import { courseContract } from './contract/course.ts';
import { decidedContract } from './contract/decided.ts';
import { incidentContract } from './contract/incidents.ts';
import { messageContract } from './contract/messages.ts';
import { operateContract } from './contract/operate.ts';
import { outboxContract } from './contract/outbox.ts';
import { ownTargetsContract } from './contract/own-targets.ts';
import { peopleContract } from './contract/people.ts';
import { processContract } from './contract/processes.ts';
import { receivedContract } from './contract/received.ts';
import { restrictedContract } from './contract/restricted.ts';
import { restrictedCorrectedContract } from './contract/restricted-corrected.ts';
import { restrictedHomesContract } from './contract/restricted-homes.ts';
import { restrictedNumbersContract } from './contract/restricted-numbers.ts';
import { restrictedTiesContract } from './contract/restricted-ties.ts';
import { searchContract } from './contract/search.ts';
import { sharedContract } from './contract/shared.ts';
import { textContract } from './contract/texts.ts';
import { worklistContract } from './contract/worklist.ts';

/** @param open gives an empty store, each time another; the caller closes them all */
export function storeContract(engine: string, open: () => Promise<Store>): void {
  describe(`${engine}: coded entries`, () => codedEntryContract(open));
  describe(`${engine}: coded entries that are out`, () => codedUnfiledContract(open));
  describe(`${engine}: commit`, () => commitContract(open));
  describe(`${engine}: course`, () => courseContract(open));
  describe(`${engine}: decided`, () => decidedContract(open));
  describe(`${engine}: messages, answers and rates`, () => messageContract(open));
  describe(`${engine}: operate`, () => operateContract(open));
  describe(`${engine}: incidents and filings`, () => incidentContract(open));
  describe(`${engine}: outbox`, () => outboxContract(open));
  describe(`${engine}: own targets`, () => ownTargetsContract(open));
  describe(`${engine}: people`, () => peopleContract(open));
  describe(`${engine}: received`, () => receivedContract(open));
  describe(`${engine}: processes`, () => processContract(open));
  describe(`${engine}: restricted people`, () => restrictedContract(open));
  describe(`${engine}: numbers of restricted people`, () => restrictedNumbersContract(open));
  describe(`${engine}: corrected numbers of restricted people`, () => restrictedCorrectedContract(open));
  describe(`${engine}: homes of restricted people`, () => restrictedHomesContract(open));
  describe(`${engine}: what ties to restricted people`, () => restrictedTiesContract(open));
  describe(`${engine}: search`, () => searchContract(open));
  describe(`${engine}: shared resources`, () => sharedContract(open));
  describe(`${engine}: texts`, () => textContract(open));
  describe(`${engine}: worklist`, () => worklistContract(open));
}
