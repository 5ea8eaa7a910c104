/** Turns the test tree into projects: pure suites under two time zones, what is read over HTTP on both engines, the rest once. */
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const pure = [
  'test/fhir/**/*.test.ts',
  'test/fhirpath/**/*.test.ts',
  'test/mapping/**/*.test.ts',
  'test/validation/**/*.test.ts',
  'test/referral/**/*.test.ts',
  'test/mappings/**/*.test.ts',
];

/** Read over HTTP: what they find, and in which order, is the work of the engine. */
const read = [
  'test/api/search*.test.ts',
  'test/api/paging.test.ts',
  'test/api/everything.test.ts',
  'test/api/fhir-read.test.ts',
];

/** Tests that take minutes start first, so that none of them runs alone at the end. */
const LONGEST = [
  'constant-memory',
  'faults/kill',
  'faults/matrix',
  'faults/simulation',
  'faults/replicas',
  'end-to-end',
  'mappings/round-trip',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((part) => moduleId.includes(part));
      return found < 0 ? LONGEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { name: 'pure-utc', include: pure, testTimeout: 60_000, env: { TZ: 'UTC' } } },
      { test: { name: 'pure-london', include: pure, testTimeout: 60_000, env: { TZ: 'Europe/London' } } },
      {
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: pure,
          globalSetup: ['test/servers/postgres/setup.ts'],
          env: { DATABASE_URL: '' }, // that of whoever runs the tests is not theirs to fill
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'reads-postgres',
          include: read,
          globalSetup: ['test/servers/postgres/setup.ts'],
          env: { DATABASE_URL: '', TEST_ENGINE: 'postgres' },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
