/** Turns what the store kept of a record into a record as read, so that it can go the way in once more. */
import { type KindReader, readObject, startReading } from './kind-reader.ts';
import type { ReadRecord } from './record.ts';

/** A payload that was refused, as it was kept or as somebody has amended it. */
export interface KeptPayload {
  readonly payload: unknown;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

/**
 * Reads a payload once more, by today's schema.
 * @param kept never changed; dates may stand in ISO, as an earlier reading left them, or as the source writes them
 * @param nowMs time of reading, for a record that names none of its own
 */
export function readAgain(
  reader: KindReader,
  { payload, file, line }: KeptPayload,
  nowMs: number,
): ReadRecord {
  const reading = startReading(reader, { nowMs, isAgain: true, ...(file === undefined ? {} : { file }) });
  return readObject(reading, structuredClone(payload), line);
}
