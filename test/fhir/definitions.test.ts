/** Type tables of base R4, as maps and paths ask for them. */
import { expect, test } from 'vitest';
import { loadBaseDefinitions, STORED_TYPES } from '../../src/fhir/definitions.ts';

const definitions = loadBaseDefinitions();

test('knows every stored type with its inherited elements', () => {
  for (const type of STORED_TYPES) {
    expect(definitions.type(type)?.kind).toBe('resource');
    expect(definitions.element(type, 'id')?.isArray).toBe(false);
    expect(definitions.isA(type, 'Resource')).toBe(true);
  }
});

test('tells cardinality, choice and inline types', () => {
  expect(definitions.element('Patient', 'name')).toMatchObject({ types: ['HumanName'], isArray: true });
  expect(definitions.element('Observation', 'valueQuantity')).toMatchObject({
    name: 'value',
    isChoice: true,
    isArray: false,
  });
  expect(definitions.element('Observation', 'valueNonsense')).toBeUndefined();
  expect(definitions.element('Patient', 'contact')?.types).toEqual(['Patient.contact']);
  expect(definitions.element('Patient.contact', 'organization')?.referenceTargets).toEqual(['Organization']);
});

test('follows content references, which nest without end', () => {
  expect(definitions.element('Questionnaire.item', 'item')?.types).toEqual(['Questionnaire.item']);
  expect(definitions.element('QuestionnaireResponse.item.answer', 'item')?.types).toEqual([
    'QuestionnaireResponse.item',
  ]);
});

test('finds a type by its canonical URL', () => {
  expect(definitions.byUrl('http://hl7.org/fhir/StructureDefinition/Task')?.name).toBe('Task');
  expect(definitions.byUrl('http://hl7.org/fhir/StructureDefinition/bmi')).toBeUndefined();
});
