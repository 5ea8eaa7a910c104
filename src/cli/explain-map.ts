/** Turns a map file into what it does: its groups and types, what is wrong with it, and the JavaScript that it is compiled to. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { ConceptMap, OperationOutcomeIssue, StructureDefinition } from '@medplum/fhirtypes';
import { type Definitions, loadBaseDefinitions } from '../fhir/definitions.ts';
import { type CompiledMap, compileMap } from '../mapping/compile-map.ts';
import { parseMap } from '../mapping/parser.ts';
import type { JsonSchema } from '../mapping/shapes.ts';
import type { Group, MapFile } from '../mapping/tree.ts';
import type { Streams } from './convert.ts';
import { ROOT } from './load.ts';

/** @returns 0 the map compiles, 2 it has faults, 1 the file could not be read */
export function explainMap(
  file: string,
  options: { code?: boolean; group?: string },
  streams: Streams,
): number {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
    streams.stderr.write(`There is no file ${file}.\n`);
    return 1;
  }
  const map = compileMap({
    ...surroundings(file),
    definitions: definitions(),
    ...(options.group && { group: options.group }),
  });
  if (!map.ok) {
    complain(streams, map.outcome.issue);
    return 2;
  }
  const own = `${basename(file)}:`;
  complain(
    streams,
    map.value.warnings.filter(({ diagnostics }) => diagnostics?.startsWith(own)),
  );
  streams.stdout.write(options.code ? `${map.value.code}\n` : described(file, map.value));
  return 0;
}

/** The map with what lies beside it: other maps to import, ConceptMaps and schemas; those of the logical model too. */
function surroundings(file: string) {
  const folders = [...new Set([dirname(resolve(file)), join(ROOT, 'mappings/prsb')])];
  const all = folders.flatMap((folder) =>
    globSync('*.{map,fml,conceptmap.json,schema.json}', { cwd: folder })
      .sort()
      .map((name) => join(folder, name)),
  );
  const named = (path: string): string =>
    path === resolve(file) ? basename(file) : relative(dirname(folders[0]!), path);
  const texts = (ending: RegExp): { name: string; text: string }[] =>
    all
      .filter((path) => ending.test(path))
      .map((path) => ({ name: named(path), text: readFileSync(path, 'utf8') }));
  const own = { name: basename(file), text: readFileSync(file, 'utf8') };
  const parsed = <T>(ending: RegExp): [string, T][] =>
    texts(ending).map(({ name, text }) => [name, JSON.parse(text) as T]);
  return {
    maps: [own, ...texts(/\.(?:map|fml)$/).filter(({ name }) => name !== own.name)],
    conceptMaps: new Map(parsed<ConceptMap>(/\.conceptmap\.json$/)),
    schemas: parsed<JsonSchema>(/\.schema\.json$/).map(([, schema]) => schema),
  };
}

function definitions(): Definitions {
  const all = loadBaseDefinitions();
  for (const file of globSync('profiles/logical/*.json', { cwd: ROOT }))
    all.add(JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as StructureDefinition);
  return all;
}

function described(file: string, { unread }: CompiledMap): string {
  const parsed = parseMap(basename(file), readFileSync(file, 'utf8'));
  const map: MapFile | undefined = parsed.ok ? parsed.value : undefined;
  const lines = [
    `${map?.name ?? ''} ${map?.url ?? ''}`.trim(),
    ...(map?.imports ?? []).map(({ text }) => `imports ${text}`),
    ...(map?.groups ?? []).map(groupLine),
    ...unread.map((path) => `no rule reads ${path}`),
  ];
  return `${lines.filter(Boolean).join('\n')}\n`;
}

function groupLine({ name, parameters, rules }: Group): string {
  const given = parameters.map(
    ({ mode, name: { text }, type }) => `${mode} ${text}${type ? ` : ${type.text}` : ''}`,
  );
  return `group ${name.text}(${given.join(', ')}): ${rules.length} rule${rules.length === 1 ? '' : 's'}`;
}

function complain(streams: Streams, issues: readonly OperationOutcomeIssue[]): void {
  for (const { severity, diagnostics } of issues) streams.stderr.write(`${severity}: ${diagnostics}\n`);
}
