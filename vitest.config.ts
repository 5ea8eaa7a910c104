/** Turns the test tree into projects: pure suites under two time zones, the rest once. */
import { defineConfig } from 'vitest/config';

const pure = [
  'test/fhir/**/*.test.ts',
  'test/fhirpath/**/*.test.ts',
  'test/mapping/**/*.test.ts',
  'test/validation/**/*.test.ts',
  'test/referral/**/*.test.ts',
  'test/mappings/**/*.test.ts',
];

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'pure-utc', include: pure, env: { TZ: 'UTC' } } },
      { test: { name: 'pure-london', include: pure, env: { TZ: 'Europe/London' } } },
      {
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: pure,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
