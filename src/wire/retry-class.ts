/** Turns an HTTP answer into what may be done next: send again, look first, or give up. */
import type { RetryClass } from '../fhir/outcome.ts';

const LONGEST_RETRY_AFTER_MS = 86_400_000;

/** 500, 502 and 504 do not say whether the EHR stored the resource: ambiguous. 401, 409, 412 and 423 never reach here. */
export function classify(status: number): RetryClass {
  if (status === 425 || status === 429 || status === 503) return 'transient';
  if (status === 501) return 'permanent';
  return status >= 500 || status === 408 ? 'ambiguous' : 'permanent';
}

/**
 * Reads a Retry-After header.
 * @param value seconds ("120") or an HTTP date
 * @param nowMs the time a date is compared with
 * @returns milliseconds from now, at most a day; undefined when absent or unreadable
 * @source RFC 9110, 10.2.3
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), LONGEST_RETRY_AFTER_MS);
}
