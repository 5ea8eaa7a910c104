/** Turns commands of the command line into requests to the adapter that runs on the same data folder, and answers them there. */
import express, { type Router } from 'express';
import { requireToken } from '../api/control-token.ts';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import type { Store, StoreCounts, WorkItem } from '../store/store.ts';
import type { TerminologyState } from '../wire/terminology-server.ts';
import type { Workshop } from './again/workshop.ts';
import { streamJob } from './jobs.ts';
import type { Lock } from './lock.ts';

/** What `status` shows. */
export interface Status {
  readonly counts: StoreCounts;
  readonly work: readonly WorkItem[];
  /** of the running adapter's terminology server, where there is one */
  readonly terminology?: TerminologyState;
}

const WORK_SHOWN = 50;

/** @returns counts, and the oldest open work; what calls for a look at a person comes first */
export async function statusOf(store: Store): Promise<Status> {
  const [counts, safety, oldest] = await Promise.all([
    store.counts(),
    store.worklist({ kind: 'safety', open: true, count: WORK_SHOWN }),
    store.worklist({ open: true, count: WORK_SHOWN }),
  ]);
  const work = [...safety, ...oldest.filter((item) => item.kind !== 'safety')].slice(0, WORK_SHOWN);
  return { counts, work };
}

export interface ControlOptions {
  readonly store: Store;
  readonly token: string;
  /** what jobs work with */
  readonly shop: Workshop;
  readonly terminology?: (() => TerminologyState) | undefined;
}

/** Routes for the command line alone: whoever can read the lock file in the data folder has the token. */
export function controlRoutes(options: ControlOptions): Router {
  const routes = express.Router();
  routes.use('/control', requireToken(options.token));
  routes.get('/control/status', async (_request, response) => {
    const terminology = options.terminology?.();
    response.json({
      ...(await statusOf(options.store)),
      ...(terminology && { terminology }),
    } satisfies Status);
  });
  routes.post('/control/jobs/:name', express.json({ limit: '2mb' }), async (request, response) => {
    await streamJob(options.shop, request, response);
  });
  return routes;
}

/** @throws AdapterError when the running adapter does not answer as it should */
export async function askRunning<T>(lock: Lock, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${lock.url}/control/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${lock.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) {
    throw new AdapterError(
      'permanent',
      issueOf({
        code: 'exception',
        rule: 'control-answer',
        diagnostics: `The adapter at ${lock.url} answered ${response.status} to ${path}.`,
      }),
    );
  }
  return (await response.json()) as T;
}
