/** Turns source records into a list of where each element of their FHIR comes from: the fields, and the rules of both maps. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { MapSet } from '../mapping/map-set.ts';
import type { Lineage } from '../mapping/runtime-lineage.ts';
import type { ReadRecord } from '../source/record.ts';

/**
 * Explains one record.
 * @returns lines for a reader, no values of the record among them; undefined when the record was refused
 */
export function explainRecord(maps: ReadonlyMap<string, MapSet>, record: ReadRecord): string[] | undefined {
  const map = record.ok ? maps.get(record.source)?.kinds.get(record.kind) : undefined;
  if (!record.ok || !map) return undefined;
  const issues: OperationOutcomeIssue[] = [];
  const { value, lineage } = map.explain(record.payload, issues);
  const types = (value.entry ?? []).map(({ resource }) => resource?.resourceType ?? 'Resource');
  const where = record.line === undefined ? '' : `${record.file ?? 'input'}:${record.line} `;
  return [
    `${where}${record.kind} ${record.key}`,
    ...lineage.flatMap((one) => lines(one, types)),
    ...issues.map((issue) => `  ! ${issue.diagnostics}`),
  ];
}

/** `entry[2].resource.status` is `ServiceRequest.status` of the third resource. */
function lines({ element, sources, rules }: Lineage, types: readonly string[]): string[] {
  const [, index, path] = /^entry\[(\d+)\]\.resource\.(.+)$/.exec(element) ?? [];
  if (path === 'resourceType' || element === 'resourceType') return [];
  const name = path === undefined ? element : `${Number(index) + 1} ${types[Number(index)]}.${path}`;
  const from =
    sources.length > 0 ? sources.map((source) => `'${source}'`).join(', ') : 'a constant of the map';
  return [`  ${name} <- ${from}`, ...rules.map((rule) => `      by ${rule}`)];
}
