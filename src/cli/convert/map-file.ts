/** Turns a map file, with what lies beside it, into a compiled map. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { ConceptMap, OperationOutcomeIssue, StructureDefinition } from '@medplum/fhirtypes';
import { type Definitions, loadBaseDefinitions } from '../../fhir/definitions.ts';
import { outcomeOf } from '../../fhir/outcome.ts';
import { type CompiledMap, type CompileMapOptions, compileMap } from '../../mapping/compile-map.ts';
import { Findings } from '../../mapping/finding.ts';
import { parseAll, type TextFile } from '../../mapping/load.ts';
import type { JsonSchema } from '../../mapping/shapes.ts';
import { byPlace } from '../by-place.ts';
import { ROOT } from '../load.ts';
import type { Streams } from '../streams.ts';

/**
 * Compiles a map file; what is wrong with it goes to standard error, warnings of other files left out.
 * @param group that it starts with; default: its first
 * @returns the map; else the exit code: 2 it has faults, 1 it could not be read
 */
export function compileMapFile(
  file: string,
  group: string | undefined,
  { stderr }: Streams,
): CompiledMap | 1 | 2 {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
    stderr.write(`There is no file ${file}.\n`);
    return 1;
  }
  const findings = new Findings();
  const given = surroundings(file, findings);
  const map = findings.failed
    ? { ok: false as const, outcome: outcomeOf(...findings.issues) }
    : compileMap({ ...given, definitions: definitions(), ...(group && { group }) });
  const own = `${basename(file)}:`;
  const told = map.ok
    ? map.value.warnings.filter(({ diagnostics }) => diagnostics?.startsWith(own))
    : map.outcome.issue;
  for (const line of linesOf(byPlace(told))) stderr.write(line);
  return map.ok ? map.value : 2;
}

/** @returns `error: x.map:3:5: what is wrong`, a line each */
export function linesOf(issues: readonly OperationOutcomeIssue[]): string[] {
  return issues.map(({ severity, diagnostics }) => `${severity}: ${diagnostics}\n`);
}

/** The map with what lies beside it: other maps to import, ConceptMaps and schemas; those of the logical model too. */
function surroundings(
  file: string,
  findings: Findings,
): Pick<CompileMapOptions, 'maps' | 'conceptMaps' | 'schemas'> {
  const folders = [...new Set([dirname(resolve(file)), join(ROOT, 'mappings/prsb')])];
  const all = folders.flatMap((folder) =>
    globSync('*.{map,fml,conceptmap.json,schema.json}', { cwd: folder })
      .sort()
      .map((name) => join(folder, name)),
  );
  const named = (path: string): string =>
    path === resolve(file) ? basename(file) : relative(dirname(folders[0]!), path);
  const texts = all.map((path): TextFile => ({ name: named(path), text: readFileSync(path, 'utf8') }));
  const own = { name: basename(file), text: readFileSync(file, 'utf8') };
  return {
    maps: [own, ...texts.filter(({ name }) => /\.(?:map|fml)$/.test(name) && name !== own.name)],
    conceptMaps: parseAll<ConceptMap>(texts, '.conceptmap.json', findings),
    schemas: [...parseAll<JsonSchema>(texts, '.schema.json', findings).values()],
  };
}

function definitions(): Definitions {
  const all = loadBaseDefinitions();
  for (const file of globSync('profiles/logical/*.json', { cwd: ROOT }))
    all.add(JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as StructureDefinition);
  return all;
}
