/** Turns the texts of maps, with ConceptMaps and schemas, into everything that maps may refer to, checked together. */
import type { ConceptMap } from '@medplum/fhirtypes';
import type { Definitions } from '../fhir/definitions.ts';
import { type Checked, refuse } from '../fhir/outcome.ts';
import { checkVariables } from './check-variables.ts';
import { type CodeMap, codeMapOf, codeMapOfInline } from './concept-map.ts';
import type { Findings } from './finding.ts';
import { resolveImports } from './imports.ts';
import { parseMap } from './parser.ts';
import { type JsonSchema, Shapes } from './shapes.ts';
import type { CompileExpression, Sources } from './site.ts';
import { readStructureMap } from './structure-map-read.ts';
import type { MapFile } from './tree.ts';

/** What a compilation starts from; names of files stand in findings. A text is FHIR Mapping Language or StructureMap JSON. */
export interface GivenSources {
  readonly maps: readonly { readonly name: string; readonly text: string }[];
  readonly conceptMaps: ReadonlyMap<string, ConceptMap>;
  readonly schemas: ReadonlyMap<string, JsonSchema>;
  readonly definitions: Definitions;
  readonly compileExpression: CompileExpression;
  readonly codeSystems?: Sources['codeSystems'];
}

/** @returns the sources; undefined when findings tell why not */
export function gatherSources(given: GivenSources, findings: Findings): Sources | undefined {
  const files = parseFiles(given, findings);
  if (findings.failed) return undefined;
  const imports = resolveImports(files, findings);
  const codeMaps = codeMapsOf(given.conceptMaps, files, findings);
  const schemas = new Map([...given.schemas.values()].map((schema) => [schema.$id ?? '', schema]));
  const shapes = new Shapes(given.definitions);
  const { compileExpression, codeSystems } = given;
  if (findings.failed) return undefined;
  return { files, imports, codeMaps, schemas, shapes, compileExpression, codeSystems };
}

function parseFiles(given: GivenSources, findings: Findings): Map<string, MapFile> {
  const files = new Map<string, MapFile>();
  for (const { name, text } of given.maps) {
    const parsed = /^[\s\ufeff]*\{/.test(text) ? fromJson(name, text) : parseMap(name, text);
    if (parsed.ok) {
      files.set(name, parsed.value);
      checkVariables(parsed.value, findings);
    } else findings.addIssues(parsed.outcome.issue);
  }
  return files;
}

/** A map may be given as a StructureMap too. */
function fromJson(name: string, text: string): Checked<MapFile> {
  try {
    return readStructureMap(name, JSON.parse(text.replace(/^\ufeff/, '')));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const diagnostics = `${name}: this begins like JSON, but is none; correct it`; // the engine's words would repeat its text
    return refuse({ rule: 'map-json-syntax', code: 'structure', diagnostics });
  }
}

/** Tables by URL; inline ones by the file's name and their `#name`. */
function codeMapsOf(
  maps: ReadonlyMap<string, ConceptMap>,
  files: ReadonlyMap<string, MapFile>,
  findings: Findings,
): ReadonlyMap<string, CodeMap> {
  const all = new Map<string, CodeMap>();
  for (const [name, map] of maps) {
    const fault = map.resourceType !== 'ConceptMap' || !map.url ? 'is no ConceptMap with a url' : undefined;
    const twin = fault === undefined ? all.get(map.url!)?.file : undefined;
    const wrong = fault ?? (twin === undefined ? undefined : `has the same url as ${twin}; give it its own`);
    if (wrong) findings.addFault({ rule: 'map-concept-map', diagnostics: `${name} ${wrong}` });
    else all.set(map.url!, codeMapOf(map, name, all));
  }
  for (const [name, file] of files)
    for (const map of file.conceptMaps)
      all.set(`${name}#${map.url.text.replace(/^#/, '')}`, codeMapOfInline(map, all));
  return all;
}
