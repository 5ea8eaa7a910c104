/** Turns the lineage of records into Parameters: for each element the fields that it comes from, and the rules that wrote it. */
import type { Bundle, OperationOutcomeIssue, ParametersParameter } from '@medplum/fhirtypes';
import { parseLocalId, resourceId } from '../../fhir/ids.ts';
import type { MapSet } from '../../mapping/map-set.ts';
import type { ReadRecord } from '../../source/record.ts';

/** @returns one parameter an element; none for the types and ids of resources, which are in their names */
export function lineageParts(
  maps: ReadonlyMap<string, MapSet>,
  records: readonly ReadRecord[],
): readonly ParametersParameter[] {
  return records.flatMap((record) => {
    const map = record.ok ? maps.get(record.source)?.kinds.get(record.kind) : undefined;
    if (!record.ok || !map) return [];
    const issues: OperationOutcomeIssue[] = []; // said with the outcome
    const { value, lineage } = map.explain(record.payload, issues);
    return lineage.flatMap(({ element, sources, rules }) => {
      const place = placeOf(element, value, record.source);
      if (!place) return [];
      const part: ParametersParameter[] = [
        { name: 'resource', valueReference: { reference: place.reference } },
        { name: 'element', valueString: place.element },
        ...sources.map((field) => ({ name: 'field', valueString: field === '' ? '$this' : field })),
        ...rules.map((rule) => ({ name: 'rule', valueString: rule })),
      ];
      return [{ name: 'lineage', part }];
    });
  });
}

/** `entry[2].resource.status` is `ServiceRequest.status` of the third resource, under its final id. */
function placeOf(
  path: string,
  { entry = [] }: Bundle,
  source: string,
): { readonly reference: string; readonly element: string } | undefined {
  const [, index, rest] = /^entry\[(\d+)\]\.resource(\..+)$/.exec(path) ?? [];
  const resource = entry[Number(index)]?.resource;
  const local = parseLocalId(resource?.id ?? '');
  if (rest === undefined || !resource || !local || rest === '.resourceType' || rest === '.id')
    return undefined;
  return {
    reference: `urn:uuid:${resourceId(source, local)}`,
    element: `${resource.resourceType}${rest}`,
  };
}
