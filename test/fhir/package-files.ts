/** Makes FHIR packages for tests, archives with any entry, good or hostile, and folders; and adds them. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { expect } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { type AddedPackage, type AddOptions, addPackage } from '../../src/fhir/package-install.ts';

/** An entry of an archive; text alone is a file. */
export interface Entry {
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice';
  readonly content?: string | Buffer;
  readonly linkpath?: string;
}

const BLOCK = 512;

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'packages-'));

/** @returns the bytes of a tar archive, entries in the order given */
export function tarOf(entries: readonly (readonly [path: string, entry: Entry])[]): Buffer {
  const blocks = entries.flatMap(([path, { type = 'File', content = '', linkpath }]) => {
    const body = Buffer.from(content);
    const header = Buffer.alloc(BLOCK);
    const mtime = new Date(0);
    new Header({
      path,
      type,
      size: body.length,
      mode: 0o644,
      mtime,
      ...(linkpath === undefined ? {} : { linkpath }),
    }).encode(header);
    return [header, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

/** @returns the path of a .tgz of these files */
export function archive(files: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(files).map(
    ([path, value]) =>
      [path, { content: typeof value === 'string' ? value : JSON.stringify(value) }] as const,
  );
  return written(gzipSync(tarOf(entries)));
}

/** @returns the path of a new file of these bytes */
export function written(bytes: Buffer): string {
  const path = join(newFolder(), 'package.tgz');
  writeFileSync(path, bytes);
  return path;
}

/** @returns the path of a folder of these files */
export function folderOf(files: Readonly<Record<string, unknown>>): string {
  const root = newFolder();
  for (const [path, value] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof value === 'string' ? value : JSON.stringify(value));
  }
  return root;
}

/** @returns a package.json */
export function manifest(name: string, version: string, dependencies: Record<string, string> = {}): object {
  const fhirVersions = ['4.0.1'];
  return { name, version, fhirVersions, dependencies: { 'hl7.fhir.r4.core': '4.0.1', ...dependencies } };
}

/** @returns a ValueSet */
export function valueSet(id: string, version: string, title?: string): object {
  return {
    resourceType: 'ValueSet',
    id,
    url: `https://a.example/ValueSet/${id}`,
    version,
    status: 'draft',
    ...(title === undefined ? {} : { title }),
  };
}

/** @throws when the package is refused */
export async function added(
  path: string,
  data = newFolder(),
  options: AddOptions = {},
): Promise<AddedPackage> {
  const result = await addPackage(path, data, options);
  if (!result.ok) throw new Error(JSON.stringify(result.outcome));
  return result.value;
}

/** @returns rule and text of each reason; what is in the data folder must be what was there before */
export async function refused(path: string, options: AddOptions = {}, data = newFolder()): Promise<string[]> {
  const before = existsSync(join(data, 'packages')) ? readdirSync(join(data, 'packages')) : [];
  const result = await addPackage(path, data, options);
  expect(readdirSync(join(data, 'packages'))).toEqual(before);
  if (result.ok) throw new Error('was added');
  return result.outcome.issue.map((issue) => `${ruleOf(issue)}: ${issue.diagnostics}`);
}
