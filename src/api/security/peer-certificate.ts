/** Turns the certificate that a connection has shown into the client whose it is, and into the thumbprint that tokens are bound to. */

import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import type { ApiClient } from './clients.ts';

export interface ShownCertificate {
  /** SHA-256 of the certificate, lower-case hex */
  readonly fingerprint: string;
  /** the same in base64url. @source RFC 8705, 3.1 */
  readonly thumbprint: string;
  /** parts of its distinguished name, in order of the alphabet */
  readonly subject: string;
  /** an authority that is configured has signed it */
  readonly isSigned: boolean;
  readonly fromMs: number;
  readonly untilMs: number;
}

const seen = new WeakMap<Socket, ShownCertificate | 'none'>();

/** @returns the client certificate of the connection; undefined where none was shown, or it does not hold at this time */
export function certificateOf(socket: Socket, nowMs: number): ShownCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  let shown = seen.get(socket);
  if (shown === undefined) {
    shown = read(socket) ?? 'none';
    seen.set(socket, shown);
  }
  if (shown === 'none' || nowMs < shown.fromMs || nowMs >= shown.untilMs) return undefined;
  return shown;
}

function read(socket: TLSSocket): ShownCertificate | undefined {
  const peer = socket.getPeerCertificate();
  if (peer?.raw === undefined) return undefined;
  return {
    fingerprint: hash('sha256', peer.raw),
    thumbprint: hash('sha256', peer.raw, 'base64url'),
    subject: partsOfPeer(peer),
    isSigned: socket.authorized,
    fromMs: Date.parse(peer.valid_from),
    untilMs: Date.parse(peer.valid_to),
  };
}

function partsOfPeer({ subject }: PeerCertificate): string {
  const all = Object.entries(subject as unknown as Record<string, string | readonly string[]>);
  return joined(all.flatMap(([name, value]) => [value].flat().map((one) => `${name}=${one}`)));
}

/** @param name such as `CN=vendor,O=Vendor Ltd`; a comma within a value has a backslash before it. @source RFC 4514 */
export function partsOfName(name: string): string {
  const parts = name.split(/(?<!\\),/).map((part) => part.trim().replaceAll(/\\(.)/g, '$1'));
  return joined(
    parts.map((part) =>
      part.replace(/^\s*([\w.]+)\s*=\s*/, (_all, type: string) => `${type.toUpperCase()}=`),
    ),
  );
}

/** Nothing in a value parts them. */
function joined(parts: readonly string[]): string {
  return JSON.stringify([...parts].sort());
}

/** @returns whether the certificate is the client's */
export function isCertificateOf({ certificate }: ApiClient, shown: ShownCertificate): boolean {
  if (certificate?.fingerprint !== undefined) return certificate.fingerprint === shown.fingerprint;
  return (
    certificate?.subject !== undefined && shown.isSigned && partsOfName(certificate.subject) === shown.subject
  );
}
