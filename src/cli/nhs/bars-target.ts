/** Turns the configuration of a BaRS service into the target that sends referrals to it, and its gate. */
import { randomUUID } from 'node:crypto';
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import type { NhsConfig } from '../../config/nhs.ts';
import type { TargetConfig } from '../../config.ts';
import type { Definitions } from '../../fhir/definitions.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { createBarsClient } from '../../nhs/bars/client.ts';
import { LIVE_VERSION } from '../../nhs/bars/codes.ts';
import type { Store } from '../../store/store.ts';
import { createBarsTarget } from '../../target/bars/bars.ts';
import { createBarsGate } from '../../target/bars/gate.ts';
import type { Gate } from '../../target/gate.ts';
import { agreedFor } from '../../target/route.ts';
import { createShareGate } from '../../target/share-gate.ts';
import type { Target } from '../../target/target.ts';
import { VERSION } from '../load.ts';
import type { NhsAccess } from './access.ts';

export interface BarsSurroundings {
  readonly store: Store;
  readonly definitions: Definitions;
  readonly access: NhsAccess | undefined;
  readonly nhs: NhsConfig | undefined;
  readonly clock: () => number;
  /** @returns what is wrong with a resource as FHIR */
  readonly validate: (resource: Resource) => readonly OperationOutcomeIssue[];
}

/** @returns the target, and the gate that its deliveries go through @throws AdapterError when the configuration lacks what BaRS needs */
export function openBars(
  target: TargetConfig,
  around: BarsSurroundings,
): { readonly target: Target; readonly gate: Gate } {
  const { store, definitions, clock, access, nhs } = around;
  const { service, useCase } = target;
  if (!access || !nhs?.bars || !service || !useCase) throw notConfigured(target.name);
  const { software } = nhs;
  const version = software.version ?? VERSION;
  // what a message carries beside the referral is asked of the same rules, whatever its type
  const strict = createShareGate({
    ...{ store, definitions, clock },
    target: { ...target, send: { ...target.send, types: undefined } },
  });
  const { dosServiceId, contact, productId } = nhs.bars;
  const made = createBarsTarget({
    ...{ name: target.name, store, clock, gate: strict, agreed: agreedFor(target) },
    client: createBarsClient({
      baseUrl: target.url.replace(/\/$/, ''),
      ...{ deadlineMs: target.deadlineMs, clock, exchange: access.exchange, tokens: access.tokens },
    }),
    settings: {
      ...{ service, useCase, version: target.version ?? LIVE_VERSION },
      source: {
        name: nhs.organisation?.name ?? software.name,
        ...{ software: software.name, version, dosServiceId, contact },
      },
    },
    software: { name: software.manufacturer, version, identifier: productId },
    inErrorReason: target.inErrorReason ?? 'update',
    checksDefinitions: target.checkDefinitions ?? true,
    // the Bundle itself is right by how it is made; what it holds comes from records
    check: ({ entry }) =>
      (entry ?? []).flatMap(({ resource }) => (resource ? around.validate(resource) : [])),
    newId: randomUUID,
  });
  const asked = createShareGate({ store, target, definitions, clock });
  return { target: made, gate: createBarsGate({ store, gate: asked, target: target.name, service }) };
}

function notConfigured(name: string): AdapterError {
  const diagnostics = `Target ${name} sends by BaRS, which needs "nhs" with "bars" (our id in the Directory of Services), and of the target "service" and "useCase". See docs/bars.md.`;
  return new AdapterError('permanent', issueOf({ code: 'required', rule: 'config-bars', diagnostics }));
}
