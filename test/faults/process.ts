/** Turns a script of ours into a real process that a test can wait for, stop and kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from '../../src/cli/load.ts';

export interface Running {
  readonly child: ChildProcess;
  /** everything it wrote to either stream so far */
  output(): string;
  /** what it wrote to standard output */
  stdout(): string;
  /** what it wrote to standard error */
  stderr(): string;
  /** kill -9, and wait until the system has reaped it */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code */
  stop(): Promise<number | null>;
  /**
   * Ctrl-C at a terminal: SIGINT to every process of a job, and once more, as npm passes it on to the one it started;
   * resolves with the exit code
   */
  interrupt(): Promise<number | null>;
  /** resolves with the exit code once it has ended by itself and its streams are read */
  ended(): Promise<number | null>;
}

/** Settings of the machine that would reach into a test are left out. */
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('HEDGEROW_')),
);

export interface RunOptions {
  /** where it runs; default the project's root */
  readonly cwd?: string;
  /** what it finds in its environment, on top of ours */
  readonly env?: Readonly<Record<string, string>>;
  /** in a process group of its own, as a terminal runs what is typed */
  readonly asJob?: boolean;
}

/** @param args after `node` */
export function run(args: readonly string[], options: RunOptions = {}): Running {
  return runCommand(process.execPath, args, options);
}

export function runCommand(
  command: string,
  args: readonly string[],
  { cwd = ROOT, env, asJob = false }: RunOptions = {},
): Running {
  const child = spawn(command, [...args], {
    cwd,
    env: { ...ENVIRONMENT, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: asJob,
  });
  const written: Record<'stdout' | 'stderr' | 'both', string> = { stdout: '', stderr: '', both: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      written[name] += chunk;
      written.both += chunk;
    });
  }
  const closed = once(child, 'close') as Promise<[number | null]>;
  return {
    child,
    output: () => written.both,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
    async stop() {
      child.kill('SIGTERM');
      return (await closed)[0];
    },
    async interrupt() {
      interruptGroup(child);
      await pause(20);
      if (child.exitCode === null) interruptGroup(child);
      return (await closed)[0];
    },
    ended: async () => (await closed)[0],
  };
}

/** What a process that has ended leaves. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command of the adapter to its end, from the project's root as the README shows it. */
export async function hedgerow(...args: readonly string[]): Promise<Ended> {
  const running = run(['src/main.ts', ...args]);
  const code = await running.ended();
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

function interruptGroup(job: ChildProcess): void {
  try {
    process.kill(-job.pid!, 'SIGINT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has ended
  }
}

/**
 * Waits until `check` gives a value; what it throws meanwhile counts as not yet.
 * @param running a process that must not end meanwhile
 * @throws Error with the process's output when it ends, or the time is over
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  check: () => T | undefined | Promise<T | undefined>,
  running?: Running,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let value: T | undefined;
    try {
      value = await check();
    } catch {
      value = undefined;
    }
    if (value !== undefined) return value;
    const output = running ? `:\n${running.output().slice(-4_000)}` : '';
    if (running && (running.child.exitCode ?? running.child.signalCode) !== null)
      throw new Error(`the process ended before ${what}${output}`);
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}${output}`);
    await pause(25);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @returns where an adapter listens, once its banner says so */
export async function listening(adapter: Running): Promise<string> {
  return await until(
    'the adapter to listen',
    60_000,
    () => /Status page\s+(http:\S+?)\/\s/.exec(adapter.stdout())?.[1],
    adapter,
  );
}

/** Starts the sandbox EHR in a process of its own. @returns it with its FHIR base */
export async function runSandbox(file: string): Promise<{ readonly process: Running; readonly url: string }> {
  const process = run(['src/sandbox/main.ts', '--port', '0', '--file', file]);
  const line = await until('the sandbox EHR', 30_000, () => /^.*\n/.exec(process.stdout())?.[0], process);
  return { process, url: (JSON.parse(line) as { url: string }).url };
}
