/** Contexts of published R4 extensions that are narrower than HL7's own use of them, each with the places to add and where they are used. */

interface ContextCorrection {
  /** canonical of the extension */
  readonly url: string;
  /** elements on which it may stand too, as paths */
  readonly adds: readonly string[];
  /** whose published resources use it there */
  readonly source: string;
}

const HL7 = 'http://hl7.org/fhir/StructureDefinition/';

export const CONTEXT_CORRECTIONS: readonly ContextCorrection[] = [
  {
    url: `${HL7}structuredefinition-fhir-type`,
    adds: ['ElementDefinition.type'],
    source:
      'R4’s snapshots of every resource and data type have it beside the code of a type; the published context is the code itself',
  },
  {
    url: `${HL7}regex`,
    adds: ['ElementDefinition.type'],
    source:
      'R4’s primitive types have it on the type of their value; the published context is the element around it',
  },
  {
    url: `${HL7}structuredefinition-normative-version`,
    adds: [
      'CapabilityStatement',
      'CodeSystem',
      'ElementDefinition',
      'OperationDefinition',
      'SearchParameter',
      'ValueSet',
    ],
    source:
      'R4’s normative CodeSystems, ValueSets and OperationDefinitions have it, and the elements of its data types; the published context is StructureDefinition alone',
  },
  {
    url: `${HL7}valueset-concept-comments`,
    adds: ['CodeSystem.concept'],
    source:
      'R4’s CodeSystem of DICOM has it on its concepts; the published context is the concept of a ValueSet, which may be the same one',
  },
];

const added = new Map(CONTEXT_CORRECTIONS.map(({ url, adds }) => [url, adds]));

const NONE: readonly string[] = [];

/** @returns elements on which the extension may stand beside those that its definition names */
export function addedContexts(url: string): readonly string[] {
  return added.get(url) ?? NONE;
}
