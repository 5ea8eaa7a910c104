/** The way to the case system in a cell of the failure matrix: each event must reach its webhook, in order. */
import { expect } from 'vitest';
import { referencesOf } from '../../src/target/references.ts';
import { type Call, startReceiver } from '../servers/webhook-receiver.ts';
import { heldByAdapter } from './cell-store.ts';
import { type CellPlan, expectAllTaken, runCell, wayOut } from './matrix-cell.ts';
import type { Stage } from './matrix-table.ts';
import { runBackLeg } from './way-back.ts';

/** What a case system is told of where nothing is configured. */
const TOLD = ['Patient', 'Consent', 'ServiceRequest', 'Task'];

/** Out: it hears of a source's records. Back: of what was changed at the EHR. @throws when what must be true is not */
export async function runToWebhook(plan: CellPlan, stage: Stage): Promise<void> {
  const { url, calls, close } = await startReceiver();
  try {
    if (stage === 'back-leg')
      await runBackLeg(plan, url, async (_place, changed) => expectEvents(calls, changed));
    else
      await runCell(
        plan,
        wayOut(async (place, records) => {
          await expectAllTaken(place, records);
          const held = [...(await heldByAdapter(place.store))].map(
            ([key, { versions }]) => [key, versions] as const,
          );
          expectEvents(calls, new Map(held.filter(([key]) => TOLD.includes(key.split('/')[0]!))));
        }),
        { webhookUrl: url },
      );
  } finally {
    await close();
  }
}

/** @param versions by `Type/id`, of what must have been told */
function expectEvents(calls: readonly Call[], versions: ReadonlyMap<string, number>): void {
  const latest = new Map(calls.map(({ event }) => [event.reference as string, event.version]));
  expect(versions.size).toBeGreaterThan(0);
  for (const [key, version] of versions) expect(latest.get(key), key).toBe(version);
  expectOrder(calls.map(({ event }) => event));
}

/** What an event refers to was told before it, and the events of a resource come as they were made. */
function expectOrder(events: readonly Call['event'][]): void {
  const told = new Map<string, number>();
  const isToldEver = new Set<string>(events.map(({ reference }) => reference));
  for (const { reference, sequence, resource } of events) {
    for (const key of resource ? referencesOf(resource) : [])
      if (isToldEver.has(key)) expect(told.has(key), `${key} before ${reference}`).toBe(true);
    expect(sequence, reference).toBeGreaterThanOrEqual(told.get(reference) ?? 0);
    told.set(reference, sequence);
  }
}
