/** Makes synthetic deliveries and reads what a FHIR server holds, for the tests of targets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { digestOf } from '../../src/fhir/digest.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/server.ts';
import type { Identified, TargetLink } from '../../src/store/store.ts';
import type { Delivered, Delivery } from '../../src/target/target.ts';

export const NOW_MS = Date.parse('2026-03-02T09:00:00Z');

export function patient(id: string, extra: object = {}): Identified {
  return {
    resourceType: 'Patient',
    id,
    meta: { versionId: '3', lastUpdated: '2026-03-01T09:00:00Z' },
    ...extra,
  };
}

export function referral(id: string, person: string, extra: object = {}): Identified {
  return {
    resourceType: 'ServiceRequest',
    id,
    status: 'active',
    intent: 'order',
    subject: { reference: `Patient/${person}` },
    ...extra,
  };
}

let seq = 0;

export function delivery(
  resource: Identified,
  options: { ambiguous?: boolean; link?: TargetLink; earlier?: readonly Identified[]; version?: number } = {},
): Delivery {
  seq += 1;
  const { resourceType: type, id } = resource;
  return {
    entry: {
      seq,
      target: 'ehr',
      deliveryKey: 'person',
      type,
      id,
      version: options.version ?? 1,
      action: 'put',
      attempt: 0,
      ambiguous: options.ambiguous ?? false,
    },
    resource,
    digest: digestOf(resource),
    link: options.link,
    earlier: async () => options.earlier ?? [],
  };
}

export function removal(type: string, id: string, link?: TargetLink): Delivery {
  const put = delivery({ resourceType: type, id } as Identified, link ? { link } : {});
  return { ...put, entry: { ...put.entry, action: 'delete' }, resource: undefined };
}

/** @throws when it was not delivered, with what was said instead */
export function linkOf(delivered: Delivered | undefined): TargetLink {
  if (!delivered?.ok) throw new Error(JSON.stringify(delivered));
  return delivered.link;
}

export interface TestEhr extends Sandbox {
  read(key: string): Promise<Resource | undefined>;
  /** versions ever written, deletions included */
  versions(key: string): Promise<number>;
  search(query: string): Promise<Resource[]>;
  put(resource: Identified): Promise<void>;
  remove(key: string): Promise<void>;
}

/** A sandbox EHR in a temporary folder. */
export async function startEhr(options: Partial<SandboxOptions> = {}): Promise<TestEhr> {
  const folder = mkdtempSync(join(tmpdir(), 'ehr-'));
  const sandbox = await startSandbox({ port: 0, file: join(folder, 'ehr.sqlite'), ...options });
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`${sandbox.url}/${path}`);
    const body: unknown = await response.json();
    return response.ok ? body : undefined;
  };
  return {
    url: sandbox.url,
    read: async (key) => (await get(key)) as Resource | undefined,
    versions: async (key) => ((await get(`${key}/_history`)) as Bundle | undefined)?.total ?? 0,
    search: async (query) => ((await get(query)) as Bundle).entry?.map((entry) => entry.resource!) ?? [],
    put: async (resource) => {
      const headers = { 'content-type': 'application/fhir+json' };
      const url = `${sandbox.url}/${resource.resourceType}/${resource.id}`;
      const response = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(resource) });
      if (!response.ok) throw new Error(`the sandbox answered ${response.status}`);
    },
    remove: async (key) => void (await fetch(`${sandbox.url}/${key}`, { method: 'DELETE' })),
    close: async () => {
      await sandbox.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
