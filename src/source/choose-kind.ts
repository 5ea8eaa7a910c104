/** Turns a file's or sheet's name, or its first row, into the kind of record it holds. */
import { type Checked, refuse } from '../fhir/outcome.ts';
import { kindByHeader, matchColumns, nearestKind } from './columns.ts';
import type { Cell } from './convert.ts';
import type { KindReader } from './kind-reader.ts';
import type { LoadedSource } from './load.ts';

/** @returns the kind called so; or a refusal `read-kind` that names those there are */
export function kindNamed(source: LoadedSource, kind: string): Checked<KindReader> {
  const reader = source.kinds.get(kind);
  if (reader) return { ok: true, value: reader };
  const kinds = [...source.kinds.keys()].join(', ');
  return refuse({
    rule: 'read-kind',
    code: 'not-found',
    diagnostics: `source '${source.manifest.name}' has no such kind; it has: ${kinds}`,
  });
}

/**
 * @param name of a file without its folder, or of a sheet
 * @returns the kind with the longest of the manifest's `files` that the name begins with, letter case aside
 */
export function kindByName(source: LoadedSource, name: string): KindReader | undefined {
  const folded = name.toLowerCase();
  const starts = [...source.kinds.values()].flatMap((reader) =>
    (reader.manifest.files ?? []).map((start) => ({ reader, start: start.toLowerCase() })),
  );
  const fitting = starts.filter(({ start }) => folded.startsWith(start));
  return fitting.sort((a, b) => b.start.length - a.start.length)[0]?.reader;
}

/** @param header first row of a table @returns the kind whose columns they are; or a refusal that says what the nearest kind lacks */
export function kindOfHeader(source: LoadedSource, header: readonly Cell[]): Checked<KindReader> {
  const readers = [...source.kinds.values()];
  const reader = kindByHeader(readers, header);
  if (reader) return { ok: true, value: reader };
  const nearest = nearestKind(readers, header);
  const misfit = nearest && matchColumns(nearest, header);
  return misfit && !misfit.ok ? misfit : noKind(source);
}

/**
 * @returns the refusal of a file that neither its name nor its content tells the kind of; a kind without `files` in the manifest
 *   can only be told by its columns or by whoever gives the file
 */
export function noKind(source: LoadedSource): { ok: false; outcome: ReturnType<typeof refuse>['outcome'] } {
  const readers = [...source.kinds.values()];
  const starts = readers.flatMap(({ manifest: { files = [] } }) =>
    files.length > 0 ? [files.join(' or ')] : [],
  );
  const nameless = readers
    .filter(({ manifest: { files = [] } }) => files.length === 0)
    .map(({ kind }) => kind);
  const ways = [
    ...(starts.length > 0 ? [`begin its name with ${starts.join(', ')}`] : []),
    'put the column names of one into the first row of a table',
    ...(nameless.length > 0
      ? [`name the kind (--kind) for ${nameless.join(', ')}, or give it "files" in source.json`]
      : []),
  ];
  const diagnostics = `nothing tells what kind of record the file holds: ${ways.join(', or ')}`;
  return refuse({ rule: 'read-kind', code: 'not-found', diagnostics });
}
