/** A real store with a target and what is between them, for the tests of the way out. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { digestOf } from '../../src/fhir/digest.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import type { CommitResult, Identified, Store } from '../../src/store/store.ts';
import { createDelivery, type DeliveryOptions, type Gate } from '../../src/target/fhir/deliver-group.ts';
import type { Target } from '../../src/target/target.ts';

const definitions = loadBaseDefinitions();

export interface TestStore {
  readonly store: Store;
  /** Commits resources as one record of a source, to be delivered to target `ehr`. */
  put(key: string, ...resources: Identified[]): Promise<CommitResult>;
  close(): Promise<void>;
}

export async function openTestStore(clock: () => number): Promise<TestStore> {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  const store = await openSqliteStore({ file: join(folder, 'hedgerow.sqlite'), definitions });
  await store.openReceipt({
    id: 'receipt',
    source: 'test',
    kind: 'any',
    receivedMs: clock(),
    file: undefined,
  });
  const put = async (key: string, ...resources: Identified[]): Promise<CommitResult> => {
    const record = {
      source: 'test',
      kind: 'any',
      key,
      digest: digestOf(resources),
      mapDigest: 'map',
      payload: {},
      ownerOrg: 'org',
      sourceTimeMs: clock(),
      timeOf: 'source' as const,
      receiptId: 'receipt',
      resources: resources.map((resource) => ({ resource, partial: false })),
      warnings: [],
    };
    const rules = {
      check: () => [],
      provenanceId: () => undefined,
      provenance: () => undefined,
      route: () => ['ehr'],
    };
    const [result] = await store.commit([record], rules, clock());
    return result!;
  };
  const close = async (): Promise<void> => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { store, put, close };
}

export const openGate: Gate = async ({ resource }) => ({ send: true, resource });

export function deliveryOf(
  store: Store,
  target: Target,
  options: Partial<DeliveryOptions> & Pick<DeliveryOptions, 'clock'>,
) {
  return createDelivery({ store, target, gate: openGate, random: () => 0.5, ...options });
}

export async function outboxOf(
  store: Store,
): Promise<{ waiting: number; claimed: number; parked: number; held: number; delivered: number }> {
  const found = (await store.counts()).targets.find((one) => one.target === 'ehr');
  const { waiting = 0, claimed = 0, parked = 0, held = 0, delivered = 0 } = found ?? {};
  return { waiting, claimed, parked, held, delivered };
}

/** @returns once it is so; the test's own timeout ends a wait in vain */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}
