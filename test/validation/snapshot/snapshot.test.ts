/** What a differential says is in the snapshot, with all that it stands on: elements, unfolded content, slices. */
import type { ElementDefinitionSlicing, StructureDefinition } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { snapshotOf } from '../../../src/validation/snapshot/snapshot.ts';
import { elementsOf, knowing, OWN, profile, R4 } from './profiles.ts';

const BY_SYSTEM: ElementDefinitionSlicing = {
  discriminator: [{ type: 'value', path: 'system' }],
  rules: 'open',
};
const BY_CODE: ElementDefinitionSlicing = { discriminator: [{ type: 'value', path: 'code' }], rules: 'open' };

test('keeps every element of the base, in its order, with where each comes from', () => {
  const elements = elementsOf(
    profile('p', 'Patient', [{ id: 'Patient' }, { id: 'Patient.birthDate', min: 1 }]),
  );
  const base = knowing().find('StructureDefinition', `${R4}Patient`)!.snapshot!.element;
  expect([...elements.keys()]).toEqual(base.map(({ id }) => id));
  expect(elements.get('Patient.birthDate')).toMatchObject({
    min: 1,
    base: { path: 'Patient.birthDate', min: 0, max: '1' },
  });
});

test('unfolds data types as far as the differential goes into them', () => {
  const elements = elementsOf(
    profile('p', 'Patient', [{ id: 'Patient.maritalStatus.coding.system', min: 1 }]),
  );
  const below = [...elements.keys()].filter((id) => id.startsWith('Patient.maritalStatus'));
  expect(below.slice(0, 6)).toEqual([
    'Patient.maritalStatus',
    'Patient.maritalStatus.id',
    'Patient.maritalStatus.extension',
    'Patient.maritalStatus.coding',
    'Patient.maritalStatus.coding.id',
    'Patient.maritalStatus.coding.extension',
  ]);
  expect(elements.get('Patient.maritalStatus.coding.system')).toMatchObject({
    min: 1,
    base: { path: 'Coding.system' },
  });
  expect(elements.has('Patient.name.family')).toBe(false);
});

test('places elements without ids below the slice just before them', () => {
  const definition = profile('p', 'Patient', [
    { id: 'Patient.identifier', slicing: BY_SYSTEM },
    { id: 'Patient.identifier:a', sliceName: 'a' },
    { id: 'Patient.identifier:a.system', fixedUri: 'urn:a' },
    { id: 'Patient.identifier:b', sliceName: 'b' },
    { id: 'Patient.identifier:b.system', fixedUri: 'urn:b' },
  ]);
  const withoutIds = definition.differential!.element.map(({ id: _, ...said }) => said);
  const elements = elementsOf({ ...definition, differential: { element: withoutIds } });
  expect(elements).toEqual(elementsOf(definition));
  expect(elements.get('Patient.identifier:b.system')?.fixedUri).toBe('urn:b');
});

test('a slice has the content of the element that is sliced, and may be absent where that may not', () => {
  const elements = elementsOf(
    profile('p', 'Observation', [
      { id: 'Observation.component', min: 2, slicing: BY_CODE, short: 'all of them' },
      { id: 'Observation.component.interpretation', max: '1' },
      { id: 'Observation.component:low', max: '1' },
      { id: 'Observation.component:low.code', patternCodeableConcept: { text: 'low' } },
    ]),
  );
  expect(elements.get('Observation.component:low')).toMatchObject({ min: 0, max: '1', sliceName: 'low' });
  expect(elements.get('Observation.component:low')).not.toHaveProperty('slicing');
  expect(elements.get('Observation.component:low')?.short).not.toBe('all of them');
  expect(elements.get('Observation.component:low.interpretation')?.max).toBe('1');
  expect(elements.get('Observation.component:low.code')?.patternCodeableConcept).toEqual({ text: 'low' });
  expect(elements.get('Observation.component.code')).not.toHaveProperty('patternCodeableConcept');
});

test('what a later profile says of the unsliced element reaches the slices of its base', () => {
  const first = profile('first', 'Observation', [
    { id: 'Observation.component', slicing: BY_CODE },
    { id: 'Observation.component:low', max: '1' },
    { id: 'Observation.component:low.interpretation', max: '0' },
  ]);
  const second = profile('second', first.url, [
    { id: 'Observation.component.dataAbsentReason', max: '0' },
    { id: 'Observation.component.interpretation', max: '1' },
  ]);
  const elements = elementsOf(second, knowing(first));
  expect(elements.get('Observation.component:low.dataAbsentReason')?.max).toBe('0');
  expect(elements.get('Observation.component:low.interpretation')?.max).toBe('0');
  expect(elements.get('Observation.component.interpretation')?.max).toBe('1');
});

test('slices a slice again, in the same profile and in a later one', () => {
  const first = profile('first', 'Patient', [
    { id: 'Patient.identifier', slicing: BY_SYSTEM },
    {
      id: 'Patient.identifier:nhs',
      max: '5',
      slicing: { discriminator: [{ type: 'value', path: 'use' }], rules: 'open' },
    },
    { id: 'Patient.identifier:nhs.system', fixedUri: 'urn:nhs' },
    { id: 'Patient.identifier:nhs/old', max: '1' },
    { id: 'Patient.identifier:nhs/old.use', fixedCode: 'old' },
    { id: 'Patient.identifier:other' },
  ]);
  const second = profile('second', first.url, [
    { id: 'Patient.identifier:nhs/new' },
    { id: 'Patient.identifier:nhs/new.use', fixedCode: 'official' },
  ]);
  const elements = elementsOf(second, knowing(first));
  const slices = [...elements.keys()].filter((id) => /identifier:[^.]*$/.test(id));
  expect(slices).toEqual([
    'Patient.identifier:nhs',
    'Patient.identifier:nhs/old',
    'Patient.identifier:nhs/new',
    'Patient.identifier:other',
  ]);
  expect(elements.get('Patient.identifier:nhs/new')).toMatchObject({
    sliceName: 'nhs/new',
    min: 0,
    max: '5',
  });
  expect(elements.get('Patient.identifier:nhs/new.system')?.fixedUri).toBe('urn:nhs');
});

test('unfolds content that is defined elsewhere, with the type of the element it is defined at', () => {
  const elements = elementsOf(
    profile('p', 'Questionnaire', [
      { id: 'Questionnaire.item.prefix', max: '0' },
      { id: 'Questionnaire.item.item.item.prefix', min: 1 },
    ]),
  );
  expect(elements.get('Questionnaire.item.item.item')).toMatchObject({ type: [{ code: 'BackboneElement' }] });
  expect(elements.get('Questionnaire.item.item.item')).not.toHaveProperty('contentReference');
  expect(elements.get('Questionnaire.item.item.item.prefix')?.min).toBe(1);
  expect(elements.get('Questionnaire.item.item.prefix')?.max).toBe('1');
  expect(elements.get('Questionnaire.item.item.item.item')?.contentReference).toBe('#Questionnaire.item');
});

test('unfolds an element by the one profile of its type', () => {
  const nhs = profile('nhs', 'Identifier', [{ id: 'Identifier.system', min: 1, fixedUri: 'urn:nhs' }]);
  const elements = elementsOf(
    profile('p', 'Patient', [
      { id: 'Patient.identifier', type: [{ code: 'Identifier', profile: [nhs.url] }] },
      { id: 'Patient.identifier.value', min: 1 },
    ]),
    knowing(nhs),
  );
  expect(elements.get('Patient.identifier.system')).toMatchObject({ min: 1, fixedUri: 'urn:nhs' });
});

test('adds constraints, aliases and text to those of the base', () => {
  const own = { key: 'own-1', severity: 'error', human: 'a name', expression: 'name.exists()' } as const;
  const base = knowing().find('StructureDefinition', `${R4}Patient`)!.snapshot!.element;
  const elements = elementsOf(
    profile('p', 'Patient', [
      { id: 'Patient', constraint: [own] },
      { id: 'Patient.name', definition: '...As on the birth certificate.', alias: ['full name'] },
    ]),
  );
  const constraints = elements.get('Patient')!.constraint!;
  expect(constraints.at(-1)).toEqual({ ...own, source: `${OWN}p` });
  expect(constraints.slice(0, -1)).toEqual(base[0]!.constraint);
  const name = base.find(({ id }) => id === 'Patient.name')!;
  expect(elements.get('Patient.name')?.definition).toBe(`${name.definition}\nAs on the birth certificate.`);
});

test('a logical model has what its base has, and its own elements after that', () => {
  const model: StructureDefinition = {
    ...profile('Model', 'Element', [
      { id: 'Model', min: 0, max: '*' },
      { id: 'Model.person', min: 1, max: '1', type: [{ code: 'BackboneElement' }] },
      { id: 'Model.person.name', min: 0, max: '*', type: [{ code: 'HumanName' }] },
    ]),
    kind: 'logical',
    derivation: 'specialization',
  };
  const ids = ['Model', 'Model.id', 'Model.extension'];
  const person = [
    'Model.person',
    'Model.person.id',
    'Model.person.extension',
    'Model.person.modifierExtension',
  ];
  expect([...elementsOf(model).keys()]).toEqual([...ids, ...person, 'Model.person.name']);
  const { baseDefinition: _, ...bare } = model;
  expect([...elementsOf(bare).keys()]).toEqual(['Model', ...person, 'Model.person.name']);
  expect(elementsOf(bare).get('Model.person')?.base).toEqual({ path: 'Model.person', min: 1, max: '1' });
});

test('gives a definition with a snapshot back as it is, and the same snapshot each time', () => {
  const canonicals = knowing();
  const patient = canonicals.find('StructureDefinition', `${R4}Patient`)!;
  expect(snapshotOf(patient, canonicals)).toEqual({ ok: true, value: patient });
  const own = profile('p', 'Patient', [{ id: 'Patient.name.family', min: 1 }]);
  const before = structuredClone([own, patient]);
  const first = snapshotOf(own, canonicals);
  expect(snapshotOf(own, knowing())).toEqual(first);
  expect([own, patient]).toEqual(before);
});
