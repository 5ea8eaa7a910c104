/** Every published case of SQL on FHIR v2 is a test, experimental ones too. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { failureOf, PUBLISHED_VIEWS, readPublished } from './published-views.ts';

if (existsSync(PUBLISHED_VIEWS)) {
  for (const { file, resources, tests } of readPublished())
    describe(file, () => {
      for (const published of tests)
        test(`passes "${published.title}"`, () => expect(failureOf(published, resources)).toBeUndefined());
    });
} else {
  test('the published views are not at hand here', () => {
    console.log(`published cases of SQL on FHIR not run: ${PUBLISHED_VIEWS.pathname} is missing`);
    expect(existsSync(PUBLISHED_VIEWS)).toBe(false);
  });
}
