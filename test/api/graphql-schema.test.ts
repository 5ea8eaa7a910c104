/** The GraphQL schema is made before the first query, in pieces that hold nothing up. */
import { printSchema } from 'graphql';
import { expect, test } from 'vitest';
import { loadedGraphql, prepareGraphql } from '../../src/api/graphql/loaded.ts';
import { Schemas } from '../../src/api/graphql/schema.ts';
import { loadServedSearch } from '../../src/api/search/served.ts';
import { loadBaseDefinitions, STORED_TYPES } from '../../src/fhir/definitions.ts';

test('makes the same schema in many small pieces as at once', () => {
  const definitions = loadBaseDefinitions();
  const pieced = new Schemas(definitions, loadServedSearch());
  const pieces = [...pieced.pieces()].length;
  expect(pieces).toBeGreaterThan(STORED_TYPES.length * 4);
  const whole = new Schemas(definitions, loadServedSearch());
  expect(printSchema(pieced.schema())).toBe(printSchema(whole.schema()));
});

test('prepares what the first query then finds', async () => {
  const definitions = loadBaseDefinitions();
  await prepareGraphql(definitions);
  const first = await loadedGraphql(definitions);
  expect(await loadedGraphql(definitions)).toBe(first);
  expect(first.schemas.schema('Task')).toBe(first.schemas.schema('Task'));
});
