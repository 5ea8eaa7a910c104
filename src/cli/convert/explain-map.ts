/** Turns a map file into what it does: its groups and types, what is wrong with it, and the JavaScript that it is compiled to. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { CompiledMap } from '../../mapping/compile-map.ts';
import { parseMap } from '../../mapping/parser.ts';
import type { Group, MapFile } from '../../mapping/tree.ts';
import type { Streams } from '../streams.ts';
import { compileMapFile } from './map-file.ts';

/** @returns 0 the map compiles, 2 it has faults, 1 the file could not be read */
export function explainMap(
  file: string,
  options: { code?: boolean; group?: string },
  streams: Streams,
): number {
  const map = compileMapFile(file, options.group, streams);
  if (typeof map === 'number') return map;
  streams.stdout.write(options.code ? `${map.code}\n` : described(file, map));
  return 0;
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
