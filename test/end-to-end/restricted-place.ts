/** Runs an adapter beside PDS for a person whose whereabouts are distinctive, and keeps all that leaves it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach } from 'vitest';
import { type Adapter, openAdapter } from '../../src/cli/adapter.ts';
import { loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { journeys } from '../faults/journeys.ts';
import { type PdsServer, startPds } from '../servers/pds.ts';
import { type PdsRecord, pdsRecord } from '../servers/pds-records.ts';
import { startReceiver } from '../servers/webhook-receiver.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

export const NUMBER = '9990000018';
/** What would lead to the person, as it stands in their records and at PDS. */
export const TRACES = [
  'Thimblewick',
  'ZZ99 4QQ',
  'zz99 4qq',
  '07700 900987',
  'zq@example.org',
  'Y98765',
  'Quarry Steps',
];
const SECRET_ENV = 'HEDGEROW_TEST_RESTRICTED_SECRET';
process.env[SECRET_ENV] = 'a secret of tests';

export type Body = { updatedAt: string; client: Record<string, unknown>; referral: Record<string, unknown> };

export function referral(minute: number, more: object = {}): Body {
  const [{ body }] = journeys(1, 1) as unknown as [{ body: Body }];
  const mine = structuredClone(body);
  mine.updatedAt = new Date(Date.now() + minute * 60_000).toISOString();
  const { practice: _practice, ...client } = mine.client;
  mine.client = {
    ...client,
    ...{ nhsNumber: NUMBER, nhsNumberTrace: 'UNTRACED', lastName: 'Quillfeather', birthDate: '1961-04-09' },
    address: { lines: ['4 Thimblewick Lane'], postcode: 'ZZ99 4QQ' },
    contact: { mobile: '07700 900987', email: 'zq@example.org' },
    ...more,
  };
  return mine;
}

export async function until(isSo: () => Promise<unknown>): Promise<void> {
  for (let times = 0; !(await isSo()); times++)
    if (times > 1_000) throw new Error('it did not come about');
    else await new Promise((resolve) => setTimeout(resolve, 50));
}

export interface Place {
  readonly adapter: Adapter;
  readonly pds: PdsServer;
  readonly folder: string;
  readonly log: string[];
  readonly left: () => string[];
  post(body: Body): Promise<number>;
  quiet(): Promise<void>;
}

/** @returns the person as PDS has them */
export function atPds(security: 'U' | 'R', version: string): PdsRecord {
  return pdsRecord(NUMBER, {
    ...{ family: 'QUILLFEATHER', security, version },
    address: [{ use: 'home', line: ['17 Quarry Steps'], postalCode: 'ZZ99 4QQ' }],
    generalPractitioner: [{ identifier: { value: 'Y98765' } }],
  });
}

export interface PlaceOptions {
  readonly databaseUrl?: string;
  /** label of the person at PDS at first */
  readonly security?: 'U' | 'R';
  /** members of the configuration beside the webhook target `ehr` and PDS */
  readonly targets?: (url: string) => readonly object[];
  readonly nhs?: object;
}

/** @returns an adapter with PDS, and a webhook that takes restricted people */
export async function open(options: PlaceOptions = {}): Promise<Place> {
  const { databaseUrl, security = 'R' } = options;
  const folder = mkdtempSync(join(tmpdir(), 'restricted-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const pds = await startPds();
  undo.push(() => pds.close());
  const receiver = await startReceiver();
  undo.push(() => receiver.close());
  pds.put(atPds(security, '1'));
  const target = {
    kind: 'webhook',
    name: 'ehr',
    url: receiver.url,
    secretEnv: SECRET_ENV,
    allowRestricted: true,
    send: { origin: 'elsewhere' },
  };
  const settings = {
    port: 0,
    access: { open: true },
    dataDir: join(folder, 'data'),
    targets: [target, ...(options.targets?.(receiver.url) ?? [])],
    nhs: { pds: { baseUrl: pds.url, trace: false }, ...options.nhs },
  };
  writeFileSync(
    join(folder, 'hedgerow.config.json'),
    JSON.stringify({
      ...settings,
      ...(databaseUrl ? { databaseUrlEnv: 'HEDGEROW_TEST_RESTRICTED_DB' } : {}),
    }),
  );
  if (databaseUrl) process.env.HEDGEROW_TEST_RESTRICTED_DB = databaseUrl;
  const config = loadConfig({ cwd: folder, root: ROOT, path: 'hedgerow.config.json' });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  const parts = loadParts(config.value, ROOT);
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome));
  const log: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log.push(String(chunk));
      done();
    },
  });
  const adapter = await openAdapter({
    ...{ config: config.value, parts: parts.value, clock: Date.now, token: 'test' },
    log: pino({ level: 'trace' }, stream),
  });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await adapter.stop();
    isOpen = false;
  };
  undo.push(close);
  return {
    adapter: { ...adapter, stop: close },
    pds,
    folder,
    log,
    left: () => [
      ...receiver.calls.map(({ body, headers }) => body + JSON.stringify(headers)),
      ...pds.seen.map(({ path, query, headers }) => `${path}?${query}${JSON.stringify(headers)}`),
    ],
    post: async (body) => {
      const request = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      };
      return (await fetch(`${adapter.url}/intake/platform/referral`, request)).status;
    },
    async quiet() {
      const waiting = async (): Promise<number> =>
        (await adapter.store.counts()).targets.reduce((sum, one) => sum + one.waiting + one.claimed, 0);
      await until(async () => (await waiting()) === 0);
    },
  };
}

export const found = (texts: readonly (string | Buffer)[]): string[] =>
  TRACES.filter((trace) => texts.some((text) => text.includes(trace)));
