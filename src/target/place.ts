/** One server as a call of `deliver` sees it: its client, who names resources there, and what becomes of twins. */
import type { FhirClient } from './fhir/fhir-client.ts';

/** What is done with the younger of two copies; only ever with one that nobody changed there. */
export type TwinPolicy = 'report' | 'entered-in-error' | 'delete';

/** One server, as one call of `deliver` sees it. */
export interface Place {
  readonly client: FhirClient;
  /** who names new resources: we, by PUT, or the server, by POST */
  readonly ids: 'client' | 'server';
  /** our `Type/id` → the server's, for what was created in this call */
  readonly remoteKeys: Map<string, string>;
  /** default `report` */
  readonly twins?: TwinPolicy;
}
