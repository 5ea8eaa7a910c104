/** Turns a folder of definitions, a FHIR package's or a plain one, into its JSON files, one by one, within bounds. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf } from './outcome.ts';
import type { PackageLimits, PackedFile } from './package-archive.ts';

/** Folders within folders; deeper ones are refused. */
const DEPTH = 8;

/**
 * Reads a folder: `package/` in it where that has a package.json, else the folder itself with its subfolders.
 * @param take called with each JSON file, subfolders included, by name
 * @returns the reason why the folder is refused: links, too large or too deep
 */
export function readPackageFolder(
  path: string,
  limits: PackageLimits,
  take: (file: PackedFile) => void,
): OperationOutcomeIssue | undefined {
  const root = existsSync(join(path, 'package/package.json')) ? join(path, 'package') : path;
  const found = filesIn(root, limits);
  if (!Array.isArray(found)) return found;
  let total = 0;
  for (const name of found) {
    const { size } = statSync(join(root, name));
    total += size;
    if (size > limits.file)
      return fault(join(root, name), 'package-size', `it has ${size} bytes; ${limits.file} are allowed`);
    if (total > limits.total)
      return fault(root, 'package-size', `its files have more than ${limits.total} bytes`);
    take({ name, bytes: readFileSync(join(root, name)) });
  }
  return undefined;
}

/** @returns the JSON files by name, those of the folder itself first, or why it is refused */
function filesIn(root: string, limits: PackageLimits): string[] | OperationOutcomeIssue {
  const files: string[] = [];
  let entries = 0;
  const open: { readonly folder: string; readonly depth: number }[] = [{ folder: '', depth: 0 }];
  for (const { folder, depth } of open) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).sort(byName)) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (++entries > limits.entries)
        return fault(root, 'package-size', `it holds more than ${limits.entries} files`);
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory() && depth >= DEPTH)
        return fault(join(root, name), 'package-entry', `only ${DEPTH} folders may lie within each other`);
      if (entry.isDirectory()) open.push({ folder: name, depth: depth + 1 });
      else if (!entry.name.endsWith('.json')) continue;
      else if (entry.isFile()) files.push(name);
      else return fault(join(root, name), 'package-entry', 'it is no file but a link: put the file there');
    }
  }
  return files;
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function fault(path: string, rule: string, what: string): OperationOutcomeIssue {
  return issueOf({ code: 'structure', rule, diagnostics: `${path} was not added: ${what}.` });
}
