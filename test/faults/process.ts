/** Turns a script of ours into a real process that a test can wait for and kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { ROOT } from '../../src/cli/load.ts';

export interface Running {
  readonly child: ChildProcess;
  /** everything it wrote so far */
  output(): string;
  /** kill -9, and wait until the system has reaped it */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code */
  stop(): Promise<number | null>;
}

/** @param args after `node`, from the project's root */
export function run(...args: readonly string[]): Running {
  const child = spawn(process.execPath, [...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ended = once(child, 'exit');
  return {
    child,
    output: () => output,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      return ((await ended) as [number | null])[0];
    },
  };
}

/** @returns a port that was free a moment ago */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until `check` gives a value; a process that ended meanwhile is a failure with its output. */
export async function until<T>(check: () => Promise<T | undefined>, what: string, timeoutMs: number, process?: Running): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await check().catch(() => undefined);
    if (value !== undefined) return value;
    if (process && process.child.exitCode !== null) throw new Error(`the process ended before ${what}:\n${process.output()}`);
    if (Date.now() > deadline) throw new Error(`waited too long for ${what}${process ? `:\n${process.output()}` : ''}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
