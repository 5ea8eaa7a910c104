/** Extensions in differentials: slices by definition, extensions of extensions. */
import { expect, test } from 'vitest';
import { elementsOf, knowing, OWN, profile } from './profiles.ts';

test('an extension slice says what the extension’s definition says, unless the differential says more', () => {
  const extension = profile('flag', 'Extension', [
    { id: 'Extension', min: 1, max: '3', short: 'a flag', isModifier: true, isModifierReason: 'it negates' },
    { id: 'Extension.url', fixedUri: `${OWN}flag` },
    { id: 'Extension.value[x]', type: [{ code: 'boolean' }] },
  ]);
  const slice = { type: [{ code: 'Extension', profile: [extension.url] }] };
  const elements = elementsOf(
    profile('p', 'Patient', [
      { id: 'Patient.extension:flag', ...slice },
      { id: 'Patient.modifierExtension:missing', type: [{ code: 'Extension', profile: [`${OWN}missing`] }] },
      { id: 'Patient.name.extension:flag', ...slice, min: 0, max: '1' },
    ]),
    knowing(extension),
  );
  expect(elements.get('Patient.extension:flag')).toMatchObject({
    min: 1,
    max: '3',
    short: 'a flag',
    isModifier: true,
  });
  expect(elements.get('Patient.extension:flag')).toMatchObject({
    base: { path: 'DomainResource.extension' },
  });
  expect(elements.get('Patient.extension')?.slicing).toMatchObject({
    discriminator: [{ type: 'value', path: 'url' }],
    rules: 'open',
  });
  expect(elements.get('Patient.name.extension:flag')).toMatchObject({ min: 0, max: '1', short: 'a flag' });
  expect(elements.get('Patient.modifierExtension:missing')).toMatchObject({ min: 0, max: '*' });
});

test('slices the extensions of an extension, and goes into them', () => {
  const elements = elementsOf(
    profile('contact', 'Extension', [
      { id: 'Extension.extension:way', min: 1, max: '1' },
      { id: 'Extension.extension:way.extension:inner', max: '1' },
      { id: 'Extension.extension:way.url', fixedUri: 'way' },
      { id: 'Extension.extension:way.value[x]', min: 1, type: [{ code: 'code' }] },
      { id: 'Extension.url', fixedUri: `${OWN}contact` },
      { id: 'Extension.value[x]', max: '0' },
    ]),
  );
  expect(elements.get('Extension.extension:way.url')).toMatchObject({
    path: 'Extension.extension.url',
    fixedUri: 'way',
  });
  expect(elements.get('Extension.extension:way.value[x]')).toMatchObject({
    min: 1,
    type: [{ code: 'code' }],
  });
  expect(elements.get('Extension.extension:way.extension:inner')).toMatchObject({
    path: 'Extension.extension.extension',
    max: '1',
  });
});
