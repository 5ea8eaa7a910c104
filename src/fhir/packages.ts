/** Turns the FHIR packages of the data folder into a list, and into definitions that are found by canonical URL. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { z } from 'zod';
import { type Canonicals, stampOfFile } from './canonicals.ts';
import { AdapterError, type Checked, issueOf, refuse } from './outcome.ts';
import { type IndexEntry, readIndex } from './package-index.ts';
import { isBuiltIn, type Manifest, readManifest } from './package-manifest.ts';
import { bestVersion, compareVersions } from './package-version.ts';

/** File beside `package/` that says where a package came from. */
export const RECORD = 'hedgerow.json';
const recordSchema = z.object({ from: z.string(), digest: z.string() });

/** Where a package came from: a path, and a digest of its content. */
export type Installation = z.infer<typeof recordSchema>;

/** A package in the data folder. */
export interface InstalledPackage extends Manifest, Partial<Installation> {
  /** `name#version` */
  readonly id: string;
  /** that holds its definitions */
  readonly folder: string;
  /** its definitions, none of them read */
  readonly entries: readonly IndexEntry[];
}

/** Packages in the order in which they build on each other, and what is wrong with others. */
export interface PackageList {
  readonly packages: readonly InstalledPackage[];
  readonly faults: readonly OperationOutcomeIssue[];
}

/** @returns the folder of the packages, in the form of the FHIR package cache */
export function packagesFolder(dataDir: string): string {
  return join(dataDir, 'packages');
}

/** @returns the packages of a data folder, dependencies first; those that cannot be read as faults */
export function installedPackages(dataDir: string): PackageList {
  const root = packagesFolder(dataDir);
  const names = existsSync(root) ? readdirSync(root).filter((name) => /^[^.].*#/.test(name)) : [];
  const read = names.sort().map((name) => readPackage(dataDir, name));
  return {
    packages: inOrder(read.flatMap((one) => (one.ok ? [one.value] : []))),
    faults: read.flatMap((one) => (one.ok ? [] : one.outcome.issue)),
  };
}

/** @param id `name#version`, as its folder is called */
export function readPackage(dataDir: string, id: string): Checked<InstalledPackage> {
  const place = join(packagesFolder(dataDir), id);
  const folder = join(place, 'package');
  const manifest = readManifest(jsonIn(join(folder, 'package.json')), join(folder, 'package.json'));
  if (!manifest.ok) return manifest;
  const entries = readIndex(textIn(join(folder, '.index.json')) ?? '');
  if (!entries) {
    const diagnostics = `${id} has no usable index (.index.json): run "profiles remove ${id}", then "profiles add" with the package.`;
    return refuse({ code: 'structure', rule: 'package-index', diagnostics });
  }
  const record = recordSchema.safeParse(jsonIn(join(place, RECORD))).data;
  return { ok: true, value: { ...manifest.value, ...record, id, folder, entries } };
}

/**
 * Adds every installed package's definitions to the registry, unread; of several versions of one definition the highest
 * is found when no version is asked for.
 * @returns packages that cannot be read (errors), dependencies that are missing (warnings)
 */
export function addPackages(canonicals: Canonicals, dataDir: string): PackageList {
  const { packages, faults } = installedPackages(dataDir);
  for (const { folder, entries } of packages) {
    for (const { filename, resourceType, url, version = '' } of entries) {
      if (url === undefined) continue;
      const path = join(folder, filename);
      const [read, stamp] = [() => readDefinition(path), () => stampOfFile(path)];
      canonicals.addUnread({ resourceType, url, version, read, stamp });
    }
  }
  return { packages, faults: [...faults, ...missingDependencies(packages, packages)] };
}

/** @returns a warning for each dependency that is not among `present`, with the command that adds it */
export function missingDependencies(
  packages: readonly InstalledPackage[],
  present: readonly InstalledPackage[],
): OperationOutcomeIssue[] {
  return packages.flatMap(({ id, dependencies }) =>
    Object.entries(dependencies).flatMap(([name, wanted]) => {
      if (isBuiltIn(name) || chosen(name, wanted, present)) return [];
      const diagnostics = `${id} needs ${name}#${wanted}, which is not installed: fetch it, then run "profiles add ${name}-${wanted}.tgz". Until then its definitions are not found.`;
      return [issueOf({ severity: 'warning', code: 'not-found', rule: 'package-dependency', diagnostics })];
    }),
  );
}

/**
 * Takes a package out of the data folder.
 * @returns the packages that needed it
 */
export function removePackage(dataDir: string, id: string): Checked<readonly InstalledPackage[]> {
  const root = packagesFolder(dataDir);
  const isThere = /^[A-Za-z0-9][^/\\]*#[^/\\]+$/.test(id) && existsSync(join(root, id));
  if (!isThere) {
    const diagnostics = `${JSON.stringify(id)} is not installed: give NAME#VERSION as "profiles list" shows it.`;
    return refuse({ code: 'not-found', rule: 'package-file', diagnostics });
  }
  const bin = mkdtempSync(join(root, '.removing-'));
  renameSync(join(root, id), join(bin, 'package'));
  rmSync(bin, { recursive: true, force: true });
  const rest = installedPackages(dataDir).packages;
  const [name = '', version = ''] = id.split('#');
  const orphans = rest.filter(
    ({ dependencies }) =>
      dependencies[name] !== undefined &&
      bestVersion(dependencies[name], [version]) !== undefined &&
      !chosen(name, dependencies[name], rest),
  );
  return { ok: true, value: orphans };
}

function chosen(
  name: string,
  wanted: string,
  packages: readonly InstalledPackage[],
): InstalledPackage | undefined {
  const named = packages.filter((one) => one.name === name);
  const version = bestVersion(
    wanted,
    named.map((one) => one.version),
  );
  return named.find((one) => one.version === version);
}

/** Dependencies before what needs them, else by name and version; packages that need each other stay in that order. */
function inOrder(packages: readonly InstalledPackage[]): InstalledPackage[] {
  const ordered = new Set<InstalledPackage>();
  const open = new Set<InstalledPackage>();
  const place = (one: InstalledPackage): void => {
    if (open.has(one) || ordered.has(one)) return;
    open.add(one);
    for (const [name, wanted] of Object.entries(one.dependencies)) {
      const needed = chosen(name, wanted, packages);
      if (needed) place(needed);
    }
    ordered.add(one);
  };
  for (const one of packages.toSorted(byName)) place(one);
  return [...ordered];
}

function byName(a: InstalledPackage, b: InstalledPackage): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : compareVersions(a.version, b.version);
}

/** @throws AdapterError when the file is gone or damaged since it was installed */
function readDefinition(path: string): Resource {
  const value = jsonIn(path);
  if (typeof value === 'object' && value !== null) return value as Resource;
  const diagnostics = `${path} is gone or damaged: run "profiles remove" and "profiles add" with its package.`;
  throw new AdapterError('permanent', issueOf({ code: 'exception', rule: 'package-file', diagnostics }));
}

function textIn(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function jsonIn(path: string): unknown {
  try {
    return JSON.parse((textIn(path) ?? '').replace(/^\ufeff/, ''));
  } catch {
    return undefined; // what is wanted is said by whoever reads it
  }
}
