/** Turns messages of a workflow into files of a source, read like those that are dropped into its folder. */
import { basename, extname } from 'node:path';
import { refuse } from '../../fhir/outcome.ts';
import type { MessageHandler, Received } from '../../nhs/mesh/channel.ts';
import type { LoadedSource } from '../load.ts';
import { readFileRecords } from '../read-file.ts';
import type { ReadRecord } from '../record.ts';
import type { IntakeSummary } from '../tally.ts';

export interface FileMessageOptions {
  readonly source: LoadedSource;
  /** of the records; default as the file tells */
  readonly kind?: string | undefined;
  readonly clock: () => number;
  /** takes records to durable commit, as the pipeline does */
  readonly ingest: (
    source: string,
    kind: string,
    records: AsyncIterable<ReadRecord>,
    options: { readonly file: string; readonly signal: AbortSignal },
  ) => Promise<IntakeSummary>;
}

/** @returns who takes messages of the workflow: twice the same commits nothing twice, since records are known by their keys */
export function fileMessages({ source, kind, clock, ingest }: FileMessageOptions): MessageHandler {
  return async (message, signal) => {
    const path = await message.file(nameOf(message));
    const records = readFileRecords(source, path, {
      ...{ nowMs: clock(), signal },
      ...(kind === undefined ? {} : { kind }),
    });
    const file = basename(path);
    const { receipt } = await ingest(source.manifest.name, 'file', records, { file, signal });
    signal.throwIfAborted(); // it is read again from its start
    const { committed, unchanged, refused } = receipt;
    if (refused === 0 || committed + unchanged > 0) return { ok: true, value: receipt };
    return refuse({
      rule: 'mesh-file-refused',
      diagnostics: `Nothing of a file that came by MESH for the source ${source.manifest.name} could be taken in; the items of its records say why. Have its sender correct it, or mend the maps and retry; or resolve this item, which drops the file.`,
    });
  };
}

const KNOWN = /^\.(csv|tsv|txt|json|ndjson|jsonl|xlsx)$/i;
const EXTENSIONS: Readonly<Record<string, string>> = {
  'text/csv': '.csv',
  'application/json': '.json',
  'application/x-ndjson': '.ndjson',
  'application/ndjson': '.ndjson',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': '.xlsx',
};

/** Where the name tells no format, as that of MESH itself (`….dat`), the media type does. */
function nameOf({ fileName, contentType, messageId }: Received): string | undefined {
  if (fileName !== undefined && KNOWN.test(extname(fileName))) return fileName;
  const extension = EXTENSIONS[contentType?.split(';')[0]?.trim().toLowerCase() ?? ''];
  return extension === undefined ? fileName : `${fileName ?? messageId}${extension}`;
}
