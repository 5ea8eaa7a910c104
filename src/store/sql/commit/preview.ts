/** Tells what a commit would write, by writing it and reading it back: whoever runs this takes the transaction back. */
import type { Identified } from '../../store.ts';
import type { CommitPreview, PreviewedChange } from '../../stored-records.ts';
import { selectVersion } from '../resource-rows.ts';
import type { Step } from '../statement.ts';
import type { AnyRecord, CommitContext } from './batch.ts';
import { commitBatch } from './commit.ts';

/** @returns one preview a record, in order */
export function* previewBatch(context: CommitContext, records: readonly AnyRecord[]): Step<CommitPreview[]> {
  const previews: CommitPreview[] = [];
  for (const result of yield* commitBatch(context, records)) {
    const changes: PreviewedChange[] = [];
    for (const { type, id, version } of result.state === 'committed' ? result.written : []) {
      const after = yield* contentAt(type, id, version);
      if (after)
        changes.push({ key: `${type}/${id}`, before: yield* contentAt(type, id, version - 1), after });
    }
    previews.push({ result, changes });
  }
  return previews;
}

function* contentAt(type: string, id: string, version: number): Step<Identified | undefined> {
  const content = (yield* selectVersion(type, id, version))?.content;
  return content ? (JSON.parse(content) as Identified) : undefined;
}
