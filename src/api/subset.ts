/** Turns a resource into the part of it that a summary or a list of elements asks for, tagged as a part. */
import type { Resource } from '@medplum/fhirtypes';
import type { Definitions } from '../fhir/definitions.ts';
import type { Controls } from './search/controls.ts';

/** A part of a resource. */
export type Subset = Pick<Controls, 'summary' | 'elements'>;
type Json = Record<string, unknown>;

/** Says that the rest is not there: who updates with it would take the rest away. @source FHIR R4, 3.1.1.5.8, 3.1.1.5.9 */
const SUBSETTED = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
  display: 'subsetted',
};
/** What a part always has; the rest cannot be understood without them. */
const ALWAYS: ReadonlySet<string> = new Set([
  'resourceType',
  'id',
  'meta',
  'implicitRules',
  'modifierExtension',
]);

/** @returns whether all of a resource is asked for, so that its stored text can be sent */
export function isWhole({ summary, elements }: Subset): boolean {
  return (summary === 'false' || summary === 'count') && elements === undefined;
}

/** @returns names among those asked for that no type has */
export function unknownElements(
  definitions: Definitions,
  types: readonly string[],
  names: readonly string[],
): readonly string[] {
  return names.filter((name) => {
    const [type, element] = splitName(name);
    if (type !== undefined && !types.includes(type)) return true;
    const among = type === undefined ? types : [type];
    return !among.some((one) => definitions.type(one)?.elements.has(element));
  });
}

/** @returns a new resource; what R4 says must be there stays, whatever was asked for */
export function subsetOf(
  resource: Resource,
  { summary, elements }: Subset,
  definitions: Definitions,
): Resource {
  const { resourceType: type } = resource;
  const asked =
    elements &&
    new Set(elements.map(splitName).flatMap(([of, name]) => ((of ?? type) === type ? [name] : [])));
  const source = resource as unknown as Json;
  const part =
    summary === 'true'
      ? summaryOf(source, type, definitions)
      : Object.fromEntries(
          Object.entries(source).filter(([key]) => {
            if (summary === 'data') return key !== 'text';
            const element = definitions.element(type, key.replace(/^_/, ''));
            if (ALWAYS.has(key) || (element && element.min > 0)) return true;
            return summary === 'text'
              ? key === 'text'
              : element !== undefined && asked?.has(element.name) === true;
          }),
        );
  const { meta = {} } = resource;
  return { ...part, meta: { ...meta, tag: [...(meta.tag ?? []), SUBSETTED] } } as unknown as Resource;
}

/** What R4 marks as summary, within the parts of the resource too. */
function summaryOf(source: Json, type: string, definitions: Definitions): Json {
  const part: Json = {};
  for (const [key, value] of Object.entries(source)) {
    const element = definitions.element(type, key.replace(/^_/, ''));
    if (key !== 'resourceType' && !element?.isSummary && !(element && element.min > 0)) continue;
    const [inner = ''] = element?.types ?? [];
    const isInline = inner.includes('.');
    part[key] = isInline ? within(value, inner, definitions) : value;
  }
  return part;
}

function within(value: unknown, type: string, definitions: Definitions): unknown {
  if (Array.isArray(value)) return value.map((one) => within(one, type, definitions));
  return typeof value === 'object' && value !== null ? summaryOf(value as Json, type, definitions) : value;
}

function splitName(name: string): readonly [type: string | undefined, element: string] {
  const dot = name.indexOf('.');
  return dot < 0 ? [undefined, name] : [name.slice(0, dot), name.slice(dot + 1)];
}
