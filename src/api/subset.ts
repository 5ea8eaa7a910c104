/** Turns a resource into the part of it that a summary or a list of elements asks for, tagged as a part. */
import type { Resource } from '@medplum/fhirtypes';
import type { Definitions } from '../fhir/definitions.ts';
import { nearestName } from '../fhir/nearest-name.ts';
import type { StoredVersion } from '../store/store.ts';
import { exactOf, textOf } from './search/bundle-text.ts';
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
function isWhole({ summary, elements }: Subset): boolean {
  return (summary === 'false' || summary === 'count') && elements === undefined;
}

/**
 * @returns which of the names that were asked for no type has, and what it may be meant to be; undefined where all are known.
 *   A name itself is the client's, and not said back
 */
export function elementsFault(
  definitions: Definitions,
  types: readonly string[],
  names: readonly string[] = [],
): string | undefined {
  for (const [at, name] of names.entries()) {
    const [type, element] = splitName(name);
    const among = types.filter((one) => type === undefined || one === type);
    const known = among.flatMap((one) => [...(definitions.type(one)?.elements.keys() ?? [])]);
    if (known.includes(element)) continue;
    const meant = nearestName(element, known, FAR);
    const hint = meant === undefined ? '' : `; ${meant} is one`;
    return `name ${at + 1} of ${names.length} is no element at the root of ${types.length === 1 ? types[0] : 'what is asked for'}${hint}`;
  }
  return undefined;
}
/** Edits that make a wrong name another one. */
const FAR = 3;

/** @returns JSON text of what is asked for of a version */
export function partText(
  version: Pick<StoredVersion, 'text' | 'resource'>,
  subset: Subset,
  definitions: Definitions,
): string {
  return isWhole(subset) ? textOf(version) : JSON.stringify(subsetOf(exactOf(version), subset, definitions));
}

/** @returns a new resource; what R4 says must be there stays, whatever was asked for */
function subsetOf(resource: Resource, { summary, elements }: Subset, definitions: Definitions): Resource {
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
