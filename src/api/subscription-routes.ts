/** Serves the hooks that EHRs call when something changed there: an address a target, each under a secret of its own. */
import { createHash, timingSafeEqual } from 'node:crypto';
import express, { type Request, type Response, type Router } from 'express';
import type { Checked } from '../fhir/outcome.ts';
import { refuseMethod, sendFault, sendFhir } from './respond.ts';

/** What takes the hooks of one target. */
export interface Hook {
  /** header that carries the secret */
  readonly header: string;
  readonly secret: string;
  /** @param body parsed JSON; undefined where there is none @returns a refusal for what is no notification, or to be sent again */
  notify(body: unknown): Promise<Checked<string>>;
}

const LARGEST_BODY = '4mb';
const PATHS = ['/subscriptions/:target', '/subscriptions/:target/:type/:id'];

/** @param hooks by name of the target @returns routes for `POST /subscriptions/{target}`, and for `PUT …/{Type}/{id}` as R4 servers send a resource */
export function subscriptionRoutes(hooks: ReadonlyMap<string, Hook>): Router {
  const routes = express.Router();
  const read = express.raw({ type: () => true, limit: LARGEST_BODY });
  const known = async (request: Request, response: Response): Promise<void> => {
    const hook = hooks.get(String(request.params.target));
    await (hook ? takeHook(hook, request, response) : unknownTarget(response));
  };
  const guarded = (request: Request, response: Response, next: () => void): void => {
    const hook = hooks.get(String(request.params.target));
    if (hook && !isSecret(request.get(hook.header), hook.secret)) wrongSecret(response, hook);
    else next();
  };
  for (const path of PATHS) {
    routes.post(path, guarded, read, known);
    routes.put(path, guarded, read, known);
    routes.all(path, refuseMethod('POST, PUT'));
  }
  return routes;
}

async function takeHook(hook: Hook, request: Request, response: Response): Promise<void> {
  const text = Buffer.isBuffer(request.body) ? request.body.toString().trim() : '';
  let body: unknown;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    sendFault(response, 400, {
      code: 'structure',
      rule: 'subscription-body',
      diagnostics: 'The body is not JSON: send notifications as application/fhir+json, or empty.',
    });
    return;
  }
  const taken = await hook.notify(body);
  if (taken.ok) return void response.status(200).end();
  const isBroken = taken.outcome.issue.some(({ code }) => code === 'structure');
  sendFhir(response, isBroken ? 400 : 503, taken.outcome);
}

/** Digests are compared: how long it takes tells nothing of the secret, nor of its length. */
function isSecret(given: string | undefined, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(secret)) && given !== undefined;
}

function wrongSecret(response: Response, { header }: Hook): void {
  sendFault(response, 401, {
    code: 'security',
    rule: 'subscription-secret',
    diagnostics: `The header ${header} does not carry the secret of this target: set it in the Subscription's channel.header.`,
  });
}

async function unknownTarget(response: Response): Promise<void> {
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'subscription-target',
    diagnostics:
      'No target of this name takes hooks: set its "receive" with "mode": "subscribe" in the configuration.',
  });
}
