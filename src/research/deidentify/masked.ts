/** Puts a mask where FHIR needs an element that may not leave. */
import type { Definitions, ElementType } from '../../fhir/definitions.ts';
import { choiceName, isPrimitive } from '../../fhirpath/types.ts';

/** Says that there is a value, which is withheld. @source FHIR R4, data-absent-reason */
const MASK = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
};

/** @param source has the name of a choice, where the element is one */
export function masked(
  copy: Record<string, unknown>,
  element: ElementType,
  source: Readonly<Record<string, unknown>>,
  definitions: Definitions,
): void {
  const names = element.types.map((type) =>
    element.isChoice ? choiceName(element.name, type) : element.name,
  );
  if (names.some((name) => copy[name] !== undefined || copy[`_${name}`] !== undefined)) return;
  const at = Math.max(
    0,
    names.findIndex((name) => source[name] !== undefined || source[`_${name}`] !== undefined),
  );
  const [name, type] = [names[at], element.types[at]];
  if (name === undefined || type === undefined) return;
  const mask = isPrimitive(type) ? MASK : maskOf(type, definitions);
  copy[isPrimitive(type) ? `_${name}` : name] = element.isArray ? [mask] : mask;
}

/** An object whose own required elements are masked too. */
function maskOf(type: string, definitions: Definitions): Record<string, unknown> {
  const mask: Record<string, unknown> = { ...MASK };
  for (const element of definitions.type(type)?.elements.values() ?? [])
    if (element.min > 0) masked(mask, element, {}, definitions);
  return mask;
}
