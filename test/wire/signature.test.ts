/** Signatures of webhooks, as a receiver checks them. */
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { isSigned, signatureOf } from '../../src/wire/signature.ts';

const NOW_MS = Date.parse('2026-03-02T09:00:00.500Z');
const BODY = '{"event":"incident.opened"}';

test('is HMAC-SHA256 over the time in seconds, a full stop and the body', () => {
  const hex = createHmac('sha256', 'secret').update(`1772442000.${BODY}`).digest('hex');
  expect(signatureOf('secret', BODY, NOW_MS)).toBe(`t=1772442000,v1=${hex}`);
});

test('holds for the same secret, body and a time not long ago, and for nothing else', () => {
  const signature = signatureOf('secret', BODY, NOW_MS);
  const at = (nowMs: number): { nowMs: number } => ({ nowMs });
  expect(isSigned('secret', BODY, signature, at(NOW_MS + 200_000))).toBe(true);
  expect(isSigned('other', BODY, signature, at(NOW_MS))).toBe(false);
  expect(isSigned('secret', `${BODY} `, signature, at(NOW_MS))).toBe(false);
  expect(isSigned('secret', BODY, signature, at(NOW_MS + 301_000))).toBe(false);
  expect(isSigned('secret', BODY, signature, at(NOW_MS - 301_000))).toBe(false);
  expect(isSigned('secret', BODY, signature.replace('t=1772442000', 't=1772442001'), at(NOW_MS))).toBe(false);
  expect(isSigned('secret', BODY, 'v1=abc', at(NOW_MS))).toBe(false);
});
