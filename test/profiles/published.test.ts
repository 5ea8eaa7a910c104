/** Every definition is named as published FHIR is, is found by one URL, and is listed for those who install it. */
import type { CapabilityStatement, ImplementationGuide } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { statementAt } from '../../src/cli/openapi.ts';
import { BASE, files, profiles, published, publishedOf } from './published.ts';

test.each([...files])('%s has a URL, a version, a status and a name that FHIR allows', (_, definition) => {
  const { resourceType, id, url, version, name, title, status } = definition;
  expect({ url, version, title: title.length > 3 }).toEqual({
    url: `${BASE}/${resourceType}/${id}`,
    // a questionnaire's version is that of the instrument: answers name it
    version: resourceType === 'Questionnaire' ? '1' : '0.1.0',
    title: true,
  });
  expect(id).toMatch(/^[A-Za-z0-9.-]{1,64}$/);
  expect(name).toMatch(/^[A-Z][A-Za-z0-9_]{0,254}$/);
  expect(['draft', 'active']).toContain(status);
});

test('a definition of profiles/ stands in a file of its own name', () => {
  for (const [file, { resourceType, id }] of files) {
    if (!/^profiles\/[^/]*$/.test(file)) continue;
    expect(file).toBe(`profiles/${resourceType}-${id}.json`);
  }
});

test('no two definitions have the same URL, nor two of a type the same name', () => {
  const repeated = (keys: readonly string[]) => keys.filter((key, index) => keys.indexOf(key) !== index);
  expect(repeated(published.map(({ url }) => url))).toEqual([]);
  expect(repeated(published.map(({ resourceType, name }) => `${resourceType} ${name}`))).toEqual([]);
});

test('the ImplementationGuide lists every other definition once, by its title', () => {
  const guide: ImplementationGuide = publishedOf('ImplementationGuide')[0]!;
  const listed = guide.definition!.resource!.map(({ reference, name }) => [reference.reference, name]);
  const others = published.filter(({ resourceType }) => resourceType !== 'ImplementationGuide');
  expect(listed.sort()).toEqual(
    others.map(({ resourceType, id, title }) => [`${resourceType}/${id}`, title]).sort(),
  );
});

test('the CapabilityStatement says what the API serves, and the profile of each type', () => {
  const statement: CapabilityStatement = publishedOf('CapabilityStatement')[0]!;
  const served = statementAt('');
  // of Subscription it is another's profile
  const apart = ({ rest }: CapabilityStatement) =>
    rest!.map(({ resource, ...more }) => ({
      ...more,
      resource: resource!.map(({ supportedProfile, ...one }) => one),
    }));
  expect(apart(statement)).toEqual(apart(served));
  const named = statement.rest!.flatMap(({ resource }) =>
    resource!.flatMap(({ supportedProfile = [] }) => supportedProfile),
  );
  expect(named.filter((url) => url.startsWith(BASE)).sort()).toEqual(profiles.map(({ url }) => url).sort());
});
