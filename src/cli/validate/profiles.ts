/** Turns the words `profiles add`, `list` and `remove` into FHIR packages of the data folder. */
import { mkdirSync } from 'node:fs';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import Table from 'cli-table3';
import type { Config } from '../../config.ts';
import { ruleOf } from '../../fhir/outcome.ts';
import { addPackage } from '../../fhir/package-install.ts';
import type { Naming } from '../../fhir/package-staging.ts';
import {
  type InstalledPackage,
  installedPackages,
  missingDependencies,
  removePackage,
} from '../../fhir/packages.ts';
import { readLock } from '../lock.ts';
import type { Streams } from '../streams.ts';
import { packageFaults } from './check-package.ts';

type DataFolder = Pick<Config, 'dataDir'>;

/** Counted in columns of their own; the others together. */
const COUNTED = ['StructureDefinition', 'ValueSet', 'CodeSystem'] as const;

/** @returns 0 installed (warnings allowed), 2 the package or a definition in it has faults, or another of its name and version is there */
export async function addProfiles(
  path: string,
  naming: Naming,
  config: DataFolder,
  { stdout, stderr }: Streams,
): Promise<number> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 }); // people's data
  const added = await addPackage(path, config.dataDir, naming);
  if (!added.ok) {
    writeIssues(added.outcome.issue, stderr);
    return 2;
  }
  const { installed, isNew, notes } = added.value;
  writeIssues(notes, stderr);
  stdout.write(
    isNew
      ? `${installed.id} is installed: ${definitionsText(installed)}.\n`
      : `${installed.id} is installed already, with the same content.\n`,
  );
  if (!isNew) return 0;
  sayRestart(config, stdout);
  const faults = packageFaults(installed.id, config.dataDir);
  writeIssues(faults, stderr);
  if (faults.length === 0) return 0;
  stderr.write('Resources that claim these profiles are refused; the others of the package work.\n');
  return 2;
}

/** @returns 0, or 2 when a package cannot be read */
export function listProfiles(config: DataFolder, { stdout, stderr }: Streams): number {
  const { packages, faults } = installedPackages(config.dataDir);
  const table = new Table({
    head: ['Package', ...COUNTED, 'Others', 'From'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
  });
  for (const one of packages) {
    const counts = COUNTED.map(
      (type) => one.entries.filter(({ resourceType }) => resourceType === type).length,
    );
    const others = counts.reduce((rest, count) => rest - count, one.entries.length);
    table.push([one.id, ...counts, others].map(String).concat(one.from ?? 'put there by hand'));
  }
  stdout.write(
    packages.length === 0
      ? `No FHIR packages in ${config.dataDir}; base R4 and the profiles of Hedgerow are always there.\n`
      : `${table}\n`,
  );
  writeIssues([...faults, ...missingDependencies(packages, packages)], stderr);
  return faults.length === 0 ? 0 : 2;
}

/** @returns 0 removed, 2 there is no such package */
export function removeProfiles(id: string, config: DataFolder, { stdout, stderr }: Streams): number {
  const removed = removePackage(config.dataDir, id);
  if (!removed.ok) {
    writeIssues(removed.outcome.issue, stderr);
    return 2;
  }
  stdout.write(`${id} is removed.\n`);
  writeIssues(missingDependencies(removed.value, removed.value), stderr);
  sayRestart(config, stdout);
  return 0;
}

function definitionsText({ entries }: InstalledPackage): string {
  const counts = new Map<string, number>();
  for (const { resourceType } of entries) counts.set(resourceType, (counts.get(resourceType) ?? 0) + 1);
  const parts = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, count]) => `${count} ${type}`);
  return parts.length === 0 ? 'it holds no definition' : parts.join(', ');
}

/** An adapter reads packages when it starts. */
function sayRestart({ dataDir }: DataFolder, stdout: Streams['stdout']): void {
  const lock = readLock(dataDir);
  if (!lock) return;
  const who = `The adapter${lock.url === undefined ? '' : ` at ${lock.url}`} (process ${lock.pid})`;
  stdout.write(`${who} runs with the packages that it found at its start: restart it for the change.\n`);
}

function writeIssues(issues: readonly OperationOutcomeIssue[], stderr: Streams['stderr']): void {
  for (const issue of issues) {
    const rule = ruleOf(issue) ?? issue.code;
    stderr.write(`${issue.severity}  ${rule}  ${issue.diagnostics}\n`);
  }
}
