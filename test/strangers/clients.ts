/** Turns three FHIR clients that others have written into one set of calls, so that the same referral can be done by each. */

import { createRequire } from 'node:module';
import { MedplumClient, type PatchOperation } from '@medplum/core';
import type { Bundle, Parameters, Resource } from '@medplum/fhirtypes';
import { Client as FhirKitClient } from 'fhir-kit-client';

/** What is used of it: its own types would bring a browser's globals into the whole project. */
interface SmartClient {
  request(asked: object): Promise<unknown>;
  create(resource: object): Promise<unknown>;
  update(resource: object): Promise<unknown>;
  patch(address: string, operations: readonly object[]): Promise<unknown>;
  delete(address: string): Promise<unknown>;
}
const smart = createRequire(import.meta.url)('fhirclient') as (
  request: object,
  response: object,
  storage: object,
) => { client(state: object): SmartClient };

export interface StrangerClient {
  capability(): Promise<Resource>;
  create<T extends Resource>(resource: T): Promise<T & { id: string }>;
  read(type: string, id: string): Promise<Resource>;
  vread(type: string, id: string, version: string): Promise<Resource>;
  update<T extends Resource>(resource: T & { id: string }): Promise<T>;
  patch(type: string, id: string, operations: readonly PatchOperation[]): Promise<Resource>;
  remove(type: string, id: string): Promise<unknown>;
  /** @param query as it stands behind the question mark */
  search(type: string, query: string): Promise<Bundle>;
  history(type: string, id: string): Promise<Bundle>;
  transaction(bundle: Bundle): Promise<Bundle>;
  everything(patientId: string): Promise<Bundle>;
  validate(resource: Resource): Promise<Resource>;
}

/** Opens a client on a server's FHIR base with an access token. */
export type OpenStranger = (base: string, token: string) => StrangerClient;

export const STRANGERS: Readonly<Record<string, OpenStranger>> = {
  'fhirclient (SMART JS)': openFhirClient,
  'fhir-kit-client': openFhirKit,
  MedplumClient: openMedplum,
};

function openFhirClient(base: string, token: string): StrangerClient {
  const nothing = {
    get: async () => undefined,
    set: async (_key: string, value: unknown) => value,
    unset: async () => true,
  };
  const client = smart({}, {}, nothing).client({
    serverUrl: base,
    tokenResponse: { access_token: token, token_type: 'bearer' },
  });
  const ask = <T>(path: string, more: object = {}) => client.request({ url: path, ...more }) as Promise<T>;
  const post = <T>(path: string, body: object) =>
    ask<T>(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/fhir+json' },
    });
  return {
    capability: () => ask('metadata'),
    create: (resource) => client.create(resource) as never,
    read: (type, id) => ask(`${type}/${id}`),
    vread: (type, id, version) => ask(`${type}/${id}/_history/${version}`),
    update: (resource) => client.update(resource) as never,
    patch: (type, id, operations) => client.patch(`${type}/${id}`, operations) as never,
    remove: (type, id) => client.delete(`${type}/${id}`),
    search: (type, query) => ask(`${type}?${query}`),
    history: (type, id) => ask(`${type}/${id}/_history`),
    transaction: (bundle) => post('', bundle),
    everything: (id) => ask(`Patient/${id}/$everything`),
    validate: (resource) => post(`${resource.resourceType}/$validate`, resource),
  };
}

function openFhirKit(base: string, token: string): StrangerClient {
  const client = new FhirKitClient({ baseUrl: base, bearerToken: token });
  return {
    capability: () => client.capabilityStatement() as never,
    create: (resource) =>
      client.create({ resourceType: resource.resourceType, body: resource as never }) as never,
    read: (resourceType, id) => client.read({ resourceType, id }) as never,
    vread: (resourceType, id, version) => client.vread({ resourceType, id, version }) as never,
    update: (resource) =>
      client.update({
        resourceType: resource.resourceType,
        id: resource.id,
        body: resource as never,
      }) as never,
    patch: (resourceType, id, operations) =>
      client.patch({ resourceType, id, jsonPatch: operations as never }) as never,
    remove: (resourceType, id) => client.delete({ resourceType, id }),
    search: (resourceType, query) =>
      client.search({ resourceType, searchParams: Object.fromEntries(new URLSearchParams(query)) }) as never,
    history: (resourceType, id) => client.history({ resourceType, id }) as never,
    transaction: (bundle) => client.transaction({ body: bundle as never }) as never,
    everything: (id) =>
      client.operation({ name: 'everything', resourceType: 'Patient', id, method: 'GET' }) as never,
    validate: (resource) =>
      client.operation({
        name: 'validate',
        resourceType: resource.resourceType,
        input: resource as never,
      }) as never,
  };
}

function openMedplum(base: string, token: string): StrangerClient {
  const url = new URL(base);
  const client = new MedplumClient({
    baseUrl: `${url.origin}/`,
    fhirUrlPath: url.pathname.replace(/^\//, ''),
    fetch,
    cacheTime: 0,
  });
  client.setAccessToken(token);
  return {
    capability: () => client.get(client.fhirUrl('metadata')),
    create: (resource) => client.createResource(resource) as never,
    read: (type, id) => client.readResource(type as 'Patient', id),
    vread: (type, id, version) => client.readVersion(type as 'Patient', id, version),
    update: (resource) => client.updateResource(resource) as never,
    patch: (type, id, operations) => client.patchResource(type as 'Patient', id, [...operations]),
    remove: (type, id) => client.deleteResource(type as 'Patient', id),
    search: (type, query) => client.search(type as 'Patient', query),
    history: (type, id) => client.readHistory(type as 'Patient', id),
    transaction: (bundle) => client.executeBatch(bundle as never) as never,
    everything: (id) => client.readPatientEverything(id),
    validate: (resource) => client.validateResource(resource),
  };
}

/** A FHIRPath Patch with one operation that replaces a code. */
export function replaceCode(path: string, code: string): Parameters {
  return {
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: [
          { name: 'type', valueCode: 'replace' },
          { name: 'path', valueString: path },
          { name: 'value', valueCode: code },
        ],
      },
    ],
  };
}
