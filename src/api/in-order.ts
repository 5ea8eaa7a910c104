/** Turns handlers that every request passes into one, so that a router looks once for all of them. */
import type { RequestHandler } from 'express';

/** @returns a handler that runs these one after the other; what is thrown, and what `next` is given, goes past the rest */
export function inOrder(handlers: readonly RequestHandler[]): RequestHandler {
  return (request, response, next) => {
    const run = (at: number): void => {
      const handler = handlers[at];
      if (!handler) return next();
      const done: unknown = handler(request, response, (error?: unknown) => {
        if (error === undefined) run(at + 1);
        else next(error);
      });
      if (done instanceof Promise) done.catch(next);
    };
    run(0);
  };
}

/** @param base such as `/fhir/R4` @returns a handler that runs for addresses at the base and below it alone; it is given the whole address */
export function under(base: string, handler: RequestHandler): RequestHandler {
  return either(base, handler, (_request, _response, next) => next());
}

/** @param others what runs for all other addresses */
export function either(base: string, handler: RequestHandler, others: RequestHandler): RequestHandler {
  return (request, response, next) =>
    (isUnder(base, request.path) ? handler : others)(request, response, next);
}

/** As Express mounts: whatever the case of the letters. */
function isUnder(base: string, path: string): boolean {
  const after = path[base.length];
  if (after !== undefined && after !== '/') return false;
  return path.startsWith(base) || path.slice(0, base.length).toLowerCase() === base.toLowerCase();
}
