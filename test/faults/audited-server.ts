/** A process of its own that serves a store's resources with every access audited, and prints where. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { OPEN_ACCESS, setAccess, touch } from '../../src/api/access.ts';
import { auditAccesses } from '../../src/api/audit.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';

const store = await openSqliteStore({ file: process.argv[2]! });
const app = express();
app.use((_request, response, next) => {
  setAccess(response, { ...OPEN_ACCESS, client: 'vendor', organisation: 'X26' });
  next();
});
app.use((request, response, next) => {
  response.setHeader('X-Request-Id', request.get('x-request-id') ?? '');
  next();
});
app.use(auditAccesses({ store, clock: Date.now }));
app.use((_request, response) => {
  touch(response, { interaction: 'read', keys: [] });
  response.end('content');
});
const server = createServer(app);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
