/** Choice elements in differentials: short names, type slices, narrowing to one type. */
import type { ElementDefinitionSlicing } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { elementsOf, knowing, profile } from './profiles.ts';

const BY_TYPE: ElementDefinitionSlicing = { discriminator: [{ type: 'type', path: '$this' }], rules: 'open' };

test('a short name of a choice element makes a type slice, and allows no other type', () => {
  const elements = elementsOf(
    profile('p', 'Observation', [{ id: 'Observation.valueQuantity.unit', min: 1 }]),
  );
  expect(elements.get('Observation.value[x]')).toMatchObject({
    type: [{ code: 'Quantity' }],
    slicing: { discriminator: [{ type: 'type', path: '$this' }], rules: 'closed' },
  });
  expect(elements.get('Observation.value[x]:valueQuantity')).toMatchObject({
    path: 'Observation.value[x]',
    type: [{ code: 'Quantity' }],
  });
  expect(elements.get('Observation.value[x]:valueQuantity.unit')).toMatchObject({
    path: 'Observation.value[x].unit',
    min: 1,
  });
});

test('a type slice of a choice element leaves the other types allowed', () => {
  const elements = elementsOf(
    profile('p', 'Observation', [
      { id: 'Observation.value[x]:valueQuantity', min: 0 },
      { id: 'Observation.value[x]:valueQuantity.code', min: 1 },
      { id: 'Observation.value[x]:valueString', patternString: 'none' },
    ]),
  );
  expect(elements.get('Observation.value[x]')?.type).toHaveLength(11);
  expect(elements.get('Observation.value[x]')?.slicing?.rules).toBe('open');
  expect(elements.get('Observation.value[x]:valueQuantity')?.type).toEqual([{ code: 'Quantity' }]);
  expect(elements.get('Observation.value[x]:valueString')).toMatchObject({
    type: [{ code: 'string' }],
    patternString: 'none',
  });
});

test('goes on in the slice that a base made of a type, whatever that called it', () => {
  const first = profile('first', 'Observation', [
    {
      id: 'Observation.value[x]',
      slicing: BY_TYPE,
    },
    { id: 'Observation.value[x]:amount', type: [{ code: 'Quantity' }] },
  ]);
  const second = profile('second', first.url, [{ id: 'Observation.valueQuantity.unit', min: 1 }]);
  const elements = elementsOf(second, knowing(first));
  expect(elements.get('Observation.value[x]:amount.unit')?.min).toBe(1);
  expect(elements.has('Observation.value[x]:valueQuantity')).toBe(false);
});

test('unfolds a choice that is narrowed to one type, and what its base unfolded before it was', () => {
  const first = profile('first', 'Observation', [{ id: 'Observation.value[x].extension', max: '0' }]);
  const second = profile('second', first.url, [
    { id: 'Observation.value[x]', type: [{ code: 'CodeableConcept' }] },
    { id: 'Observation.value[x].coding', min: 1 },
  ]);
  const elements = elementsOf(second, knowing(first));
  expect(elements.get('Observation.value[x].coding')?.min).toBe(1);
  expect(elements.get('Observation.value[x].extension')?.max).toBe('0');
});

test('a choice that is written in both ways is one slice', () => {
  const definition = profile('p', 'Observation', [
    { id: 'Observation.value[x]', slicing: BY_TYPE },
    { id: 'Observation.value[x]:valueQuantity', path: 'Observation.valueQuantity', min: 1 },
    { id: 'Observation.value[x]:valueQuantity.unit', path: 'Observation.valueQuantity.unit', min: 1 },
  ]);
  const elements = elementsOf(definition);
  expect(elements.get('Observation.value[x]')?.type).toHaveLength(11);
  expect(elements.get('Observation.value[x]:valueQuantity')).toMatchObject({
    min: 1,
    type: [{ code: 'Quantity' }],
  });
  expect(elements.get('Observation.value[x]:valueQuantity.unit')?.min).toBe(1);
});
