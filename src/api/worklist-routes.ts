/** Serves what needs a person: pages of it, each item with its owner, reason and next step, and what can be done about it. */
import express, { type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import type { Checked } from '../fhir/outcome.ts';
import type { Conflict, Store, WorkFilter, WorkItem } from '../store/store.ts';
import { requireToken } from './control-token.ts';
import { nextStepOf, type WorkAction } from './next-step.ts';
import { refuseMethod, sendFault, sendFhir, statusOf } from './respond.ts';

/** What became of an item that was tried again. */
export interface RetryResult {
  /** due: its deliveries are in line. accepted, refused: its record was read again */
  readonly state: 'due' | 'accepted' | 'refused';
  readonly deliveries: number;
  /** id of the item that stands for it now */
  readonly work: string;
}

export interface WorklistOptions {
  readonly store: Store;
  readonly token: string;
  readonly clock: () => number;
  /**
   * Has an item's deliveries made, or its record read, once more.
   * @param amended payload in place of the kept one
   */
  readonly retry: (item: WorkItem, actor: string, amended?: unknown) => Promise<Checked<RetryResult>>;
  /** Commits what somebody decided of a conflict. */
  readonly decide: (item: WorkItem, wish: DecideAsked, actor: string) => Promise<Checked<RetryResult>>;
}

/** What somebody decided. */
export interface DecideAsked {
  readonly choice: 'ours' | 'theirs' | 'merge' | 'restore' | 'entered-in-error';
  readonly elements?: Readonly<Record<string, 'ours' | 'theirs'>> | undefined;
  readonly content?: unknown;
}

const LONGEST_PAGE = 200;
const ITEM_ID = /^[0-9a-f-]{36}$/;
const KINDS = /^[a-z]+$/;
/** Who acts, where the caller does not say: whoever has the token. */
const OPERATOR = 'operator';

const querySchema = z.strictObject({
  kind: z.string().regex(KINDS).optional(),
  rule: z.string().optional(),
  target: z.string().optional(),
  source: z.string().optional(),
  owner: z.string().optional(),
  assignee: z.string().optional(),
  resource: z.string().optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  state: z.enum(['open', 'resolved']).default('open'),
  count: z.coerce.number().int().min(1).max(LONGEST_PAGE).default(50),
  after: z.string().regex(ITEM_ID).optional(),
});

const actor = z.string().min(1).max(100).default(OPERATOR);
const BODIES = {
  assign: z.strictObject({ actor, assignee: z.string().min(1).max(100).nullable() }),
  resolve: z.strictObject({ actor }),
  retry: z.strictObject({ actor }),
  amend: z.strictObject({ actor, payload: z.record(z.string(), z.unknown()) }),
  decide: z.strictObject({
    actor,
    choice: z.enum(['ours', 'theirs', 'merge', 'restore', 'entered-in-error']),
    elements: z.record(z.string(), z.enum(['ours', 'theirs'])).optional(),
    content: z.record(z.string(), z.unknown()).optional(),
  }),
};

/** @returns routes for `/worklist`; all ask for the token, since items tell where people's records stand */
export function worklistRoutes(options: WorklistOptions): Router {
  const routes = express.Router({ caseSensitive: true });
  routes.use('/worklist', requireToken(options.token), express.json({ limit: '2mb' }));
  routes
    .route('/worklist')
    .get(async (request, response) => await sendPage(options, request, response))
    .all(refuseMethod('GET, HEAD'));
  routes
    .route('/worklist/:id')
    .get(async (request, response) => await sendItem(options, request.params.id, response))
    .all(refuseMethod('GET, HEAD'));
  routes
    .route('/worklist/:id/:action')
    .post(async (request, response) => await act(options, request, response))
    .all(refuseMethod('POST'));
  return routes;
}

async function sendPage({ store }: WorklistOptions, request: Request, response: Response): Promise<void> {
  const asked = new URL(request.originalUrl, 'http://localhost').searchParams;
  const query = querySchema.safeParse(Object.fromEntries(asked));
  if (!query.success) return refuseWords(response, query.error);
  const { owner, from, until, state, count, after, ...same } = query.data;
  const filter = {
    ...same,
    ownerOrg: owner,
    fromMs: from === undefined ? undefined : Date.parse(from),
    untilMs: until === undefined ? undefined : Date.parse(until),
    after,
  };
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  const found = await store.worklist({ ...(given as WorkFilter), open: state === 'open', count: count + 1 });
  const items = found.slice(0, count);
  const last = found.length > count ? items.at(-1)?.id : undefined;
  if (last !== undefined) asked.set('after', last);
  const next = last === undefined ? {} : { next: `/worklist?${asked.toString()}` };
  response.json({ items: items.map(shown), ...next });
}

async function sendItem({ store }: WorklistOptions, id: string, response: Response): Promise<void> {
  const item = ITEM_ID.test(id) ? await store.workItem(id) : undefined;
  if (!item) return refuseUnknown(response);
  const isKept = item.kind === 'rejected' || item.kind === 'conflict';
  const refused = isKept ? await store.refusedRecord(item.id) : undefined;
  // whoever amends it, or decides of it, must see it; it is in no list
  const kept = item.kind === 'conflict' ? versionsOf(refused?.payload) : refused?.payload;
  response.json({ ...shown(item), ...(refused && { payload: kept }) });
}

/** @returns both versions of a conflict, where they differ, and what is proposed */
function versionsOf(payload: unknown): object {
  const { base, ours, theirs, proposed, conflicts } = payload as Conflict;
  return { base, ours, theirs, proposed, conflicts };
}

/** An item as it is told: owner, reason, next step. */
function shown(item: WorkItem): object {
  const { createdMs, resolvedMs, ownerOrg, assignee, rule, outcome, recordKey: _key, ...rest } = item;
  return {
    ...rest,
    opened: new Date(createdMs).toISOString(),
    ...(resolvedMs === undefined ? {} : { resolved: new Date(resolvedMs).toISOString() }),
    owner: { organisation: ownerOrg, assignee: assignee ?? null },
    reason: { rule: rule ?? null, issues: outcome.issue },
    next: nextStepOf(item),
  };
}

async function act(options: WorklistOptions, request: Request, response: Response): Promise<void> {
  const { id, action } = request.params as { id: string; action: WorkAction };
  const item = ITEM_ID.test(id) ? await options.store.workItem(id) : undefined;
  if (!item || !Object.hasOwn(BODIES, action)) return refuseUnknown(response);
  const body = BODIES[action].safeParse(request.body ?? {});
  if (!body.success) return refuseWords(response, body.error);
  if (!nextStepOf(item).actions.includes(action)) return refuseAction(response, item, action);
  const done = await DO[action](options, item, body.data as Asked);
  if (!done.ok)
    return sendFhir(
      response,
      done.outcome.issue[0]?.code === 'not-found' ? 409 : statusOf(done.outcome),
      done.outcome,
    );
  const now = await options.store.workItem(item.id);
  response.json({ ...(now && { item: shown(now) }), ...(done.value && { result: done.value }) });
}

interface Asked extends DecideAsked {
  readonly actor: string;
  readonly assignee: string | null;
  readonly payload: unknown;
}

type Do = (
  options: WorklistOptions,
  item: WorkItem,
  asked: Asked,
) => Promise<Checked<RetryResult | undefined>>;

const DONE = { ok: true, value: undefined } as const;
const DO: Readonly<Record<WorkAction, Do>> = {
  assign: async ({ store, clock }, { id }, asked) => {
    await store.assignWork(id, asked.assignee, clock(), asked.actor);
    return DONE;
  },
  resolve: async ({ store, clock }, { id }, asked) => {
    await store.resolveWork(id, clock(), asked.actor);
    return DONE;
  },
  retry: ({ retry }, item, asked) => retry(item, asked.actor),
  amend: ({ retry }, item, asked) => retry(item, asked.actor, asked.payload),
  decide: ({ decide }, item, asked) => decide(item, asked, asked.actor),
};

function refuseUnknown(response: Response): void {
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'worklist-unknown',
    diagnostics:
      'There is no such item, or no such action; GET /worklist shows the items, each with its actions.',
  });
}

function refuseAction(response: Response, { kind, resolvedMs }: WorkItem, action: WorkAction): void {
  const why =
    resolvedMs === undefined ? `is not for items of kind ${kind}` : 'is for open items; this one is resolved';
  sendFault(response, 409, {
    code: 'conflict',
    rule: 'worklist-action',
    diagnostics: `The action ${action} ${why}.`,
  });
}

/** The words at fault are named, and never repeated. */
function refuseWords(response: Response, { issues }: z.ZodError): void {
  const faults = issues.map(({ path, message }) => `${path.join('.') || 'the request'}: ${message}`);
  sendFault(response, 400, { code: 'invalid', rule: 'worklist-words', diagnostics: faults.join('; ') });
}
