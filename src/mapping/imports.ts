/** Resolves `imports` between map files: by canonical URL, `*` matching any run of characters; circles are refused. */
import { type Findings, nearest } from './finding.ts';
import type { MapFile, Word } from './tree.ts';

/** Files of a circle that are named, and files of circles that are told. */
const MOST_NAMED = 10;

type Imports = ReadonlyMap<string, readonly string[]>;

/** @returns names of the files that each file imports */
export function resolveImports(files: ReadonlyMap<string, MapFile>, findings: Findings): Imports {
  const imports = new Map<string, string[]>();
  for (const [name, file] of files) {
    const found = file.imports.flatMap((wanted) =>
      findings.isFull ? [] : match(files, name, wanted, findings),
    );
    imports.set(name, [...new Set(found)]);
  }
  let circles = 0;
  for (const name of circling(imports))
    if (circles < MOST_NAMED && refuseCircle(files.get(name)!, imports, findings)) circles += 1;
  return imports;
}

function match(
  files: ReadonlyMap<string, MapFile>,
  importer: string,
  wanted: Word,
  findings: Findings,
): string[] {
  const parts = wanted.text.split('*');
  const matches = [...files].filter(([name, { url }]) => {
    return wanted.text === url || (parts.length > 1 && name !== importer && fits(url, parts));
  });
  if (matches.length === 0) {
    const hint = nearest(wanted.text, [...files.values()].map(({ url }) => url).filter(Boolean));
    findings.add('map-unknown-import', wanted.at, `no map has the URL ${wanted.text}${hint}`);
  }
  return matches.map(([name]) => name);
}

/** @returns true when the parts stand in the text in this order, the first at its start, the last at its end: in one walk */
function fits(text: string, parts: readonly string[]): boolean {
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= text.length;
}

/** @returns the files that import, or are left with imports of, a circle: what remains when those without imports are taken away in turn */
function circling(imports: Imports): string[] {
  const importers = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const [name, all] of imports) {
    open.set(name, all.length);
    for (const one of all) {
      const known = importers.get(one);
      if (known) known.push(name);
      else importers.set(one, [name]);
    }
  }
  const free = [...imports.keys()].filter((name) => open.get(name) === 0);
  for (const name of free)
    for (const importer of importers.get(name) ?? []) {
      open.set(importer, open.get(importer)! - 1);
      if (open.get(importer) === 0) free.push(importer);
    }
  const done = new Set(free);
  return [...imports.keys()].filter((name) => !done.has(name));
}

/** @returns true, with a finding, when the file is part of a circle */
function refuseCircle(file: MapFile, imports: Imports, findings: Findings): boolean {
  const reached = new Set(imports.get(file.file));
  for (const next of reached) for (const further of imports.get(next) ?? []) reached.add(further);
  const [first] = file.imports;
  if (!reached.has(file.file) || !first) return false;
  const way = [...reached].slice(0, MOST_NAMED).join(', ');
  const more = reached.size > MOST_NAMED ? ' …' : '';
  const message = `${file.file} imports itself by way of ${way}${more}; break the circle`;
  findings.add('map-cyclic-import', first.at, message);
  return true;
}
