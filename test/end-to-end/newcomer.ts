/** Runs the adapter the way a newcomer does: in a folder of its own, with nothing configured. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askRunning, type Status } from '../../src/cli/control.ts';
import { ROOT } from '../../src/cli/load.ts';
import { readLock } from '../../src/cli/lock.ts';
import { type Held, heldByAdapter, heldBySandbox } from '../faults/ledger.ts';
import { listening, type Running, run, until } from '../faults/process.ts';

const MAIN = join(ROOT, 'src/main.ts');
const PATIENCE_MS = 180_000;

/** What an intake over HTTP answered. */
export interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly body: {
    readonly committed: number;
    readonly unchanged: number;
    readonly refused: number;
    readonly deliveries: number;
  };
}

export class Newcomer {
  readonly folder: string;
  url = '';
  sandboxUrl = '';
  #running: Running | undefined;

  /** @param folder empty at first */
  constructor(folder: string) {
    this.folder = folder;
  }

  get storeFile(): string {
    return join(this.folder, 'data/hedgerow.sqlite');
  }

  get sandboxFile(): string {
    return join(this.folder, 'data/sandbox.sqlite');
  }

  /** what it wrote to standard output since its last start */
  get output(): string {
    return this.#running?.stdout() ?? '';
  }

  async start(): Promise<void> {
    const env = { HEDGEROW_PORT: '0', HEDGEROW_SANDBOX_PORT: '0' };
    this.#running = run([MAIN, 'start'], { cwd: this.folder, env });
    this.url = await listening(this.#running);
    this.sandboxUrl = /Sandbox EHR\s+(\S+)/.exec(this.output)?.[1] ?? '';
  }

  /** @returns the exit code after SIGTERM */
  async stop(): Promise<number | null> {
    return (await this.#running?.stop()) ?? null;
  }

  async kill(): Promise<void> {
    await this.#running?.kill();
  }

  async untilPrinted(text: string): Promise<string> {
    const found = (): string | undefined => (this.output.includes(text) ? this.output : undefined);
    return await until(`"${text}"`, PATIENCE_MS, found, this.#running);
  }

  async status(): Promise<Status> {
    return await askRunning<Status>(readLock(join(this.folder, 'data'))!, 'status');
  }

  /** Waits until nothing is on its way or due: what is left is held or parked. */
  async untilDelivered(): Promise<Status> {
    const idle = async (): Promise<Status | undefined> => {
      const status = await this.status();
      return status.counts.targets.every((target) => target.waiting + target.claimed === 0)
        ? status
        : undefined;
    };
    return await until('everything due to be delivered', PATIENCE_MS, idle, this.#running);
  }

  /** Puts a file into a source's drop folder, whole at once, and waits for what is said of it. @returns that line */
  async drop(source: string, name: string, text: string): Promise<string> {
    const inbox = join(this.folder, 'inbox', source);
    mkdirSync(inbox, { recursive: true });
    writeFileSync(join(inbox, `.${name}.part`), text);
    renameSync(join(inbox, `.${name}.part`), join(inbox, name));
    const output = await this.untilPrinted(`${source}/${name}: `);
    return output.slice(output.indexOf(`${source}/${name}: `)).split('\n')[0]!;
  }

  async post(path: string, body: object): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as Answer['body'];
    return { status: response.status, location: response.headers.get('location'), body: answer };
  }

  here(): Map<string, Held> {
    return heldByAdapter(this.storeFile);
  }

  atSandbox(): Map<string, Held> {
    return heldBySandbox(this.sandboxFile);
  }
}

/** @returns resources whose count of versions differs, with how many came */
export function newVersions(
  before: ReadonlyMap<string, Held>,
  after: ReadonlyMap<string, Held>,
): Map<string, number> {
  const grown = [...after].map(
    ([key, held]) => [key, held.versions - (before.get(key)?.versions ?? 0)] as const,
  );
  return new Map(grown.filter(([, count]) => count !== 0));
}
