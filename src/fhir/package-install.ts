/** Turns a published FHIR package, or a folder of definitions, into one installed in the data folder: wholly, or not at all. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { type Checked, outcomeOf, refuse } from './outcome.ts';
import { PACKAGE_LIMITS, type PackageLimits, readArchive } from './package-archive.ts';
import { readPackageFolder } from './package-folder.ts';
import { type Naming, Staging } from './package-staging.ts';
import {
  type Installation,
  type InstalledPackage,
  installedPackages,
  missingDependencies,
  packagesFolder,
  RECORD,
  readPackage,
} from './packages.ts';

/** Folders under this name are packages on their way in or out; nobody reads them. */
const ADDING = '.adding-';
/** What a killed process left behind is swept after a day: nothing takes that long. */
const STALE_MS = 86_400_000;

export interface AddOptions extends Naming {
  /** default: PACKAGE_LIMITS */
  readonly limits?: Partial<PackageLimits>;
}

/** A package that is installed now. */
export interface AddedPackage {
  readonly installed: InstalledPackage;
  /** false: the same package was there already */
  readonly isNew: boolean;
  /** what was left out or derived, and dependencies that are missing: warnings and information */
  readonly notes: readonly OperationOutcomeIssue[];
}

/**
 * Installs a package as `<data>/packages/<name>#<version>/package/…`. Another version of it stays beside it.
 * @param path of a `.tgz` as published, a folder of the same form, or a folder of resource files without package.json
 * @param options name and version, for a folder that does not say
 * @returns the package, or every fault found in it; then nothing is installed
 * @throws when the data folder cannot be written
 */
export async function addPackage(
  path: string,
  dataDir: string,
  options: AddOptions = {},
): Promise<Checked<AddedPackage>> {
  const root = packagesFolder(dataDir);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const temporary = mkdtempSync(join(root, ADDING));
  sweep(root, statSync(temporary).mtimeMs);
  try {
    return await addThrough(temporary, path, dataDir, options);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function addThrough(
  temporary: string,
  path: string,
  dataDir: string,
  options: AddOptions,
): Promise<Checked<AddedPackage>> {
  const inside = join(temporary, 'package');
  mkdirSync(inside);
  const staged = await stage(path, inside, options);
  if (!staged.ok) return staged;
  const { manifest, digest, notes } = staged.value;
  const record: Installation = { from: resolve(path), digest };
  writeFileSync(join(temporary, RECORD), `${JSON.stringify(record, undefined, 2)}\n`);
  flush(inside);
  const id = `${manifest.name}#${manifest.version}`;
  const isNew = moveInto(join(packagesFolder(dataDir), id), temporary);
  const installed = readPackage(dataDir, id);
  if (!installed.ok) return installed;
  if (installed.value.digest !== digest) {
    return refuse({
      code: 'conflict',
      rule: 'package-conflict',
      diagnostics: `${id} is installed already, with other content, from ${installed.value.from ?? 'elsewhere'}: run "profiles remove ${id}" first, or give the package a version of its own.`,
    });
  }
  const missing = missingDependencies([installed.value], installedPackages(dataDir).packages);
  return { ok: true, value: { installed: installed.value, isNew, notes: [...notes, ...missing] } };
}

async function stage(
  path: string,
  folder: string,
  options: AddOptions,
): Promise<ReturnType<Staging['finish']>> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) {
    const diagnostics = `There is no ${path}: give a FHIR package (.tgz), or a folder of definitions.`;
    return refuse({ code: 'not-found', rule: 'package-file', diagnostics });
  }
  const limits = { ...PACKAGE_LIMITS, ...options.limits };
  const hasManifest = ['package.json', 'package/package.json'].some((one) => existsSync(join(path, one)));
  const staging = new Staging(folder, found.isDirectory() && !hasManifest);
  const take = staging.take.bind(staging);
  const fault = found.isDirectory()
    ? readPackageFolder(path, limits, take)
    : await readArchive(path, limits, take);
  return fault ? { ok: false, outcome: outcomeOf(fault) } : staging.finish(options);
}

/** @returns false when another stands there: it is left as it is */
function moveInto(folder: string, temporary: string): boolean {
  try {
    renameSync(temporary, folder);
    return true;
  } catch (error) {
    if (!existsSync(folder)) throw error;
    return false;
  }
}

/** Puts the files on the disk before their folder gets its name: a power cut leaves the whole package or none. */
function flush(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = openSync(join(folder, name), 'r+');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}

/** @param nowMs as the file system's clock has it */
function sweep(root: string, nowMs: number): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith('.')) continue;
    const path = join(root, name);
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
    if (nowMs - made > STALE_MS) rmSync(path, { recursive: true, force: true });
  }
}
