/** Turns configured targets into workers that deliver to them, each with its own gate and token. */
import type { Logger } from 'pino';
import { type TargetConfig, targetOf } from '../config.ts';
import type { Definitions } from '../fhir/definitions.ts';
import { ruleOf } from '../fhir/outcome.ts';
import { type OutboxWorker, startWorker } from '../outbox/worker.ts';
import type { Store } from '../store/store.ts';
import { createDelivery } from '../target/deliver-group.ts';
import { createFhirServerTarget } from '../target/fhir-server.ts';
import { createShareGate } from '../target/share-gate.ts';
import type { Target } from '../target/target.ts';
import { neededSecret } from './secret.ts';
import { bringTo, openWebhook } from './webhook-target.ts';

/** Name of the sandbox EHR among the targets. */
export const SANDBOX_NAME = 'sandbox-ehr';
const LEASE_MS = 60_000;
/** Entries of one person that travel together at most. */
const GROUP = 50;

/** @returns the sandbox EHR as a target that takes everybody */
export function sandboxTarget(url: string): TargetConfig {
  return targetOf({ name: SANDBOX_NAME, url, requiresVerifiedNhsNumber: false });
}

export interface TargetSurroundings {
  readonly store: Store;
  readonly definitions: Definitions;
  readonly clock: () => number;
  readonly log: Logger;
}

/** @throws AdapterError when a secret is not to be had */
export function openTarget(target: TargetConfig, around: TargetSurroundings): OutboxWorker {
  const { store, clock, log, definitions } = around;
  const isWebhook = target.kind === 'webhook';
  const deliver = createDelivery({
    store,
    target: isWebhook ? openWebhook(target, around) : openFhirServer(target, around),
    gate: createShareGate({ store, target, clock, definitions }),
    clock,
    random: Math.random,
    receipts: target.receipts,
    report: (issue) =>
      log.warn(
        { target: target.name, rule: ruleOf(issue) },
        'a delivery was made, and somebody must look: see the worklist',
      ),
    ...(isWebhook ? { bring: bringTo(target, around) } : {}),
  });
  return startWorker({
    store,
    target: target.name,
    deliver,
    clock,
    concurrency: target.concurrency,
    leaseMs: LEASE_MS,
    maxEntries: GROUP,
    onError: (error) =>
      log.error(
        { target: target.name, rule: error instanceof Error ? error.name : 'unknown' },
        'a delivery failed unexpectedly; it is tried again',
      ),
  });
}

function openFhirServer(target: TargetConfig, { clock }: TargetSurroundings): Target {
  const token = neededSecret(target.bearerTokenEnv);
  return createFhirServerTarget({
    name: target.name,
    baseUrl: target.url,
    ids: target.ids,
    twins: target.twins,
    verify: target.verify,
    deadlineMs: target.deadlineMs,
    clock,
    ...(token === undefined ? {} : { token: async () => token }),
  });
}
