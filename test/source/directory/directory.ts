/** A store, a pipeline and a directory on loopback, and what takes the one into the other; closed after each test. */
import { join } from 'node:path';
import type { HealthcareService, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { afterEach } from 'vitest';
import { directoryOptions } from '../../../src/cli/directory/directories.ts';
import { type LoadedParts, loadParts, ROOT } from '../../../src/cli/load.ts';
import { loadConfig } from '../../../src/config.ts';
import { configSchema } from '../../../src/config-schema.ts';
import { createPipeline, type Pipeline } from '../../../src/pipeline.ts';
import type { FitRules } from '../../../src/referral/activity-fit.ts';
import { activityKey } from '../../../src/source/directory/review.ts';
import { type DirectoryOptions, lookAtDirectory } from '../../../src/source/directory/run.ts';
import { readJson } from '../../../src/source/read-json.ts';
import type { Store } from '../../../src/store/store.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
import { type HsdsService, type OpenReferralServer, startOpenReferral } from '../../servers/open-referral.ts';
import { temporaryStore } from '../../store/temporary.ts';

export const NOW_MS = Date.UTC(2026, 5, 30, 12);
export const NO_RULES: FitRules = { requiredChecks: [], postcodesOf: {} };

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

export interface Bench {
  readonly directory: OpenReferralServer;
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly options: DirectoryOptions;
  /** waits for the pace, in milliseconds: nobody waits here */
  readonly waits: readonly number[];
  /** time passes only here */
  nowMs: number;
  look(wantsFull?: boolean): ReturnType<typeof lookAtDirectory>;
  service(id: string): Promise<HealthcareService | undefined>;
  /** what items of a rule on the worklist say */
  work(rule: string): Promise<readonly string[]>;
  /** takes services in as a file in the folder of the source has them */
  drop(services: readonly object[]): Promise<void>;
  /** takes rows of quality checks in, as a file of them is */
  check(rows: readonly object[]): Promise<void>;
}

let loaded: LoadedParts | undefined;
/** The maps of directories beside those of the demonstration, loaded once a test file. */
function parts(): LoadedParts {
  if (loaded) return loaded;
  const config = loadConfig({ cwd: ROOT, root: ROOT });
  const directories = { folder: join(ROOT, 'mappings/open-referral-uk'), ownerOrg: 'local' };
  const result = config.ok
    ? loadParts({ ...config.value, sources: [...config.value.sources, directories] }, ROOT)
    : config;
  if (!result.ok) throw new Error(JSON.stringify(result.outcome));
  loaded = result.value;
  return loaded;
}

/** @param settings of the directory, as the configuration has them */
export async function openBench(services: readonly HsdsService[], settings: object = {}): Promise<Bench> {
  const directory = await startOpenReferral(services);
  undo.push(() => directory.close());
  const store = await temporaryStore();
  const clock = (): number => bench.nowMs;
  const { sources, maps, validator, claims } = parts();
  const config = configSchema.parse({
    directories: [{ name: 'city', url: directory.url, perSecond: 50, perPage: 2, ...settings }],
  });
  const common = { ...{ maps, validator, claims, store, clock }, ownerOrg: () => 'X26', route: () => [] };
  const pipeline = createPipeline({ ...common, fit: NO_RULES });
  const [one] = config.directories;
  const { exchange, close } = createExchange({ maxResponseBytes: one!.maxMegabytes * 1024 * 1024 });
  undo.push(close);
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<unknown> => waits.push(ms);
  const around = { config, store, pipeline, sources, exchange, clock, sleep };
  const options = directoryOptions(one!, { ...around, wake: () => {} });
  const bench: Bench = {
    ...{ directory, store, pipeline, options, waits },
    nowMs: NOW_MS,
    look: (wantsFull) => lookAtDirectory(options, new AbortController().signal, wantsFull),
    service: async (id) =>
      (await store.read('HealthcareService', activityKey('open-referral-uk', id).slice(18)))?.resource as
        | HealthcareService
        | undefined,
    async drop(services) {
      const reader = sources.get('open-referral-uk')!.kinds.get('service')!;
      const read = readJson(reader, JSON.stringify(services), { nowMs: bench.nowMs, file: 'services.json' });
      await pipeline.ingest('open-referral-uk', 'service', read, { file: 'services.json' });
    },
    async check(rows) {
      const reader = sources.get('open-referral-uk')!.kinds.get('check')!;
      const read = readJson(reader, JSON.stringify(rows), { nowMs: bench.nowMs });
      await pipeline.ingest('open-referral-uk', 'check', read);
    },
    work: async (rule) =>
      (await store.worklist({ open: true, rule, count: 50 })).map(
        ({ outcome }) => outcome.issue[0]?.diagnostics ?? '',
      ),
  };
  return bench;
}

/** @param more members beside those that each has */
export function service(number: number, more: object = {}): HsdsService {
  return {
    id: `svc-${number}`,
    name: `Activity ${number}`,
    status: 'active',
    last_modified: `2026-06-01T10:00:0${number % 10}Z`,
    organization: { id: 'org-1', name: 'Provider' },
    ...more,
  };
}

/** Commits a referral of a person to an activity, as if it had come from an EHR. */
export async function refer(
  { pipeline, nowMs }: Pick<Bench, 'pipeline' | 'nowMs'>,
  activity: string,
  more: { readonly patient?: object; readonly request?: object } = {},
): Promise<ServiceRequest> {
  const patient = { resourceType: 'Patient', id: 'person-1', name: [{ family: 'Made-up' }], ...more.patient };
  const request = {
    resourceType: 'ServiceRequest',
    id: 'onward-1',
    status: 'active',
    intent: 'order',
    code: { text: 'Activity' },
    subject: { reference: 'Patient/person-1' },
    requester: { display: 'Link worker' },
    reasonCode: [{ text: 'Lonely' }],
    performer: [{ reference: activity }],
    ...more.request,
  };
  const resources = [patient, request].map((resource) => ({
    resource: resource as Resource & { id: string },
    partial: false,
  }));
  const receipt = {
    id: `r-${nowMs}-${Math.random()}`,
    source: 'ehr',
    kind: 'change',
    receivedMs: nowMs,
    file: undefined,
  };
  const common = {
    source: 'ehr',
    kind: 'ServiceRequest',
    key: 'onward-1',
    digest: `d-${Math.random()}`,
    mapDigest: 'fhir',
  };
  const [done] = await pipeline.take(
    [
      {
        ...common,
        payload: {},
        ownerOrg: 'X26',
        sourceTimeMs: nowMs,
        timeOf: 'reading',
        receiptId: receipt.id,
        resources,
        warnings: [],
      },
    ],
    receipt,
  );
  if (done?.state === 'refused') throw new Error('the referral was refused');
  return request as unknown as ServiceRequest;
}
