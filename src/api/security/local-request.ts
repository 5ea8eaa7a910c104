/** Tells whether a request was made on this very machine, by nobody's leave but its user's: not by a proxy, and not by a page of somebody else. */
import type { IncomingMessage } from 'node:http';

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/;
const LOCAL_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;
/** What proxies add; any of them means that somebody stands between. */
const OF_PROXIES = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-real-ip',
  'x-client-ip',
  'cf-connecting-ip',
  'true-client-ip',
  'via',
];

/**
 * A browser sends what any page asks for, and a name of somebody else's may lead here (DNS rebinding): so Host, and
 * Origin where there is one, must name this machine too.
 */
export function isLocalRequest({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
  if (!isLoopback(socket)) return false;
  if (OF_PROXIES.some((name) => headers[name] !== undefined)) return false;
  if (!LOCAL_NAME.test(headers.host ?? '')) return false;
  return headers.origin === undefined || isLocalOrigin(headers.origin);
}

/** @returns whether the connection itself comes from this machine: from its user, or from a proxy on it */
export function isLoopback({ remoteAddress }: Pick<IncomingMessage['socket'], 'remoteAddress'>): boolean {
  return LOOPBACK.test(remoteAddress ?? '');
}

function isLocalOrigin(origin: string): boolean {
  return URL.canParse(origin) && LOCAL_NAME.test(new URL(origin).host);
}
