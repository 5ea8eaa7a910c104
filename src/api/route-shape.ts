/** Tells the log which route a request took, by its shape alone: an address may name a person. */
import type { Request, Response } from 'express';

const SHAPE = 'routeShape';

/** Of a request that no router's table was asked for. @param shape such as `/:type/:id` */
export function nameShape(response: Response, shape: string): void {
  response.locals[SHAPE] = shape;
}

/** @returns such as `/:type/:id`; undefined where no route was found */
export function shapeOf(request: Request, response: Response): string | undefined {
  const route = request.route as { readonly path?: string } | undefined;
  return route?.path ?? (response.locals[SHAPE] as string | undefined);
}
