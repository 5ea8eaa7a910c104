/** Holds the JSONata maps of the benchmark to the compiled ones, on the examples and a part of the demo. */
import { expect, test } from 'vitest';
import { jsonataMap } from '../../bench/jsonata/maps.ts';
import { canonicalJson } from '../../src/fhir/digest.ts';
import { KINDS } from './records.ts';

/** JSONata takes milliseconds a record: of the demo, one in ten will do. */
const SHARE = 10;

test.each(KINDS)('the JSONata map of $name gives what the compiled one gives', async (kind) => {
  const evaluate = await jsonataMap(kind.name);
  const demo = await kind.demo();
  const records = [...(await kind.examples()), ...demo.filter((_, at) => at % SHARE === 0)];
  expect(records.length).toBeGreaterThan(5);
  for (const { payload, file, line } of records)
    expect(canonicalJson(await evaluate(payload)), `${file}:${line}`).toBe(
      canonicalJson(kind.run(payload, [])),
    );
});
