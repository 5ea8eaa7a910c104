/** Turns the definition of a resource type into a resource that holds what the type requires, and nothing else. */
import type { CodeSystem, ElementDefinition, Resource, StructureDefinition } from '@medplum/fhirtypes';
import type { Canonicals } from '../src/fhir/canonicals.ts';

const VALUES: Readonly<Record<string, unknown>> = {
  boolean: true,
  integer: 1,
  positiveInt: 1,
  unsignedInt: 1,
  decimal: 1.5,
  date: '2026-01-05',
  dateTime: '2026-01-05',
  instant: '2026-01-05T10:00:00Z',
  uri: 'https://example.org/a',
  url: 'https://example.org/a',
  canonical: 'https://example.org/a',
  base64Binary: 'YQ==',
  string: 'Text',
  markdown: 'text',
  code: 'text/plain',
  id: 'a',
  CodeableConcept: { text: 'text' },
  Coding: { display: 'text' },
  Reference: { display: 'text' },
  Identifier: { value: 'a' },
  Period: { start: '2026-01-05' },
  Quantity: { value: 1 },
  Money: { value: 1, currency: 'GBP' },
  Attachment: { title: 'text' },
  Annotation: { text: 'text' },
  Timing: { event: ['2026-01-05'] },
  TriggerDefinition: { type: 'named-event', name: 'text' },
  Expression: { language: 'text/fhirpath', expression: 'true' },
  Narrative: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">text</div>' },
};

/** @returns a resource of the type; its invariants, and what data types require within, may want more */
export function minimalInstance(type: StructureDefinition, canonicals: Canonicals): Resource {
  const elements = type.snapshot?.element ?? [];
  return {
    resourceType: type.type,
    ...requiredIn(type.type, elements, canonicals),
  } as unknown as Resource;
}

function requiredIn(
  path: string,
  elements: readonly ElementDefinition[],
  canonicals: Canonicals,
): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const element of elements) {
    const name = element.path?.slice(path.length + 1) ?? '';
    if (!element.path?.startsWith(`${path}.`) || name.includes('.') || !element.min) continue;
    const code = element.type?.[0]?.code ?? '';
    const value = /^(BackboneElement|Element)$/.test(code)
      ? requiredIn(element.path, elements, canonicals)
      : (codeOf(element, canonicals) ?? VALUES[code]);
    const member = name.endsWith('[x]')
      ? name.slice(0, -3) + code.slice(0, 1).toUpperCase() + code.slice(1)
      : name;
    found[member] = element.max === '1' ? value : [value];
  }
  return found;
}

/** @returns a code that a required binding of a code allows: the first that its value set names, or the first of its system */
function codeOf({ type, binding }: ElementDefinition, canonicals: Canonicals): string | undefined {
  if (type?.[0]?.code !== 'code' || binding?.valueSet === undefined) return undefined;
  const [include] = canonicals.find('ValueSet', binding.valueSet)?.compose?.include ?? [];
  const system: CodeSystem | undefined =
    include?.system === undefined ? undefined : canonicals.find('CodeSystem', include.system);
  return include?.concept?.[0]?.code ?? system?.concept?.[0]?.code;
}
