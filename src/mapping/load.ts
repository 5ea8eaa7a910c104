/** Reads a source's maps and the logical model's from their folders, checks them together, and compiles one function a kind. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ConceptMap, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Definitions } from '../fhir/definitions.ts';
import { digestOfText } from '../fhir/digest.ts';
import { type Checked, outcomeOf } from '../fhir/outcome.ts';
import { compileExpression } from '../fhirpath/compile.ts';
import { Findings } from './finding.ts';
import type { MappedKind } from './kind-sources.ts';
import { compileKinds } from './kinds.ts';
import { type Losses, readLosses } from './loss.ts';
import type { MapSet } from './map-set.ts';
import type { JsonSchema } from './shapes.ts';
import type { CompileExpression } from './site.ts';

const LOSS_FILE = 'loss.json';

/** What of a source's manifest (`source.json`) concerns its maps. */
export interface MapManifest {
  readonly name: string;
  readonly kinds: Readonly<Record<string, MappedKind>>;
}

/** Where the maps are, and what they are typed by. */
export interface MapSetOptions {
  /** `mappings/<source>` */
  readonly sourceFolder: string;
  /** `mappings/prsb`: from the logical model to FHIR */
  readonly modelFolder: string;
  /** base R4 and the logical models */
  readonly definitions: Definitions;
  readonly manifest: MapManifest;
  /** all codes of the CodeSystems that are known whole, by URL: ConceptMaps that start from one are held against it */
  readonly codeSystems?: ReadonlyMap<string, readonly string[]>;
  /** stands in for the FHIRPath compiler in tests */
  readonly compileExpression?: CompileExpression;
}

/** A map set, with what should be looked at though it runs: source fields that no rule reads. */
export type LoadedMapSet = MapSet & { readonly warnings: readonly OperationOutcomeIssue[] };

/** One text of the set: `spreadsheet/referral.map`. */
export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Loads and compiles the maps of one source.
 * @returns the set; or every error found, each with file:line:column and what to write instead
 * @throws Error of node:fs when a folder cannot be read
 */
export function loadMapSet(options: MapSetOptions): Checked<LoadedMapSet> {
  const folders = [...new Set([options.sourceFolder, options.modelFolder])];
  return compileTexts(
    {
      files: folders.flatMap((folder) => readTexts(folder, ['.map', '.conceptmap.json'])),
      schemaFiles: readTexts(options.sourceFolder, ['.schema.json']),
      lossFiles: readTexts(options.sourceFolder, [LOSS_FILE]),
    },
    options,
  );
}

/**
 * Compiles a map set from the text that was kept of it.
 * @param text `MapSet.text` of an earlier version of the same source's maps
 * @returns the set, of the same digest; or why it does not compile by what is installed today
 */
export function compileKeptMapSet(text: string, options: MapSetOptions): Checked<LoadedMapSet> {
  const all = (JSON.parse(text) as [string, string][]).map(([name, content]) => ({ name, text: content }));
  const own = `${basename(options.sourceFolder)}/`;
  const inOrder = [
    ...all.filter(({ name }) => name.startsWith(own)),
    ...all.filter(({ name }) => !name.startsWith(own)),
  ];
  const ending = (end: string): TextFile[] => inOrder.filter(({ name }) => name.endsWith(end));
  const files = inOrder.filter(({ name }) => name.endsWith('.map') || name.endsWith('.conceptmap.json'));
  return compileTexts({ files, schemaFiles: ending('.schema.json'), lossFiles: ending(LOSS_FILE) }, options);
}

/** The texts of one set, by what they are. */
interface SetTexts {
  /** maps and ConceptMaps, the source's first */
  readonly files: readonly TextFile[];
  readonly schemaFiles: readonly TextFile[];
  readonly lossFiles: readonly TextFile[];
}

function compileTexts(
  { files, schemaFiles, lossFiles }: SetTexts,
  options: MapSetOptions,
): Checked<LoadedMapSet> {
  const { manifest } = options;
  const findings = new Findings();
  const losses = lossesOf(lossFiles, manifest, findings);
  const kinds = compileKinds(
    {
      manifest,
      losses,
      sourceFolder: basename(options.sourceFolder),
      modelFolder: basename(options.modelFolder),
      maps: files.filter(({ name }) => name.endsWith('.map')),
      conceptMaps: parseAll<ConceptMap>(files, '.conceptmap.json', findings),
      schemas: parseAll<JsonSchema>(schemaFiles, '.schema.json', findings),
      definitions: options.definitions,
      compileExpression: options.compileExpression ?? compileExpression,
      codeSystems: options.codeSystems,
    },
    findings,
  );
  if (findings.failed || !kinds) return { ok: false, outcome: outcomeOf(...findings.issues) };
  const all = [...files, ...schemaFiles, ...lossFiles].sort((a, b) => (a.name < b.name ? -1 : 1));
  const text = JSON.stringify(all.map(({ name, text: content }) => [name, content]));
  const digest = digestOfText(text);
  const warnings = findings.issues;
  return { ok: true, value: { source: manifest.name, digest, text, kinds, losses, warnings } };
}

/** What the way back loses, as the file beside the source's maps declares it; nothing where there is none. */
function lossesOf(files: readonly TextFile[], manifest: MapManifest, findings: Findings): Losses {
  const [entry] = parseAll<unknown>(files, LOSS_FILE, findings);
  return entry ? readLosses(entry[1], entry[0], Object.keys(manifest.kinds), findings) : {};
}

function readTexts(folder: string, endings: readonly string[]): TextFile[] {
  return readdirSync(folder)
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .sort()
    .map((name) => ({ name: `${basename(folder)}/${name}`, text: readFileSync(join(folder, name), 'utf8') }));
}

/** @returns the JSON of the files whose names end so, by name; for one that is no JSON a finding `map-json-syntax` */
export function parseAll<T>(
  files: readonly TextFile[],
  ending: string,
  findings: Findings,
): ReadonlyMap<string, T> {
  const parsed = new Map<string, T>();
  for (const { name, text } of files) {
    if (!name.endsWith(ending)) continue;
    try {
      parsed.set(name, JSON.parse(text.replace(/^\ufeff/, '')));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      findings.addFault({
        rule: 'map-json-syntax',
        diagnostics: `${name}: ${error.message}; correct the JSON`,
      });
    }
  }
  return parsed;
}
