/** Holds the hand-written maps of the benchmark to the compiled ones, on every record of the demo and the examples. */
import { expect, test } from 'vitest';
import { HAND_MAPS } from '../../bench/hand/maps.ts';
import { canonicalJson } from '../../src/fhir/digest.ts';
import { KINDS } from './records.ts';

for (const { name, run, demo, examples } of KINDS) {
  const hand = HAND_MAPS.get(name)!;

  test(`the hand-written map of ${name} gives what the compiled one gives, for every record at hand`, async () => {
    const records = [...(await demo()), ...(await examples())];
    expect(records.length).toBeGreaterThan(10);
    for (const { payload, file, line } of records)
      expect(canonicalJson(hand(payload)), `${file}:${line}`).toBe(canonicalJson(run(payload, [])));
  });

  test(`the hand-written map of ${name} gives a Bundle of its own, without members that hold nothing`, async () => {
    const [record] = await demo();
    const [one, other] = [hand(record!.payload), hand(record!.payload)];
    const seen = new Set(objectsIn(one));
    expect(seen.size).toBeGreaterThan(10);
    for (const object of objectsIn(other)) {
      expect(seen.has(object)).toBe(false);
      expect(Object.values(object)).not.toContain(undefined);
    }
  });
}

function* objectsIn(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null) return;
  yield value;
  for (const member of Object.values(value)) yield* objectsIn(member);
}

test('there is a hand-written map for each kind of each source, and for no other', () => {
  expect([...HAND_MAPS.keys()].sort()).toEqual(KINDS.map(({ name }) => name).sort());
});
