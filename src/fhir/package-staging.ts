/** Turns the files of a package, as they come, into a folder of definitions with an index, and the faults found on the way. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ImplementationGuide, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { digestOfText } from './digest.ts';
import { type Checked, issueOf, outcomeOf, refuse } from './outcome.ts';
import type { PackedFile } from './package-archive.ts';
import { describeFile, type IndexEntry, indexText } from './package-index.ts';
import { type Manifest, readManifest } from './package-manifest.ts';

/** Faults reported of one package; an archive of nothing but faults needs no longer list. */
const SHOWN = 50;
/** Bytes of a file name; most systems take 255. */
const LONGEST_NAME = 200;

/** Name and version that the user gives. */
export interface Naming {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
}

/** A package on its way into a folder: one file after the other, then `finish`. */
export class Staging {
  readonly #folder: string;
  readonly #isPlain: boolean;
  readonly #issues: OperationOutcomeIssue[] = [];
  readonly #entries: IndexEntry[] = [];
  /** file of each definition by type, URL and version */
  readonly #known = new Map<string, { readonly digest: string; readonly name: string }>();
  /** names taken, in lower case: some systems make no difference */
  readonly #names = new Set<string>(['package.json']);
  readonly #guides: ImplementationGuide[] = [];
  #manifest: Buffer | undefined;
  #leftOut = 0;

  /**
   * @param folder that the files are written to; empty
   * @param isPlain true for a folder without package.json: its subfolders are taken too, and its name is given or derived
   */
  constructor(folder: string, isPlain: boolean) {
    this.#folder = folder;
    this.#isPlain = isPlain;
  }

  take(file: PackedFile): void {
    if (basename(file.name).startsWith('.')) return;
    if (!this.#isPlain && file.name === 'package.json') this.#manifest = file.bytes;
    else if (!this.#isPlain && file.name.includes('/')) this.#leftOut++;
    else this.#takeDefinition(file);
  }

  /**
   * Writes package.json and the index.
   * @returns the manifest, a digest of the content, and what was left out or derived; or every fault found
   */
  finish(naming: Naming): Checked<{ manifest: Manifest; digest: string; notes: OperationOutcomeIssue[] }> {
    const manifest = this.#isPlain ? this.#derived(naming) : this.#given(naming);
    const errors = this.#issues.filter((one) => one.severity === 'error');
    const reasons = manifest.ok ? errors : [...errors, ...manifest.outcome.issue];
    if (!manifest.ok || reasons.length > 0)
      return { ok: false, outcome: outcomeOf(...reasons.slice(0, SHOWN)) };
    const text = this.#manifest?.toString('utf8') ?? `${JSON.stringify(manifest.value, undefined, 2)}\n`;
    writeFileSync(join(this.#folder, 'package.json'), text);
    writeFileSync(join(this.#folder, '.index.json'), indexText(this.#entries));
    const definitions = [...this.#known.values()].map(({ name, digest }) => `${name} ${digest}`).sort();
    const digest = digestOfText([text, ...definitions].join('\n'));
    return {
      ok: true,
      value: { manifest: manifest.value, digest, notes: [...this.#issues, ...this.#notes()] },
    };
  }

  #takeDefinition(file: PackedFile): void {
    const described = describeFile(file);
    if (!described.entry) {
      if (described.issue) this.#issues.push(described.issue);
      else this.#leftOut++;
      return;
    }
    const { entry, resource } = described;
    const digest = createHash('sha256').update(file.bytes).digest('base64url');
    if (entry.resourceType === 'ImplementationGuide')
      this.#guides.push(resource as unknown as ImplementationGuide);
    const key = `${entry.resourceType} ${entry.url}|${entry.version ?? ''}`;
    const before = this.#known.get(key);
    if (before) {
      this.#twice(file.name, before, digest, entry);
      return;
    }
    const filename = this.#fileName(file.name);
    this.#known.set(key, { digest, name: file.name });
    this.#entries.push({ ...entry, filename });
    writeFileSync(join(this.#folder, filename), file.bytes);
  }

  /** A guide is often packed a second time under another name; of other definitions nobody could say which one counts. */
  #twice(name: string, before: { digest: string; name: string }, digest: string, entry: IndexEntry): void {
    this.#leftOut++;
    if (before.digest === digest || entry.resourceType === 'ImplementationGuide') return;
    const what = `${entry.url}${entry.version === undefined ? '' : `|${entry.version}`}`;
    this.#issues.push(
      issueOf({
        code: 'duplicate',
        rule: 'package-duplicate',
        diagnostics: `${name} and ${before.name} both define ${what}, each in its own way: take one of them out.`,
      }),
    );
  }

  /** Subfolders are flattened; a name that is taken becomes the whole path, hyphens for slashes. */
  #fileName(name: string): string {
    const names = [basename(name), name.replaceAll('/', '-')];
    const free = names.find((one) => !this.#names.has(one.toLowerCase()));
    const isFit = free !== undefined && Buffer.byteLength(free) <= LONGEST_NAME;
    if (!isFit) {
      const why =
        free === undefined
          ? 'another file has the same name, on some systems at least'
          : 'its name is too long';
      this.#issues.push(
        issueOf({ code: 'structure', rule: 'package-entry', diagnostics: `${name}: ${why}: rename it.` }),
      );
    }
    const chosen = isFit ? free : `${digestOfText(name)}.json`;
    this.#names.add(chosen.toLowerCase());
    return chosen;
  }

  #given(naming: Naming): Checked<Manifest> {
    if (this.#manifest === undefined) {
      const diagnostics = 'It holds no package/package.json: pack it as a FHIR package, or add its folder.';
      return refuse({ code: 'structure', rule: 'package-manifest', diagnostics });
    }
    const manifest = readManifest(parsed(this.#manifest), 'package/package.json');
    if (!manifest.ok) return manifest;
    const { name, version } = manifest.value;
    if ((naming.name ?? name) === name && (naming.version ?? version) === version) return manifest;
    const diagnostics = `The package names itself ${name}#${version}: leave --name and --version out.`;
    return refuse({ rule: 'package-name', diagnostics });
  }

  #derived(naming: Naming): Checked<Manifest> {
    if (this.#entries.length === 0) {
      const diagnostics =
        'The folder holds no definition in JSON (a resource with a canonical URL); XML is not read.';
      return refuse({ code: 'not-found', rule: 'package-empty', diagnostics });
    }
    const guide = this.#guides.length === 1 ? this.#guides[0] : undefined;
    const name = naming.name ?? guide?.packageId;
    const version = naming.version ?? guide?.version;
    if (name === undefined || version === undefined) {
      const diagnostics = `The folder has no package.json, and no single ImplementationGuide that names ${name === undefined ? 'a package' : 'a version'}: give --name and --version, such as --name fhir.r4.ukcore --version 2.0.0.`;
      return refuse({ code: 'required', rule: 'package-name', diagnostics });
    }
    const { url, fhirVersion: fhirVersions = ['4.0.1'] } = guide ?? {};
    const said = { name, version, fhirVersions, dependencies: guide ? dependenciesOf(guide) : {} };
    const canonical = url?.replace(/\/ImplementationGuide\/.*$/, '');
    const manifest = readManifest({ ...said, canonical }, 'The description of the folder');
    if (manifest.ok && (naming.name === undefined || naming.version === undefined)) {
      const diagnostics = `The folder is taken as ${name}#${version}, after ${url}.`;
      this.#issues.push(
        issueOf({ severity: 'information', code: 'informational', rule: 'package-name', diagnostics }),
      );
    }
    return manifest;
  }

  #notes(): OperationOutcomeIssue[] {
    if (this.#leftOut === 0) return [];
    const some = this.#leftOut === 1 ? '1 file was' : `${this.#leftOut} files were`;
    const diagnostics = `${some} left out: examples, copies, and others that define nothing under a canonical URL.`;
    return [
      issueOf({ severity: 'information', code: 'informational', rule: 'package-left-out', diagnostics }),
    ];
  }
}

/** The guide comes from elsewhere: what is not of its form is passed over. */
function dependenciesOf({ dependsOn }: ImplementationGuide): Record<string, string> {
  const all: readonly unknown[] = Array.isArray(dependsOn) ? dependsOn : [];
  const named = all.flatMap((one) => {
    const { packageId, version = 'latest' } = (one ?? {}) as { packageId?: unknown; version?: unknown };
    return typeof packageId === 'string' && typeof version === 'string' ? [[packageId, version]] : [];
  });
  return Object.fromEntries(named);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8').replace(/^\ufeff/, ''));
  } catch {
    return undefined; // the manifest's schema says what is wanted
  }
}
