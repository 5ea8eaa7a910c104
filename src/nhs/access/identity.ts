/** Turns certificate files into what servers are shown to know us, and takes up new ones when they fit together. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { TlsIdentity } from '../../wire/exchange.ts';
import { needed, watch } from './key-ring.ts';

export interface IdentityFiles {
  /** PEM: our certificate first, then those between it and the authority */
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM: authorities in place of the public ones */
  readonly caFile?: string | undefined;
}

/**
 * Files are replaced one after the other, so there is a time when they do not fit: until they do, the identity before holds.
 * @param onKept told once of each change that does not fit
 * @returns the identity now; the same object while nothing changed, as `createExchange` wants it
 * @throws AdapterError when the files cannot be used at the start
 */
export function openIdentity(files: IdentityFiles, onKept: () => void): () => TlsIdentity {
  const cert = needed(watch(files.certFile, `The certificate ${files.certFile}`));
  const key = needed(watch(files.keyFile, `The key ${files.keyFile}`));
  const ca =
    files.caFile === undefined ? undefined : needed(watch(files.caFile, `The authority ${files.caFile}`));
  const read = () => ({ cert: cert.text(), key: key.text(), ca: ca?.text() });
  let seen = read();
  let current = needed(identityOf(seen, files));
  return () => {
    const now = read();
    if (now.cert === seen.cert && now.key === seen.key && now.ca === seen.ca) return current;
    seen = now;
    const fitting = identityOf(now, files);
    if (fitting.ok) current = fitting.value;
    else onKept();
    return current;
  };
}

function identityOf(
  { cert, key, ca }: { readonly cert: string; readonly key: string; readonly ca: string | undefined },
  files: IdentityFiles,
): Checked<TlsIdentity> {
  const fault = (diagnostics: string) => refuse({ code: 'security', rule: 'nhs-identity', diagnostics });
  const certificate = read(() => new X509Certificate(cert));
  if (certificate === undefined) return fault(`${files.certFile} holds no certificate in PEM form.`);
  const privateKey = read(() => createPrivateKey(key));
  if (privateKey === undefined) {
    return fault(`${files.keyFile} holds no private key in PEM form, or one under a passphrase.`);
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    return fault(`${files.keyFile} is not the key of the certificate in ${files.certFile}.`);
  }
  if (ca === undefined) return { ok: true, value: { cert, key } };
  if (read(() => new X509Certificate(ca)) === undefined) {
    return fault(`${files.caFile} holds no certificate in PEM form.`);
  }
  return { ok: true, value: { cert, key, ca } };
}

function read<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
