/** Decides whether notifications may be sent to an address: a public one over https, or a host that the operator named. */
import { lookup as resolveName } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

export interface EndpointRules {
  /** hosts that may be in a private network, and be called over plain http, in lower case */
  readonly privateHosts: ReadonlySet<string>;
}

/** Networks that nobody outside may have us call. @source IANA special-purpose address registries */
const CLOSED = new BlockList();
for (const [net, bits] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ] as const),
  ...([
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
  ] as const),
  ...([
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
  ] as const),
  ...([
    ['240.0.0.0', 4],
    ['192.88.99.0', 24],
  ] as const),
] as const)
  CLOSED.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ...([
    ['::', 96],
    ['::1', 128],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['100::', 64],
  ] as const),
  ...([
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['fc00::', 7],
    ['fe80::', 10],
  ] as const),
  ...([
    ['fec0::', 10],
    ['ff00::', 8],
  ] as const),
] as const)
  CLOSED.addSubnet(net, bits, 'ipv6');

/** @returns whether an address is of a network that is not the public one; what is no address is none of it either */
export function isClosed(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return CLOSED.check(mapped, 'ipv4');
  return CLOSED.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** @returns what is wrong with an endpoint, as the rest of a sentence; undefined where it may be called */
export function endpointFault(endpoint: string, { privateHosts }: EndpointRules): string | undefined {
  if (!URL.canParse(endpoint)) return 'is no URL: write the https address that notifications are sent to';
  const url = new URL(endpoint);
  const host = hostOf(url);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'is no https address';
  if (url.username !== '' || url.password !== '')
    return 'holds a user or a password: send secrets in channel.header, which is never shown';
  if (url.hash !== '') return 'has a fragment, which no server sees: leave it out';
  if (privateHosts.has(host)) return undefined;
  if (url.protocol !== 'https:') return 'is not https: people are spoken of, so nothing is sent in the open';
  const isLocal = /(^|\.)(localhost|local|internal|lan|home\.arpa)$/.test(host) || !host.includes('.');
  if (isIP(host) !== 0 ? isClosed(host) : isLocal)
    return 'is in a private network: whoever runs this adapter allows such a host under "subscriptions.privateHosts"';
  return undefined;
}

function hostOf({ hostname }: URL): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

/**
 * Looks names up as ever, and knows none that leads into a private network: what a name leads to is decided at each
 * connection, since it may have led elsewhere when it was checked.
 */
export function publicLookup({ privateHosts }: EndpointRules): LookupFunction {
  return (hostname, options, callback) => {
    resolveName(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0);
      const isFree = privateHosts.has(hostname.toLowerCase());
      const open = found.filter(({ address }) => isFree || !isClosed(address));
      const [first] = open;
      if (!first) return callback(Object.assign(new Error('closed'), { code: 'EPRIVATE' }), '', 0);
      if (options.all) (callback as unknown as (e: null, all: typeof open) => void)(null, open);
      else callback(null, first.address, first.family);
    });
  };
}
