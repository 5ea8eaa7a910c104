/** Turns source records into a list of where each element of their FHIR comes from: the fields, and the rules of both maps. */
import type { Bundle, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { MapSet } from '../../mapping/map-set.ts';
import type { Lineage } from '../../mapping/runtime-lineage.ts';
import type { ReadRecord } from '../../source/record.ts';

/**
 * Explains one record.
 * @returns lines for a reader, no values of the record among them; undefined when the record was refused
 */
export function explainRecord(maps: ReadonlyMap<string, MapSet>, record: ReadRecord): string[] | undefined {
  const map = record.ok ? maps.get(record.source)?.kinds.get(record.kind) : undefined;
  if (!record.ok || !map) return undefined;
  const issues: OperationOutcomeIssue[] = [];
  const { value, lineage } = map.explain(record.payload, issues);
  const where = record.line === undefined ? '' : `${record.file ?? 'input'}:${record.line} `;
  return [
    `${where}${record.kind} ${record.key}`,
    ...lineageLines(lineage, { element: inBundle(value), source: quoted }),
    ...issues.map((issue) => `  ! ${issue.diagnostics}`),
  ];
}

/** How the paths of a lineage are shown. */
interface Names {
  readonly element: (path: string) => string;
  readonly source: (path: string) => string;
}

/** @returns lines for a reader: two or more an element; none for the types of resources, which are in their names */
export function lineageLines(lineage: readonly Lineage[], { element: name, source }: Names): string[] {
  const shown = lineage.filter(
    ({ element }) => !/(?:^|^entry\[\d+\]\.resource\.)resourceType$/.test(element),
  );
  return shown.flatMap(({ element, sources, rules }) => {
    const from = sources.map((path) => (path === '' ? 'all that was given' : source(path)));
    return [
      `  ${name(element)} <- ${from.join(', ') || 'a constant of the map'}`,
      ...rules.map((rule) => `      by ${rule}`),
    ];
  });
}

/** A field of a record, whose name may have blanks. */
export function quoted(path: string): string {
  return `'${path}'`;
}

/** @returns names of a Bundle's elements: `entry[2].resource.status` is `3 ServiceRequest.status`, of the third resource */
export function inBundle({ entry = [] }: Bundle): (path: string) => string {
  return (path) => {
    const [, index, rest] = /^entry\[(\d+)\]\.resource(.*)$/.exec(path) ?? [];
    if (rest === undefined) return path;
    return `${Number(index) + 1} ${entry[Number(index)]?.resource?.resourceType ?? 'Resource'}${rest}`;
  };
}
