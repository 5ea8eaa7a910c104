/** Turns the times of a record and of what is kept of it into which of them is later. */
import type { CommitRecord } from '../../store.ts';
import type { KeptRecord } from '../record-rows.ts';

/** Only what the source itself says of time makes a version older: a time of reading says when it came here, not when it was so. */
export function isOlder(
  { timeOf, sourceTimeMs }: CommitRecord,
  { own_time_ms: ownTimeMs }: KeptRecord,
): boolean {
  return timeOf === 'source' && ownTimeMs !== null && sourceTimeMs < ownTimeMs;
}

/** A record that names no time is as late as what it follows, should that have named a time that is yet to come. */
export function inTime(record: CommitRecord, { source_time_ms: keptTimeMs }: KeptRecord): CommitRecord {
  const isBefore = record.timeOf === 'reading' && record.sourceTimeMs < keptTimeMs;
  return isBefore ? { ...record, sourceTimeMs: keptTimeMs } : record;
}
