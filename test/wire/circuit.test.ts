/** The states of a circuit, by the clock. */
import { expect, test } from 'vitest';
import { Circuit } from '../../src/wire/circuit.ts';

function failing(times: number): Circuit {
  const circuit = new Circuit({ failures: 3, firstPauseMs: 100, longestPauseMs: 300 });
  for (let i = 0; i < times; i++) circuit.failed(0);
  return circuit;
}

test('stays closed below the limit, and a success in between starts the count anew', () => {
  const circuit = failing(2);
  expect(circuit.waitMs(0)).toBe(0);
  circuit.succeeded();
  circuit.failed(0);
  circuit.failed(0);
  expect(circuit.state).toBe('closed');
});

test('opens at the limit for the first pause, then lets one probe through', () => {
  const circuit = failing(3);
  expect([circuit.state, circuit.waitMs(40)]).toEqual(['open', 60]);
  expect(circuit.waitMs(100)).toBe(0);
  circuit.begin();
  expect([circuit.state, circuit.waitMs(100)]).toEqual(['half-open', undefined]);
});

test('a failed probe doubles the pause up to the longest, a good one closes it', () => {
  const circuit = failing(3);
  const pauses: (number | undefined)[] = [];
  for (let i = 0; i < 3; i++) {
    circuit.begin();
    circuit.failed(1_000);
    pauses.push(circuit.waitMs(1_000));
  }
  expect(pauses).toEqual([200, 300, 300]);
  circuit.begin();
  circuit.succeeded();
  expect(circuit.waitMs(1_000)).toBe(0);
});

test('failures of what was sent before it opened do not lengthen the pause', () => {
  const circuit = failing(3);
  circuit.failed(50);
  expect(circuit.waitMs(50)).toBe(50);
});

test('a probe that found nothing to send leaves the next one to probe', () => {
  const circuit = failing(3);
  circuit.begin();
  circuit.cancel();
  expect([circuit.state, circuit.waitMs(100)]).toEqual(['open', 0]);
});
