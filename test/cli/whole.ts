/** Whole adapters over configurations as the documentation shows them, each in a folder of its own; stopped after each test. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach } from 'vitest';
import { type Adapter, openAdapter } from '../../src/cli/adapter.ts';
import { type LoadedParts, loadParts, ROOT } from '../../src/cli/load.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import type { WorkItem } from '../../src/store/store.ts';

export const TOKEN = 'token-of-the-test';
const LOOK_MS = 20;

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** @param close called after the test, before what was opened earlier is closed */
export function closing<T>(opened: T, close: (opened: T) => unknown): T {
  undo.push(() => close(opened));
  return opened;
}

/** @returns a folder that is removed after the test */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-whole-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Whole {
  readonly adapter: Adapter;
  readonly folder: string;
  /** what it logged, from trace up */
  readonly lines: readonly string[];
  /** @returns the answer as text */
  get(path: string): Promise<string>;
  /** @param body a record of the platform @returns the status of the answer */
  post(kind: string, body: object): Promise<number>;
  /** open items of the worklist, by the rule that they are of */
  work(rule: string): Promise<readonly WorkItem[]>;
  /** @returns what an operator's job tells */
  job(name: string, asked: object): Promise<readonly Record<string, unknown>[]>;
  /** @returns another folder with what is on disk at this moment, as after a kill */
  remains(): string;
  stop(): Promise<void>;
}

export interface WholeOptions {
  readonly clock?: () => number;
  /** default one of its own; that of an earlier adapter for the next start */
  readonly folder?: string;
}

/** @param settings of the configuration, beside port and data folder */
export async function openWhole(
  settings: object,
  { clock = Date.now, folder = temporaryFolder() }: WholeOptions = {},
): Promise<Whole> {
  const config = configIn(folder, settings);
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const parts = partsOf(config);
  const adapter = await openAdapter({ config, parts, clock, log, token: TOKEN, lookMs: LOOK_MS });
  undo.push(() => adapter.stop());
  const operator = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const ask = async (path: string, body?: object): Promise<Response> =>
    await fetch(`${adapter.url}${path}`, {
      headers: operator,
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
    });
  return {
    ...{ adapter, folder, lines },
    get: async (path) => await (await ask(path)).text(),
    post: async (kind, body) => (await ask(`/intake/platform/${kind}`, body)).status,
    work: (rule) => adapter.store.worklist({ open: true, rule, count: 50 }),
    async job(name, asked) {
      const text = await (await ask(`/control/jobs/${name}`, asked)).text();
      return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
    },
    remains() {
      const copy = temporaryFolder();
      cpSync(folder, copy, { recursive: true });
      return copy;
    },
    stop: () => adapter.stop(),
  };
}

/** @returns the configuration, read as the command line reads it */
export function configIn(folder: string, settings: object): Config {
  const path = join(folder, 'hedgerow.config.json');
  writeFileSync(path, JSON.stringify({ port: 0, dataDir: 'data', access: { open: true }, ...settings }));
  const config = loadConfig({ cwd: folder, root: ROOT });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  return config.value;
}

const loaded = new Map<string, LoadedParts>();
/** Loaded once for what they are made of. */
function partsOf(config: Config): LoadedParts {
  const key = JSON.stringify([
    config.sources,
    config.targets.map(({ name, speaksFor }) => [name, speaksFor]),
  ]);
  const known = loaded.get(key);
  if (known) return known;
  const parts = loadParts(config, ROOT);
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome));
  loaded.set(key, parts.value);
  return parts.value;
}
