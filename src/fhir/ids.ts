/** Turns the local ids that maps write (`Patient:person:P1`) into the deterministic ids that the store keeps. */
import { createHash } from 'node:crypto';

/** Namespace of every id of ours (UUIDv5 of `https://hedgerow.example/fhir` under the URL namespace). Never changes: ADR 2. */
export const PROJECT_NAMESPACE = 'bedb92f2-58ef-512e-abce-9534efb56696';

/** `<Type>:<role>:<key>`; the key is the source's own and may hold any character. */
export interface LocalId {
  readonly type: string;
  readonly role: string;
  readonly key: string;
}

const LOCAL_ID = /^([A-Z][A-Za-z]+):([a-z][a-z0-9-]*):(.+)$/s;

/** @returns the parts of a local id, or undefined for any other text (`Patient/1`, `urn:uuid:…`, `https://…`) */
export function parseLocalId(text: string): LocalId | undefined {
  const match = LOCAL_ID.exec(text);
  return match ? { type: match[1]!, role: match[2]!, key: match[3]! } : undefined;
}

/** @returns UUIDv5 of (source, type, role, key): the same record is the same resource, whenever and wherever it is read */
export function resourceId(source: string, local: LocalId): string {
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify([source, local.type, local.role, local.key]));
}

/** @param namespace a UUID @param name any text @returns lower-case UUID @source RFC 9562, 5.5 */
export function uuidV5(namespace: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
