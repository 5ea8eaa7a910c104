/** Tells which types an element may be narrowed to, and which type a choice element's JSON name stands for. */
import type { ElementDefinition, ElementDefinitionType, StructureDefinition } from '@medplum/fhirtypes';
import type { Canonicals } from '../../fhir/canonicals.ts';

const BASE_URL = 'http://hl7.org/fhir/StructureDefinition/';
const FHIR_TYPE = `${BASE_URL}structuredefinition-fhir-type`;

/** @returns the StructureDefinition of a type code: a FHIR type's name, or the URL of a logical model; undefined when it is not at hand */
export function typeDefinition(code: string, canonicals: Canonicals): StructureDefinition | undefined {
  return canonicals.find('StructureDefinition', code.includes(':') ? code : `${BASE_URL}${code}`);
}

/** @returns the part of a choice element's JSON name that names the type: `Quantity` for `valueQuantity` of `value[x]` */
export function typeSuffix(choice: string, name: string): string | undefined {
  const stem = choice.endsWith('[x]') ? choice.slice(0, -3) : undefined;
  if (stem === undefined || !name.startsWith(stem)) return undefined;
  const suffix = name.slice(stem.length);
  return /^[A-Z]/.test(suffix) ? suffix : undefined;
}

/** @returns the element's type that a JSON name's suffix stands for */
export function typeNamed(element: ElementDefinition, suffix: string): ElementDefinitionType | undefined {
  return element.type?.find(({ code }) => capitalised(code) === suffix);
}

function capitalised(code: string): string {
  return code.slice(0, 1).toUpperCase() + code.slice(1);
}

/**
 * @param own types that the differential gives; undefined when it gives none
 * @param refuse told of each type that the base does not allow
 * @returns the types of the snapshot; profiles and target profiles that the differential leaves out stay
 */
export function narrowedTypes(
  base: readonly ElementDefinitionType[] | undefined,
  own: readonly ElementDefinitionType[] | undefined,
  canonicals: Canonicals,
  refuse: (text: string) => void,
): ElementDefinitionType[] | undefined {
  if (!own || !base || base.length === 0) return own ? [...own] : base ? [...base] : undefined;
  const narrowed: ElementDefinitionType[] = [];
  for (const type of own) {
    const allowing =
      base.find((one) => one.code === type.code || fhirType(one) === type.code) ??
      base.find(({ code }) => isA(type.code, code, canonicals));
    if (!allowing) {
      const allowed = base.map(({ code }) => code).join(', ');
      refuse(`has the type ${type.code}, which the base does not allow: give some of ${allowed}`);
      continue;
    }
    for (const list of ['profile', 'targetProfile'] as const) {
      const outside = profilesOutside(allowing[list], type[list], canonicals);
      if (outside.length === 0) continue;
      const allowed = `give profiles of ${allowing[list]!.join(', ')}`;
      refuse(
        `has the ${list} ${outside.join(', ')} for ${type.code}, which the base does not allow: ${allowed}`,
      );
    }
    narrowed.push(narrowedType(allowing, type));
  }
  return narrowed.length > 0 ? narrowed : [...base];
}

/** What the differential leaves out stays: a list of profiles is not widened by saying nothing. */
function narrowedType(base: ElementDefinitionType, own: ElementDefinitionType): ElementDefinitionType {
  if (base.code === own.code) return { ...base, ...own };
  return fhirType(base) === own.code ? base : own;
}

/** `url` and `id` have a type of FHIRPath, and an extension that names FHIR's: either may be written for the other. */
function fhirType({ code, extension }: ElementDefinitionType): string | undefined {
  if (!code.startsWith('http://hl7.org/fhirpath/')) return undefined;
  return extension?.find(({ url }) => url === FHIR_TYPE)?.valueUrl;
}

function profilesOutside(
  allowed: readonly string[] | undefined,
  own: readonly string[] | undefined,
  canonicals: Canonicals,
): string[] {
  if (!allowed || allowed.includes(`${BASE_URL}Resource`)) return [];
  return (own ?? []).filter((profile) => !isBuiltOn(profile, allowed, canonicals));
}

/** @returns true for a profile of one of these, and for one that is not at hand: a missing package is no fault of the differential */
function isBuiltOn(profile: string, allowed: readonly string[], canonicals: Canonicals): boolean {
  const seen = new Set<string>();
  for (let url: string | undefined = profile; url !== undefined && !seen.has(url); ) {
    seen.add(url);
    const bare = url.replace(/\|.*$/, '');
    if (allowed.some((one) => one.replace(/\|.*$/, '') === bare)) return true;
    const found: StructureDefinition | undefined = canonicals.find('StructureDefinition', url);
    if (!found) return true;
    url = found.baseDefinition;
  }
  return false;
}

/** @returns true when a type is a specialisation of another: Age of Quantity, Patient of Resource */
function isA(code: string, ancestor: string, canonicals: Canonicals): boolean {
  if (ancestor === 'Element' || ancestor === 'Resource' || ancestor === '*')
    return isKind(code, ancestor, canonicals);
  const definition = typeDefinition(code, canonicals);
  return definition !== undefined && isBuiltOn(definition.url, [`${BASE_URL}${ancestor}`], canonicals);
}

function isKind(code: string, ancestor: string, canonicals: Canonicals): boolean {
  const kind = typeDefinition(code, canonicals)?.kind;
  return ancestor === '*' || kind === undefined || (kind === 'resource') === (ancestor === 'Resource');
}

/** @returns the first fixed or pattern value whose type is none of the element's */
export function valueOfOtherType(
  own: ElementDefinition,
  types: readonly ElementDefinitionType[],
): string | undefined {
  const allowed = new Set(types.map((type) => capitalised(fhirType(type) ?? type.code)));
  return Object.keys(own).find((key) => {
    const suffix = /^(?:fixed|pattern)([A-Z].*)$/.exec(key)?.[1];
    return suffix !== undefined && allowed.size > 0 && !allowed.has(suffix);
  });
}
