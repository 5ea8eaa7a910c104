/** Turns an app into a server that listens, by HTTP or HTTPS, and ends it without cutting off who is being answered. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { answerUnreadable } from '../api/unreadable.ts';
import type { ApiAccessConfig } from '../config/api-access.ts';
import type { Config } from '../config.ts';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import { openIdentity } from '../nhs/access/identity.ts';

/** A file of many records streams for as long as its records take to reach the disk. */
const LONGEST_REQUEST_MS = 3_600_000;
/** A client that is slower at its headers holds a connection for nothing. */
const LONGEST_HEADERS_MS = 20_000;
/** Between looks for requests that take longer. */
const LOOK_AT_REQUESTS_MS = 5_000;
/** Bytes of address and headers; `answerUnreadable` says so. */
const LARGEST_HEADERS = 16_384;

/** What holds for every connection: what is no HTTP, or more of it than anybody needs, does not come in. */
const CONNECTIONS = {
  maxHeaderSize: LARGEST_HEADERS,
  headersTimeout: LONGEST_HEADERS_MS,
  requestTimeout: LONGEST_REQUEST_MS,
  connectionsCheckingInterval: LOOK_AT_REQUESTS_MS,
  insecureHTTPParser: false,
} as const;
/** Between looks whether the certificate is another. */
const LOOK_MS = 60_000;

/** @throws AdapterError when the port, or the certificate that the configuration names, is not to be had */
export async function listen(
  app: Express,
  { host, port, access }: Pick<Config, 'host' | 'port' | 'access'>,
): Promise<Server | TlsServer> {
  const server = access?.tls ? secured(app, access, access.tls) : createServer(CONNECTIONS, app);
  return await new Promise((resolve, reject) => {
    server.maxHeadersCount = 0; // their size is bounded; a count would leave the rest out in silence
    server.on('clientError', answerUnreadable);
    server.once('listening', () => resolve(server));
    server.once('error', (error: NodeJS.ErrnoException) => {
      const diagnostics =
        error.code === 'EADDRINUSE'
          ? `Port ${port} is taken: choose another with --port.`
          : `Cannot listen on ${host}:${port}: ${error.code}.`;
      reject(new AdapterError('permanent', { severity: 'fatal', code: 'exception', diagnostics }, error));
    });
    server.listen(port, host);
  });
}

/** Certificates of clients are asked for, and judged by the guard: who shows none may have a token. */
function secured(
  app: Express,
  { clients }: ApiAccessConfig,
  { certFile, keyFile, clientCaFile }: NonNullable<ApiAccessConfig['tls']>,
): TlsServer {
  const identity = openIdentity({ certFile, keyFile }, () => {});
  const ca = clientCaFile === undefined ? {} : { ca: authoritiesIn(clientCaFile) };
  let shown = identity();
  const server = createTlsServer(
    {
      ...CONNECTIONS,
      ...{ cert: shown.cert, key: shown.key, ...ca, minVersion: 'TLSv1.2' },
      requestCert: clients.some(({ certificate }) => certificate !== undefined),
      rejectUnauthorized: false,
    },
    app,
  );
  const timer = setInterval(() => {
    const now = identity();
    if (now !== shown) server.setSecureContext({ cert: now.cert, key: now.key, ...ca });
    shown = now;
  }, LOOK_MS).unref();
  server.once('close', () => clearInterval(timer));
  return server;
}

function authoritiesIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const diagnostics = `The authorities of clients in ${file} cannot be read (${code}): see "clientCaFile" of "tls" in "access".`;
    throw new AdapterError('permanent', issueOf({ code: 'security', rule: 'access-client-ca', diagnostics }));
  }
}

export function urlOf(server: Server | TlsServer): string {
  const { address, port, family } = server.address() as AddressInfo;
  const host =
    address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `${'setSecureContext' in server ? 'https' : 'http'}://${host}:${port}`;
}

/** @param drainMs longest wait for answers under way */
export async function closeServer(server: Server | TlsServer, drainMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), drainMs).unref();
  });
}
