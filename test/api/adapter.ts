/** The HTTP side on a free port of this machine, over a real store and the real pipeline, closed after each test. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, OperationOutcome } from '@medplum/fhirtypes';
import { pino } from 'pino';
import { afterEach, expect } from 'vitest';
import { type AppOptions, createApp } from '../../src/api/server.ts';
import { listen } from '../../src/cli/listening.ts';
import { type LoadedParts, loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { consoleRoutes } from '../../src/console/routes.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { createPipeline } from '../../src/pipeline.ts';
import type { Words } from '../../src/source/kind.ts';
import { openSqliteStore, type SqliteOptions } from '../../src/store/sqlite/store.ts';
import type { Store } from '../../src/store/store.ts';
import type { TerminologyState } from '../../src/wire/terminology-server.ts';
import { NOW_MS } from '../store/samples.ts';
import { temporaryPostgresStore } from '../store/temporary-postgres.ts';

export interface TestAdapter {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly store: Store;
  /** lines that were logged */
  readonly log: readonly string[];
  /** @param path from the root on */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: string | Uint8Array, type?: string): Promise<Response>;
}

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

let loaded: LoadedParts | undefined;
/** The example sources, loaded once a test file. */
export function parts(): LoadedParts {
  if (loaded) return loaded;
  const config = loadConfig({ cwd: ROOT, root: ROOT });
  const result = config.ok ? loadParts(config.value, ROOT) : config;
  if (!result.ok) throw new Error(JSON.stringify(result.outcome));
  loaded = result.value;
  return loaded;
}

export interface AdapterOptions {
  readonly app?: Partial<AppOptions>;
  readonly store?: Partial<SqliteOptions>;
  readonly targets?: readonly string[];
  readonly terminology?: () => TerminologyState;
  /** what a source calls things, in place of what its folder says */
  readonly words?: Readonly<Record<string, Words>>;
}

export async function startAdapter(options: AdapterOptions = {}): Promise<TestAdapter> {
  const { sources, definitions, maps, validator, claims } = parts();
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-api-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const store = await openedStore(folder, { definitions, ...options.store });
  undo.push(() => store.close());
  const clock = (): number => NOW_MS;
  const targets = options.targets ?? ['ehr'];
  const ownerOrg = (): string => 'X26';
  const pipeline = createPipeline({ maps, validator, claims, store, ownerOrg, route: () => targets, clock });
  const manifests = [...sources.values()].map(({ manifest: { name, words } }) => ({
    name,
    words: options.words?.[name] ?? words,
  }));
  const { terminology } = options;
  const about = { clock, version: '1.2.3', demo: true, terminology };
  const pages = consoleRoutes({ store, sources: manifests, targets, ...about });
  const log: string[] = [];
  const logger = pino({ level: 'debug', base: null }, { write: (line: string) => void log.push(line) });
  const common = { store, pipeline, sources, definitions, validator, clock, version: '1.2.3', terminology };
  const app = createApp({ ...common, log: logger, pages: [pages], ...options.app });
  const server = await listen(app, { host: '127.0.0.1', port: 0, access: undefined });
  undo.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    store,
    log,
    get: (path, headers = {}) => fetch(url + path, { headers }),
    post: (path, body, type = 'application/json') =>
      fetch(url + path, {
        method: 'POST',
        body: body as RequestInit['body'],
        headers: { 'Content-Type': type },
      }),
  };
}

/** On the engine of the project that runs the test: see vitest.config.ts. */
function openedStore(folder: string, options: Partial<SqliteOptions>): Promise<Store> {
  const { definitions, clock } = options;
  return process.env.TEST_ENGINE === 'postgres'
    ? temporaryPostgresStore({ ...(definitions && { definitions }), ...(clock && { clock }) })
    : openSqliteStore({ file: join(folder, 'store.sqlite'), ...options });
}

/** @returns a shipped example's input, as its source sends it */
export function example(source: string, kind: string, name: string, file = 'input.json'): string {
  return readFileSync(join(ROOT, 'mappings', source, 'examples', kind, name, file), 'utf8');
}

/** Holds an answer to be an OperationOutcome with this rule. @returns it */
export async function expectOutcome(
  answer: Response,
  status: number,
  rule: string,
): Promise<OperationOutcome> {
  const text = await answer.text();
  expect([answer.status, text]).toEqual([status, expect.stringContaining(rule)]);
  expect(answer.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
  const outcome = JSON.parse(text) as OperationOutcome;
  expect(outcome.resourceType).toBe('OperationOutcome');
  expect(outcome.issue.map(ruleOf)).toContain(rule);
  for (const issue of outcome.issue) expect(issue.diagnostics).toMatch(/\w+ \w+/);
  return outcome;
}

export async function bundleOf(answer: Response): Promise<Bundle> {
  const text = await answer.text();
  expect([answer.status, text]).toEqual([200, expect.stringContaining('"Bundle"')]);
  return JSON.parse(text) as Bundle;
}

/** @returns ids of the matches, in their order */
export function matches(bundle: Bundle): (string | undefined)[] {
  return (bundle.entry ?? []).flatMap((entry) =>
    entry.search?.mode === 'match' ? [entry.resource?.id] : [],
  );
}

/** @returns the address of a link of a Bundle */
export function linkOf(bundle: Bundle, relation: string): string | undefined {
  return bundle.link?.find((link) => link.relation === relation)?.url;
}
