/** The store's records: what is committed, what is kept of it, and the maps that it was made by. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { keepable } from '../keepable.ts';
import type { SearchIndex } from '../search-index.ts';
import type { CommitPreview, Identified, RecordStore } from '../store.ts';
import { commitWhole } from './commit/commit.ts';
import { previewBatch } from './commit/preview.ts';
import { selectOwnSayings, selectSayings } from './contribution-rows.ts';
import type { Engine, Runner } from './engine.ts';
import type { Names } from './index-rows.ts';
import { insertMapSet, selectKept, selectLatest, selectRecord } from './record-rows.ts';
import { selectMapSet, selectMapUse, selectReadingWarnings, selectStored } from './stored-rows.ts';

/** Ends the transaction of a preview, so that nothing of it stays. */
const TAKEN_BACK = new AdapterError(
  'permanent',
  issueOf({ severity: 'information', rule: 'store-preview', diagnostics: 'A preview is taken back.' }),
);

interface Parts {
  /** previews end in a rollback that says nothing of the engine's health */
  readonly engine: Engine;
  readonly index: SearchIndex;
  readonly names: Names;
  /** this process, whose receipts are its own */
  readonly instance: string;
}

export function recordStore(runner: Runner, { engine, index, names, instance }: Parts): RecordStore {
  return {
    async commit(records, rules, nowMs, whole = []) {
      if (records.length === 0) return [];
      let isHidden = false;
      const onHidden = (): void => {
        isHidden = true;
      };
      const context = { names, index, rules, nowMs, onHidden };
      const kept = records.map(keepable);
      const results = await runner.write(() => commitWhole(context, kept, whole, instance));
      if (isHidden) await engine.scrub();
      return results;
    },
    async previewCommit(records, rules, nowMs) {
      if (records.length === 0) return [];
      const context = { names, index, rules, nowMs };
      let previews: readonly CommitPreview[] = [];
      const taken = engine.write(function* () {
        previews = yield* previewBatch(context, records);
        throw TAKEN_BACK;
      });
      await taken.catch((error: unknown) => {
        if (error !== TAKEN_BACK) throw error;
      });
      return previews;
    },
    sourceRecord: (source, kind, key) => runner.read(() => selectRecord(source, kind, key)),
    saidBy: ({ source, kind, key }, type, id) =>
      runner.read(function* () {
        const [kept] = yield* selectKept([[source, kind, key]]);
        const [own] = kept ? yield* selectOwnSayings([[type, id, kept.record_id]]) : [];
        const said = own && (yield* selectSayings([[type, id]])).find(({ saying }) => saying === own.saying);
        return said && (JSON.parse(said.content) as Identified);
      }),
    latestRecords: (count) => runner.read(() => selectLatest(count)),
    storedRecords: (filter, count, after) => runner.read(() => selectStored(filter, count, after)),
    async readingWarnings(source, kind, key) {
      const texts = await runner.read(() => selectReadingWarnings(source, kind, key));
      return texts.map((text) => JSON.parse(text) as OperationOutcome);
    },
    mapUse: () => runner.read(selectMapUse),
    mapSetText: (digest) => runner.read(() => selectMapSet(digest)),
    keepMapSet: (digest, text, nowMs) => runner.write(() => insertMapSet(digest, text, nowMs)),
  };
}
