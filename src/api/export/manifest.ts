/** Turns an export that is over into the manifest that tells of its files. */
import { askedIn, type ExportFile, progressIn } from '../../research/export/asked.ts';
import type { KeptExport } from '../../store/store.ts';
import { FILE_PATH } from './paths.ts';

interface Item {
  readonly type: string;
  readonly url: string;
  readonly count: number;
}

/** @source Bulk Data Access 2.0, Response - Complete Status */
export interface Manifest {
  readonly transactionTime: string;
  readonly request: string;
  readonly requiresAccessToken: boolean;
  readonly output: readonly Item[];
  readonly deleted: readonly Item[];
  readonly error: readonly Item[];
}

/** @param base FHIR base that the files are had from */
export function manifestOf(kept: KeptExport, base: string, requiresAccessToken: boolean): Manifest {
  const { files } = progressIn(kept.progress);
  const itemsOf = (kind: ExportFile['kind']): readonly Item[] =>
    files
      .filter((file) => file.kind === kind)
      .map(({ name, type, count }) => ({
        type: kind === 'deleted' ? 'Bundle' : type,
        url: `${base}${FILE_PATH}/${kept.id}/${name}`,
        count,
      }));
  return {
    transactionTime: new Date(kept.asOfMs).toISOString(),
    request: askedIn(kept.asked).request,
    requiresAccessToken,
    output: itemsOf('output'),
    deleted: itemsOf('deleted'),
    error: itemsOf('error'),
  };
}
