/** Turns a secret, a time and a body into the signature of a webhook, and checks one. */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** @returns `t=<epoch seconds>,v1=<hex>`: HMAC-SHA256 over `<t>.<body>` */
export function signatureOf(secret: string, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  return `t=${seconds},v1=${digestOf(secret, seconds, body).toString('hex')}`;
}

/**
 * Checks a signature as a receiver does.
 * @param toleranceMs how old, or how early, a signature may be: older ones may be played again by somebody else
 */
export function isSigned(
  secret: string,
  body: string,
  signature: string,
  { nowMs, toleranceMs = 300_000 }: { readonly nowMs: number; readonly toleranceMs?: number },
): boolean {
  const [, seconds, hex] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
  if (seconds === undefined || hex === undefined) return false;
  if (Math.abs(nowMs - Number(seconds) * 1000) > toleranceMs) return false;
  return timingSafeEqual(digestOf(secret, Number(seconds), body), Buffer.from(hex, 'hex'));
}

function digestOf(secret: string, seconds: number, body: string): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.${body}`).digest();
}
