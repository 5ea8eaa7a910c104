/** What tests of StructureMap JSON share: a map of one group, and readings that must succeed. */
import { parseMap } from '../../src/mapping/parser.ts';
import { readStructureMap } from '../../src/mapping/structure-map-read.ts';
import type { MapFile } from '../../src/mapping/tree.ts';

const INPUT = [{ name: 'src', mode: 'source' }];

/** @returns a StructureMap of one group with these rules */
export function mapOf(...rule: readonly object[]): Record<string, unknown> {
  return {
    resourceType: 'StructureMap',
    url: 'u',
    name: 'n',
    status: 'draft',
    group: [{ name: 'g', typeMode: 'none', input: INPUT, rule }],
  };
}

/** @returns the tree of JSON that must be read */
export function read(json: unknown): MapFile {
  const map = readStructureMap('m.json', json);
  if (!map.ok) throw new Error(map.outcome.issue[0]?.diagnostics);
  return map.value;
}

/** @returns the tree of a text that must parse */
export function parsed(text: string): MapFile {
  const map = parseMap('t.map', text);
  if (!map.ok) throw new Error(map.outcome.issue[0]?.diagnostics);
  return map.value;
}
