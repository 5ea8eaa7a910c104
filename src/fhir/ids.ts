/** Turns the local ids that maps write (`Patient:person:P1`) into the deterministic ids that the store keeps. */
import { hash } from 'node:crypto';

/** Namespace of every id of ours (UUIDv5 of `https://hedgerow.example/fhir` under the URL namespace). Never changes: ADR 2. */
export const PROJECT_NAMESPACE = 'bedb92f2-58ef-512e-abce-9534efb56696';

/** Our id of a resource, as an identifier that servers with ids of their own are asked by. Holds no patient value. */
export const RESOURCE_ID_SYSTEM = 'https://hedgerow.example/fhir/Id/resource';

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

/** First digit of the fourth group, by what the hash has there: its upper bits say that this is a UUID of RFC 9562. */
const VARIANTS = '89ab';

/** @param namespace a UUID @param name any text @returns lower-case UUID @source RFC 9562, 5.5 */
export function uuidV5(namespace: string, name: string): string {
  const bytes = Buffer.allocUnsafe(16 + Buffer.byteLength(name));
  bytes.write(namespace.replaceAll('-', ''), 'hex');
  bytes.write(name, 16);
  const hex = hash('sha1', bytes, 'hex');
  const variant = VARIANTS[Number.parseInt(hex[16]!, 16) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
