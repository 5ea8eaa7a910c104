/** Turns the ImplementationGuide and what it lists, of profiles/, measures/ and mappings/prsb/, into an installable FHIR package, the same bytes every time. */
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImplementationGuide, Resource } from '@medplum/fhirtypes';
import { create } from 'tar';
import { baseCanonicals, type CanonicalType } from '../src/fhir/canonicals.ts';
import { AdapterError, issueOf } from '../src/fhir/outcome.ts';
import { describeFile, indexText } from '../src/fhir/package-index.ts';
import { snapshotOf } from '../src/validation/snapshot/snapshot.ts';

const ROOT = join(import.meta.dirname, '..');
/** Time of every file in the archive, as npm writes it: a fixed one, and not before what other formats can hold. */
const MTIME = new Date('1985-10-26T08:15:00Z');

type Definition = Extract<Resource, { resourceType: CanonicalType | 'Measure' }>;

/** A file of the package, below `package/`. */
interface PackageFile {
  readonly name: string;
  readonly text: string;
}

/**
 * @param folder that the package is written to; made where it is not there
 * @returns path of the package, and how many definitions it holds
 * @throws AdapterError when the guide lists what is not there, or a snapshot cannot be generated
 */
export async function packProfiles(folder: string): Promise<{ path: string; count: number }> {
  const found = ['profiles/**/*.json', 'measures/*.json', 'mappings/prsb/*.conceptmap.json'].flatMap(read);
  const guide = found.find((one) => one.resourceType === 'ImplementationGuide')!;
  const definitions = withSnapshots([guide, ...listedIn(guide, found)]);
  const files = definitions.map((one) => ({ name: nameOf(one), text: textOf(one) }));
  const entries = files.map(({ name, text }) => describeFile({ name, bytes: Buffer.from(text) }).entry!);
  const all = [
    { name: '.index.json', text: indexText(entries) },
    { name: 'package.json', text: textOf(manifestOf(guide)) },
    ...files,
  ];
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${guide.packageId}-${guide.version}.tgz`);
  await archive(path, all);
  return { path, count: definitions.length };
}

function manifestOf(guide: ImplementationGuide): object {
  return {
    name: guide.packageId,
    version: guide.version,
    type: 'IG',
    title: guide.title,
    description: guide.description,
    author: 'Hedgerow',
    license: guide.license,
    canonical: guide.url.replace(/\/ImplementationGuide\/.*$/, ''),
    url: guide.url,
    fhirVersions: guide.fhirVersion,
    dependencies: {
      'hl7.fhir.r4.core': '4.0.1',
      ...Object.fromEntries((guide.dependsOn ?? []).map((one) => [one.packageId, one.version ?? 'latest'])),
    },
  };
}

function listedIn(guide: ImplementationGuide, found: readonly Definition[]): Definition[] {
  const byReference = new Map(found.map((one) => [`${one.resourceType}/${one.id}`, one]));
  const references = guide.definition?.resource?.map(({ reference }) => reference.reference ?? '') ?? [];
  return references.map((reference) => {
    const one = byReference.get(reference);
    if (one) return one;
    const diagnostics = `${guide.url} lists ${reference}, which is neither in profiles/, in measures/ nor in mappings/prsb/.`;
    throw new AdapterError('permanent', issueOf({ rule: 'package-guide', diagnostics }));
  });
}

function read(pattern: string): Definition[] {
  const paths = globSync(pattern, { cwd: ROOT }).sort();
  return paths.map((path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Definition);
}

function withSnapshots(definitions: readonly Definition[]): Definition[] {
  const canonicals = baseCanonicals();
  for (const one of definitions) canonicals.add(one);
  return definitions.map((one) => {
    if (one.resourceType !== 'StructureDefinition') return one;
    const made = snapshotOf(one, canonicals);
    if (!made.ok) throw new AdapterError('permanent', made.outcome.issue[0]!);
    return made.value;
  });
}

function nameOf({ resourceType, id }: Definition): string {
  return `${resourceType}-${id}.json`;
}

function textOf(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

async function archive(path: string, files: readonly PackageFile[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pack-'));
  try {
    mkdirSync(join(folder, 'package'));
    for (const { name, text } of files) writeFileSync(join(folder, 'package', name), text);
    const names = files.map(({ name }) => `package/${name}`).sort();
    await create({ file: path, cwd: folder, gzip: { level: 9 }, portable: true, mtime: MTIME }, names);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { path, count } = await packProfiles(process.argv[2] ?? join(ROOT, 'dist'));
  process.stdout.write(`${path}: ${count} definitions. Install it with: hedgerow profiles add ${path}\n`);
}
