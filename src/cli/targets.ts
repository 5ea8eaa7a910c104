/** Turns configured targets into workers that deliver to them, each with its own gate and token. */
import type { Logger } from 'pino';
import type { ActivitiesConfig } from '../config/directory.ts';
import type { NhsConfig } from '../config/nhs.ts';
import { type TargetConfig, targetOf } from '../config.ts';
import type { Definitions } from '../fhir/definitions.ts';
import { ruleOf } from '../fhir/outcome.ts';
import { type OutboxWorker, openWorker } from '../outbox/worker.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Store } from '../store/store.ts';
import { createActivityGate } from '../target/activity-gate.ts';
import { createDelivery } from '../target/fhir/deliver-group.ts';
import { createFhirServerTarget } from '../target/fhir/fhir-server.ts';
import type { Gate } from '../target/gate.ts';
import { createShareGate } from '../target/share-gate.ts';
import type { Target } from '../target/target.ts';
import type { Validator } from '../validation/validator.ts';
import { fitRulesOf } from './directory/directories.ts';
import type { NhsAccess } from './nhs/access.ts';
import { openBars } from './nhs/bars-target.ts';
import type { MeshChannels } from './nhs/mesh.ts';
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
  /** commits what a target says of what it was sent; its changes are those of the source of its name */
  readonly take: Pipeline['take'];
  /** undefined where no NHS service is configured */
  readonly access: NhsAccess | undefined;
  readonly nhs: NhsConfig | undefined;
  /** what an activity is held to before somebody is referred there */
  readonly activities: ActivitiesConfig;
  readonly validator: Pick<Validator, 'validate'>;
  /** what targets of kind document deliver to, by name */
  readonly documents: ReadonlyMap<string, { readonly target: Target; readonly gate: Gate }>;
  /** mailboxes that messages go through, by name */
  readonly mesh: MeshChannels;
  readonly clock: () => number;
  readonly log: Logger;
}

/** @throws AdapterError when a secret is not to be had */
export function openTarget(target: TargetConfig, around: TargetSurroundings): OutboxWorker {
  const { store, clock, log } = around;
  const deliver = createDelivery({
    store,
    ...openPlace(target, around),
    clock,
    random: Math.random,
    receipts: target.receipts,
    report: (issue) =>
      log.warn(
        { target: target.name, rule: ruleOf(issue) },
        'a delivery was made, and somebody must look: see the worklist',
      ),
    ...(target.kind === 'fhir' ? {} : { bring: bringTo(target, around) }),
  });
  return openWorker({
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

function openPlace(
  target: TargetConfig,
  around: TargetSurroundings,
): { readonly target: Target; readonly gate: Gate } {
  const { store, clock, definitions, validator } = around;
  const documents = around.documents.get(target.name);
  if (documents) return documents;
  const rules = fitRulesOf(around.activities);
  const fitting = { store, clock, rules, atSending: around.activities.atSending };
  if (target.kind === 'bars') {
    const bars = openBars(target, { ...around, validate: (resource) => validator.validate(resource) });
    return { ...bars, gate: createActivityGate(bars.gate, { ...fitting, isAskedOfTasks: true }) };
  }
  return {
    target: target.kind === 'webhook' ? openWebhook(target, around) : openFhirServer(target, around),
    gate: createActivityGate(createShareGate({ store, target, clock, definitions }), fitting),
  };
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
