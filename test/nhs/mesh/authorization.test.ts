/** The Authorization header: the published arithmetic, and never the same twice. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { authorizationOf, createAuthorizer } from '../../../src/nhs/mesh/authorization.ts';
import { authRefusal } from '../../servers/mesh-rules.ts';

const PARTS = {
  mailbox: 'X26ABC1',
  nonce: 'bd0e2bd5-218e-41d0-83a9-73fdec414803',
  nonceCount: 0,
  password: 'password',
  sharedKey: 'BackBone',
  atMs: Date.UTC(2020, 4, 4, 13, 5, 59),
};

test('the header is that of the test vector', () => {
  expect(authorizationOf(PARTS)).toBe(
    'NHSMESH X26ABC1:bd0e2bd5-218e-41d0-83a9-73fdec414803:0:202005041305:41d245ccf1b1bb499eb087fff2f5f18b56872dca2173b1b2f3c0dc09d86b139b',
  );
});

test('a mailbox in small letters is written, and hashed, in capitals', () => {
  expect(authorizationOf({ ...PARTS, mailbox: 'x26abc1' })).toBe(authorizationOf(PARTS));
});

test('every request has a header of its own, and so has each process', () => {
  const parts = { clock: () => PARTS.atMs, uuid: randomUUID };
  const processes = [1, 2].map(() => createAuthorizer('X26ABC1', () => PARTS, parts));
  const headers = processes.flatMap((next) => Array.from({ length: 50 }, next));
  expect(new Set(headers).size).toBe(100);
  const used = new Set<string>();
  const rules = {
    sharedKey: 'BackBone',
    passwords: new Map([['X26ABC1', 'password']]),
    used,
    nowMs: PARTS.atMs,
  };
  for (const header of headers) expect(authRefusal(header, 'X26ABC1', rules)).toBeUndefined();
  expect(authRefusal(headers[0], 'X26ABC1', rules)).toEqual({ status: 403 });
});

test('a password that changes counts from the next request on', () => {
  let password = 'old';
  const next = createAuthorizer('X26ABC1', () => ({ password, sharedKey: 'BackBone' }), {
    clock: () => PARTS.atMs,
    uuid: randomUUID,
  });
  next();
  password = 'new';
  const used = new Set<string>();
  const passwords = new Map([['X26ABC1', 'new']]);
  const rules = { sharedKey: 'BackBone', passwords, used, nowMs: PARTS.atMs };
  expect(authRefusal(next(), 'X26ABC1', rules)).toBeUndefined();
  expect(authRefusal(next(), 'X26ABC1', { ...rules, nowMs: PARTS.atMs + 3 * 3_600_000 })).toEqual({
    status: 403,
  });
});
