/** Turns configured targets into what a comparison of them with the store needs. */
import type { TargetConfig } from '../../config.ts';
import type { Definitions } from '../../fhir/definitions.ts';
import type { Store } from '../../store/store.ts';
import { createFhirClient } from '../../target/fhir/fhir-client.ts';
import { createShareGate } from '../../target/share-gate.ts';
import { createExchange } from '../../wire/exchange.ts';
import { neededSecret } from '../secret.ts';
import type { Workshop } from './workshop.ts';

export interface PlacesOptions {
  readonly store: Store;
  readonly definitions: Definitions;
  readonly clock: () => number;
}

/** @returns what finds a target by its name; its connections are opened when it is asked for */
export function placesOf(
  targets: readonly TargetConfig[],
  { store, definitions, clock }: PlacesOptions,
): Workshop['placeOf'] {
  const { exchange } = createExchange({ maxSockets: 2 });
  return (name) => {
    const target = targets.find((one) => one.name === name);
    if (target?.kind !== 'fhir') return undefined; // only a FHIR server can be asked what it holds
    const token = neededSecret(target.bearerTokenEnv);
    const client = createFhirClient({
      rules: { target: name, lockedStatuses: [423], lockedCodes: [] },
      baseUrl: target.url,
      exchange,
      deadlineMs: target.deadlineMs,
      clock,
      ...(token === undefined ? {} : { token: async () => token }),
    });
    return { client, ids: target.ids, gate: createShareGate({ store, target, clock, definitions }) };
  };
}

/** @returns names of the targets that cannot be asked what they hold */
export function unaskedOf(targets: readonly TargetConfig[]): ReadonlySet<string> {
  return new Set(targets.flatMap(({ name, kind }) => (kind !== 'fhir' ? [name] : [])));
}
