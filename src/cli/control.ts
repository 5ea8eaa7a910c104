/** Turns commands of the command line into requests to the adapter that runs on the same data folder, and answers them there. */
import { timingSafeEqual } from 'node:crypto';
import express, { type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import { AdapterError, issueOf, outcomeOf } from '../fhir/outcome.ts';
import { replay } from '../outbox/replay.ts';
import type { ResourceKey, Store, StoreCounts, WorkItem } from '../store/store.ts';
import type { TerminologyState } from '../wire/terminology-server.ts';
import type { Lock } from './lock.ts';

/** What `status` shows. */
export interface Status {
  readonly counts: StoreCounts;
  readonly work: readonly WorkItem[];
  /** of the running adapter's terminology server, where there is one */
  readonly terminology?: TerminologyState;
}

const replaySchema = z.strictObject({
  target: z.string().optional(),
  resource: z
    .string()
    .regex(/^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/)
    .transform((text) => text as ResourceKey)
    .optional(),
  personId: z.string().optional(),
  state: z.enum(['parked', 'held']).optional(),
});
export type Replay = z.infer<typeof replaySchema>;

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
  readonly clock: () => number;
  /** says that something may be due */
  readonly wake: () => void;
  readonly terminology?: (() => TerminologyState) | undefined;
}

/** Routes for the command line alone: whoever can read the lock file in the data folder has the token. */
export function controlRoutes(options: ControlOptions): Router {
  const routes = express.Router();
  routes.use('/control', (request, response, next) => {
    if (sameText(request.get('authorization') ?? '', `Bearer ${options.token}`)) return next();
    response.status(401).json(
      outcomeOf(
        issueOf({
          code: 'login',
          rule: 'control-token',
          diagnostics: 'These routes are for the command line on this machine.',
        }),
      ),
    );
  });
  routes.get('/control/status', async (_request, response) => {
    const terminology = options.terminology?.();
    response.json({
      ...(await statusOf(options.store)),
      ...(terminology && { terminology }),
    } satisfies Status);
  });
  routes.post('/control/replay', express.json({ limit: '10kb' }), async (request, response) => {
    await answerReplay(options, request, response);
  });
  return routes;
}

async function answerReplay(
  { store, clock, wake }: Pick<ControlOptions, 'store' | 'clock' | 'wake'>,
  request: Request,
  response: Response,
): Promise<void> {
  const filter = replaySchema.safeParse(request.body);
  if (filter.success) {
    response.json({ replayed: await replay(store, definedOnly(filter.data), clock(), wake) });
    return;
  }
  const diagnostics = filter.error.issues
    .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    .join('; ');
  response.status(400).json(outcomeOf(issueOf({ rule: 'control-replay', diagnostics })));
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

function sameText(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function definedOnly(filter: Replay): {
  target?: string;
  resource?: ResourceKey;
  personId?: string;
  state?: 'parked' | 'held';
} {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
