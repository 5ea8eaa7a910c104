/** Turns an app into a server that listens, and ends it without cutting off who is being answered. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { answerUnreadable } from '../api/unreadable.ts';
import type { Config } from '../config.ts';
import { AdapterError } from '../fhir/outcome.ts';

/** A file of many records streams for as long as its records take to reach the disk. */
const LONGEST_REQUEST_MS = 3_600_000;

/** @throws AdapterError when the port is not to be had */
export async function listen(app: Express, { host, port }: Pick<Config, 'host' | 'port'>): Promise<Server> {
  return await new Promise((resolve, reject) => {
    const server = app.listen(port, host);
    server.requestTimeout = LONGEST_REQUEST_MS;
    server.on('clientError', answerUnreadable);
    server.once('listening', () => resolve(server));
    server.once('error', (error: NodeJS.ErrnoException) => {
      const diagnostics =
        error.code === 'EADDRINUSE'
          ? `Port ${port} is taken: choose another with --port.`
          : `Cannot listen on ${host}:${port}: ${error.code}.`;
      reject(new AdapterError('permanent', { severity: 'fatal', code: 'exception', diagnostics }, error));
    });
  });
}

export function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  const host =
    address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
}

/** @param drainMs longest wait for answers under way */
export async function closeServer(server: Server, drainMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), drainMs).unref();
  });
}
