/** Resolves `imports` between map files: by canonical URL, `*` matching any run of characters; circles are refused. */
import { type Findings, nearest } from './finding.ts';
import type { MapFile, Word } from './tree.ts';

/** Files that a finding of a circle names. */
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
  for (const circle of circlesIn(imports))
    for (const name of circle) refuseCircle(files.get(name)!, circle, findings);
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

/** @returns the sets of files that import each other, directly or by others, in the files' order: Tarjan's algorithm, without recursion */
function circlesIn(imports: Imports): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const circles: string[][] = [];
  const enter = (name: string): { name: string; next: number } => {
    order.set(name, order.size);
    lowest.set(name, order.size - 1);
    open.push(name);
    isOpen.add(name);
    return { name, next: 0 };
  };
  const lower = (name: string, to: number): void => {
    lowest.set(name, Math.min(lowest.get(name)!, to));
  };
  for (const start of imports.keys()) {
    const path = order.has(start) ? [] : [enter(start)];
    for (let at = path.at(-1); at; at = path.at(-1)) {
      const wanted = imports.get(at.name)![at.next++];
      if (wanted !== undefined) {
        if (!order.has(wanted)) path.push(enter(wanted));
        else if (isOpen.has(wanted)) lower(at.name, order.get(wanted)!);
        continue;
      }
      path.pop();
      const { name } = at;
      const before = path.at(-1);
      if (before) lower(before.name, lowest.get(name)!);
      if (lowest.get(name) !== order.get(name)) continue;
      const members = open.splice(open.lastIndexOf(name));
      for (const member of members) isOpen.delete(member);
      if (members.length > 1 || imports.get(name)!.includes(name)) circles.push(members);
    }
  }
  return circles;
}

function refuseCircle(file: MapFile, circle: readonly string[], findings: Findings): void {
  const way = [...circle.filter((name) => name !== file.file), file.file];
  const named = way.slice(-MOST_NAMED).join(', ');
  const more = way.length > MOST_NAMED ? `${way.length - MOST_NAMED} maps, ` : '';
  const message = `${file.file} imports itself by way of ${more}${named}; break the circle`;
  findings.add('map-cyclic-import', file.imports[0]!.at, message);
}
