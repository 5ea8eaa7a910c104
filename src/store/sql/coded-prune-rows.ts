/** SQL that takes names and words out of coded entries that were settled long ago, and drops those that were never listed. */
import type { CodedContent } from '../coded-entries.ts';
import { type Step, statement } from './statement.ts';

const SETTLED = statement(`
  SELECT fact, action, content FROM coded_entry
  WHERE state IN ('filed', 'withdrawn') AND trimmed_ms IS NULL AND settled_ms < ? ORDER BY settled_ms LIMIT ?`);
const TRIM = statement(`
  UPDATE coded_entry SET content = ?, said_by = NULL, reason = NULL, trimmed_ms = ?
  WHERE fact = ? AND action = ? AND state IN ('filed', 'withdrawn')`);
const DROP = statement(`
  DELETE FROM coded_entry WHERE (fact, action) IN (
    SELECT c.fact, c.action FROM coded_entry c
    WHERE c.state = 'withdrawn' AND c.batch_id IS NULL AND c.due_ms < ? ORDER BY c.due_ms LIMIT ?)`);

/**
 * What is filed, or was rejected and withdrawn, stays as a fact, so that it is listed no second time, under the NHS number
 * that it was listed under, so that it can be taken out again. All else that a list has is unsettled, and stays whole.
 * @returns how many, `count` at most
 */
export function* pruneEntries(beforeMs: number, count: number): Step<number> {
  const rows = (yield* SETTLED.all(beforeMs, count)) as { fact: string; action: string; content: string }[];
  for (const { fact, action, content } of rows)
    yield* TRIM.run(JSON.stringify(trimmed(JSON.parse(content) as CodedContent)), beforeMs, fact, action);
  return rows.length + (yield* DROP.run(beforeMs, count - rows.length));
}

function trimmed({ person, author, ...content }: CodedContent): CodedContent {
  const { role, ods, organisation } = author ?? { name: '' };
  return {
    ...content,
    person: person && { nhsNumber: person.nhsNumber, family: '', given: '', birthDate: '' },
    author: author && { name: organisation ?? '', role, ods, organisation },
  };
}
