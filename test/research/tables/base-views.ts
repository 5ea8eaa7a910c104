/** The shipped views, run over examples of the mappings or other resources. */
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import type { CompiledView } from '../../../src/research/view/compile.ts';
import { compiled } from '../samples.ts';

export type Row = Readonly<Record<string, unknown>>;

export const VIEW_NAMES = globSync('views/*.view.json')
  .map((file) => basename(file, '.view.json'))
  .sort();

const views = new Map(VIEW_NAMES.map((name) => [name, compiled(shipped(name))]));

export function shipped(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(`views/${name}.view.json`, 'utf8')) as Record<string, unknown>;
}

export function viewOf(name: string): CompiledView {
  return views.get(name)!;
}

/** @returns what a row says: columns without a value are not there */
export function rowsOf(name: string, resources: Iterable<unknown>): Row[] {
  const view = viewOf(name);
  const rows: Row[] = [];
  for (const resource of resources)
    view.rows(resource, (row) => {
      const cells = view.columns.map((column, at) => [column.name, row[at]] as const);
      rows.push(Object.fromEntries(cells.filter(([, value]) => value !== null)));
    });
  return rows;
}

/** @param example folder of an example, within `mappings/` @returns its resources, ids cut to eight signs */
export function exampleOf(example: string): Resource[] {
  const text = readFileSync(`mappings/${example}/expected.fhir.json`, 'utf8');
  const short = text.replaceAll(/\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '$1');
  return ((JSON.parse(short) as Bundle).entry ?? []).flatMap(({ resource }) => resource ?? []);
}
