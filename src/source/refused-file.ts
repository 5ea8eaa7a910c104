/** Turns what is wrong with a whole file into the one refusal that stands for it. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { LoadedSource } from './load.ts';
import type { UnreadRecord } from './record.ts';

/** @param kind the one asked for; the refusal's is '' where none is known */
export function refusedFile(
  source: LoadedSource,
  file: string,
  kind: string | undefined,
  outcome: OperationOutcome,
): UnreadRecord {
  const { name } = source.manifest;
  return { ok: false, source: name, kind: kind ?? '', key: undefined, payload: undefined, file, outcome };
}
