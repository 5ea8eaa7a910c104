/** Whole adapters against a sandbox EHR on this machine, closed after each test. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { pino } from 'pino';
import { afterEach } from 'vitest';
import { type Adapter, openAdapter } from '../../../src/cli/adapter.ts';
import { loadParts, ROOT } from '../../../src/cli/load.ts';
import { loadConfig } from '../../../src/config.ts';
import { digestOf } from '../../../src/fhir/digest.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/server.ts';
import type { CommitResult, Identified } from '../../../src/store/store.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-ehr-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Ehr extends Sandbox {
  read(key: string): Promise<Resource | undefined>;
  put(resource: Resource): Promise<void>;
  search(query: string): Promise<readonly Resource[]>;
  /** version ids of all that it holds */
  versions(): Promise<Readonly<Record<string, string>>>;
}

const TYPES = [
  'Patient',
  'ServiceRequest',
  'Task',
  'Consent',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'HealthcareService',
  'EpisodeOfCare',
  'Condition',
  'Observation',
  'QuestionnaireResponse',
  'CarePlan',
  'Goal',
  'Flag',
  'RelatedPerson',
  'Location',
  'Encounter',
  'Procedure',
  'Provenance',
  'Appointment',
  'VerificationResult',
];

export async function startEhr(): Promise<Ehr> {
  const sandbox = await startSandbox({ port: 0, file: join(temporaryFolder(), 'ehr.sqlite') });
  undo.push(() => sandbox.close());
  const search = async (query: string): Promise<readonly Resource[]> => {
    const bundle = (await (await fetch(`${sandbox.url}/${query}`)).json()) as Bundle;
    return (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
  };
  return {
    ...sandbox,
    search,
    async read(key) {
      const answer = await fetch(`${sandbox.url}/${key}`);
      return answer.status === 200 ? ((await answer.json()) as Resource) : undefined;
    },
    async put(resource) {
      const answer = await fetch(`${sandbox.url}/${resource.resourceType}/${resource.id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/fhir+json' },
        body: JSON.stringify(resource),
      });
      if (!answer.ok) throw new Error(`the EHR answered ${answer.status}`);
    },
    async versions() {
      const all = (await Promise.all(TYPES.map((type) => search(`${type}?_count=1000`)))).flat();
      return Object.fromEntries(all.map((one) => [`${one.resourceType}/${one.id}`, one.meta!.versionId!]));
    },
  };
}

export const RECEIVE = {
  types: ['Patient', 'Consent', 'ServiceRequest', 'Task'],
  everySeconds: 0.2,
  since: '2020-01-01T00:00:00Z',
};

/** Environment variable with the secret of hooks. */
export const HOOK_SECRET_ENV = 'HEDGEROW_TEST_HOOK_SECRET';
const HOOK_SECRET = 'a secret of tests';

export interface HookOptions {
  readonly method?: string;
  /** behind `/subscriptions/` */
  readonly path?: string;
  readonly secret?: string | undefined;
  readonly body?: unknown;
}

/** Calls an adapter as an EHR does. */
export async function hook(
  adapter: { readonly url: string },
  { method = 'POST', path = 'ehr', body, ...more }: HookOptions = {},
): Promise<Response> {
  const secret = 'secret' in more ? more.secret : HOOK_SECRET;
  const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
  return await fetch(`${adapter.url}/subscriptions/${path}`, {
    method,
    headers: {
      ...(secret === undefined ? {} : { 'x-hedgerow-secret': secret }),
      'content-type': 'application/fhir+json',
    },
    ...(method === 'GET' ? {} : { body: text }),
  });
}

/** @param receive as in the configuration @param others targets beside the EHR, likewise @param more what else is configured of the EHR */
export async function startAdapter(
  ehr: { readonly url: string },
  receive: object = RECEIVE,
  others: readonly object[] = [],
  more: object = {},
): Promise<Adapter> {
  process.env[HOOK_SECRET_ENV] = HOOK_SECRET;
  const folder = temporaryFolder();
  const target = { name: 'ehr', url: ehr.url, requiresVerifiedNhsNumber: false, receive, ...more };
  writeFileSync(
    join(folder, 'hedgerow.config.json'),
    JSON.stringify({
      port: 0,
      dataDir: join(folder, 'data'),
      access: { open: true },
      targets: [target, ...others],
    }),
  );
  const config = loadConfig({ cwd: folder, root: ROOT, path: 'hedgerow.config.json' });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  const parts = loadParts(config.value, ROOT);
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome));
  const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
  const adapter = await openAdapter({
    config: config.value,
    parts: parts.value,
    clock: Date.now,
    log,
    token: 'test',
  });
  undo.push(() => adapter.stop());
  return adapter;
}

let records = 0;
/** Commits resources as one record of a case system that speaks FHIR. */
export async function say(adapter: Adapter, key: string, ...resources: Identified[]): Promise<CommitResult> {
  records += 1;
  const nowMs = Date.now();
  const receipt = {
    id: `say-${process.pid}-${records}`,
    source: 'case-system',
    kind: 'any',
    receivedMs: nowMs,
    file: undefined,
  };
  const record = {
    ...{ source: 'case-system', kind: 'any', key, mapDigest: 'none', payload: {}, ownerOrg: 'org' },
    ...{ sourceTimeMs: nowMs, timeOf: 'source' as const, receiptId: receipt.id, warnings: [] },
    digest: digestOf([resources, records]),
    resources: resources.map((resource) => ({ resource, partial: false })),
  };
  const [result] = await adapter.pipeline.take([record], receipt);
  return result!;
}

/** @returns the resource of one type that a store holds */
export async function only(adapter: Adapter, type: string): Promise<Identified | undefined> {
  const { versions } = await adapter.store.search({ type, clauses: [], count: 2 });
  return versions.length === 1 ? versions[0]?.resource : undefined;
}

/** @returns once it is so; the test's own timeout ends a wait in vain */
export async function until(isSo: () => Promise<unknown>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** @returns once nothing has changed at the EHR for a while, and nothing waits in any adapter */
export async function quiet(ehr: Ehr, ...adapters: Adapter[]): Promise<Readonly<Record<string, string>>> {
  let before = '';
  for (;;) {
    const versions = await ehr.versions();
    const counts = await Promise.all(adapters.map((one) => one.store.counts()));
    const waiting = counts
      .flatMap((one) => one.targets)
      .reduce((sum, one) => sum + one.waiting + one.claimed, 0);
    const now = JSON.stringify([versions, waiting]);
    if (waiting === 0 && now === before) return versions;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
