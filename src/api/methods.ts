/** Tells from the routes themselves which methods an address has: for OPTIONS, and for 405 with Allow. */
import type { RequestHandler, Router } from 'express';
import { STORED_TYPES } from '../fhir/definitions.ts';
import { PATCH_MEDIA_TYPES } from './patch.ts';
import { answerOptions, refuseMethod, sendFault } from './respond.ts';

/** What of a router's own table is read here. */
interface Layer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  readonly handle: unknown;
  /** @returns named parts of the path; nothing where it is another */
  match(path: string): { readonly params: Readonly<Record<string, string>> } | undefined | false;
}
interface Table {
  readonly stack: readonly Layer[];
}

/** In the order that Allow lists them. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const TYPES: ReadonlySet<string> = new Set(STORED_TYPES);

/** @param path from the base on @returns such as `GET, HEAD, POST`; undefined where nothing is served */
export function methodsAt(routers: readonly Router[], path: string): string | undefined {
  const found = new Set<string>();
  for (const router of routers) collect(router as unknown as Table, path, found);
  const listed = METHODS.filter((method) => found.has(method.toLowerCase()));
  return listed.length === 0 ? undefined : listed.join(', ').replace('GET', 'GET, HEAD');
}

function collect({ stack }: Table, path: string, found: Set<string>): void {
  for (const layer of stack) {
    if (!matches(layer, path)) continue;
    if (layer.route) for (const method of Object.keys(layer.route.methods)) found.add(method);
    else if (isTable(layer.handle)) collect(layer.handle, path, found);
  }
}

/** A type is one that is stored; no id begins as an operation or `_search` does. */
function matches(layer: Layer, path: string): boolean {
  try {
    const found = layer.match(path);
    if (!found) return false;
    const { type, ...others } = found.params;
    return (
      (type === undefined || TYPES.has(type)) && Object.values(others).every((one) => !/^[$_]/.test(one))
    );
  } catch {
    return false; // cannot be decoded: the route says so
  }
}

function isTable(handle: unknown): handle is Table {
  return typeof handle === 'function' && Array.isArray((handle as unknown as Partial<Table>).stack);
}

/**
 * Answers OPTIONS, and refuses methods that an address does not have; what has no address is left to the 404.
 * @param routers those that are tried behind it, under the same base
 * @source RFC 9110, 9.3.7, 15.5.6
 */
export function answerMethods(routers: readonly Router[]): RequestHandler {
  return (request, response, next) => {
    const { method, path } = request;
    // reads are not held up: at these alone there may be something that cannot be read
    if ((method === 'GET' || method === 'HEAD') && !/\/[$_]/.test(path)) return next();
    const allowed = methodsAt(routers, path);
    // a router would answer OPTIONS by itself, with what it has at any address
    if (allowed === undefined && isOperation(path)) return sendFault(response, 404, NO_OPERATION);
    if (allowed === undefined && method === 'OPTIONS') return sendFault(response, 404, NOTHING);
    if (allowed === undefined || allowed.split(', ').includes(method)) return next();
    if (allowed.includes('PATCH')) response.set('Accept-Patch', PATCH_MEDIA_TYPES.join(', '));
    if (method === 'OPTIONS') return answerOptions(response, allowed);
    refuseMethod(allowed)(request, response);
  };
}

const NOTHING = {
  code: 'not-found',
  rule: 'api-unknown-route',
  diagnostics: 'There is no such FHIR interaction here; /metadata lists what is served.',
} as const;

/** @returns whether it is the address of an operation on the system, or on a type that is here or one of it */
function isOperation(path: string): boolean {
  const found = /^\/(?:([^/$]+)\/(?:[^/$]+\/)?)?\$[^/]+\/?$/.exec(path);
  const [, type] = found ?? [];
  return found !== null && (type === undefined || TYPES.has(type));
}

const NO_OPERATION = {
  code: 'not-supported',
  rule: 'api-unknown-operation',
  diagnostics:
    'There is no such operation at this address: /metadata lists those of the system and of each type; some are served only where the configuration turns them on.',
} as const;
