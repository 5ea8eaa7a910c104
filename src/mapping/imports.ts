/** Resolves `imports` between map files: by canonical URL, `*` matching any run of characters; circles are refused. */
import { type Findings, nearest } from './finding.ts';
import type { MapFile, Word } from './tree.ts';

/** @returns names of the files that each file imports */
export function resolveImports(
  files: ReadonlyMap<string, MapFile>,
  findings: Findings,
): ReadonlyMap<string, readonly string[]> {
  const imports = new Map<string, string[]>();
  for (const [name, file] of files) {
    const found = file.imports.flatMap((wanted) => match(files, name, wanted, findings));
    imports.set(name, [...new Set(found)]);
  }
  for (const [name, file] of files) refuseCircle(name, file, imports, findings);
  return imports;
}

function match(
  files: ReadonlyMap<string, MapFile>,
  importer: string,
  wanted: Word,
  findings: Findings,
): string[] {
  const parts = wanted.text.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const pattern = new RegExp(`^${parts.join('.*')}$`);
  const matches = [...files].filter(([name, { url }]) => {
    return wanted.text === url || (parts.length > 1 && name !== importer && pattern.test(url));
  });
  if (matches.length === 0) {
    const hint = nearest(wanted.text, [...files.values()].map(({ url }) => url).filter(Boolean));
    findings.add('map-unknown-import', wanted.at, `no map has the URL ${wanted.text}${hint}`);
  }
  return matches.map(([name]) => name);
}

function refuseCircle(
  name: string,
  file: MapFile,
  imports: ReadonlyMap<string, readonly string[]>,
  findings: Findings,
): void {
  const reached = new Set(imports.get(name));
  for (const next of reached) for (const further of imports.get(next) ?? []) reached.add(further);
  const [first] = file.imports;
  if (!reached.has(name) || !first) return;
  findings.add(
    'map-cyclic-import',
    first.at,
    `${name} imports itself by way of ${[...reached].join(', ')}; break the circle`,
  );
}
