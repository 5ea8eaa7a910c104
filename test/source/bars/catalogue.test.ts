/** The catalogue of errors of BaRS, written down again: each row is understood, and each that a receiver meets is answered, as the published description allows. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { AdapterError } from '../../../src/fhir/outcome.ts';
import { type BarsMeaning, meaningOf } from '../../../src/nhs/bars/errors.ts';
import { refusedBy } from '../../../src/target/bars/answers.ts';
import { BARS_FOLDER, barsDescription } from '../../servers/bars-description.ts';
import { type Answered, headersFor, type Json, messageOf, newReferral } from '../../servers/bars-sender.ts';
import { type Prism, startPrism } from '../../servers/prism.ts';
import { type Options, open, type Place } from './place.ts';

const ALL_400 = ['required', 'invalid', 'structure', 'value', 'invariant', 'not-supported'];
const ALL_401 = ['security', 'unknown', 'expired', 'login', 'forbidden'];

/** Status, codes, issue codes, and what a sender does next. */
const TABLE: readonly (readonly [status: number, codes: string, issues: readonly string[], next: string])[] =
  [
    [400, 'SEND_BAD_REQUEST REC_BAD_REQUEST PROXY_BAD_REQUEST BAD_REQUEST', ALL_400, 'park'],
    [401, 'SEND_UNAUTHORIZED', ALL_401, 'renew'],
    [401, 'REC_UNAUTHORIZED', ALL_401, 'park'],
    [403, 'SEND_FORBIDDEN', ['forbidden', 'security'], 'renew'],
    [403, 'REC_FORBIDDEN', ['forbidden', 'security'], 'park'],
    [404, 'PROXY_NOT_FOUND NOT_FOUND', ['not-found', 'multiple-matches'], 'wait'],
    [404, 'REC_NOT_FOUND', ['not-found', 'multiple-matches'], 'park'],
    [
      405,
      'SEND_METHOD_NOT_ALLOWED REC_METHOD_NOT_ALLOWED PROXY_METHOD_NOT_ALLOWED',
      ['not-supported'],
      'park',
    ],
    [406, 'SEND_NOT_ACCEPTABLE', ['processing'], 'wait'],
    [406, 'REC_NOT_ACCEPTABLE', ['processing'], 'park'],
    [408, 'REC_TIMEOUT', ['timeout'], 'again, unsure'],
    [409, 'REC_CONFLICT', ['duplicate'], 'done'],
    [409, 'REC_CONFLICT', ['conflict'], 'ask'],
    [422, 'REC_UNPROCESSABLE_ENTITY', ['not-supported', 'too-costly'], 'park'],
    [429, 'SEND_TOO_MANY_REQUESTS REC_TOO_MANY_REQUESTS', ['throttled'], 'again'],
    [500, 'REC_SERVER_ERROR SERVER_ERROR', ['exception', 'no-store', 'transient'], 'again, unsure'],
    [500, 'REC_SERVER_ERROR SERVER_ERROR', ['too costly'], 'park'],
    [501, 'REC_NOT_IMPLEMENTED SEND_NOT_IMPLEMENTED PROXY_NOT_IMPLEMENTED', ['not-supported'], 'park'],
    [503, 'REC_UNAVAILABLE REC_SERVICE_UNAVAILABLE', ['transient'], 'again'],
  ];

const ROWS = TABLE.flatMap(([status, codes, issues, next]) =>
  codes.split(' ').flatMap((code) => issues.map((issue) => ({ status, code, issue, next }))),
);

const IDS = { 'x-request-id': randomUUID(), 'x-correlation-id': randomUUID() };

function outcomeOf(code: string, issue: string): Json {
  const coding = [{ system: 'https://fhir.nhs.uk/Codesystem/http-error-codes', code }];
  return {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: issue, details: { coding } }],
  };
}

function nextBy(meaning: BarsMeaning): string {
  if (meaning.taken) return meaning.already ? 'done' : 'taken';
  if (meaning.renewsToken) return 'renew';
  if (meaning.isOfTarget) return 'wait';
  if (meaning.retry === 'conflict') return 'ask';
  if (meaning.retry === 'permanent') return 'park';
  return meaning.retry === 'ambiguous' ? 'again, unsure' : 'again';
}

test.each(ROWS)('$status $code $issue is understood: $next', ({ status, code, issue, next }) => {
  const body = outcomeOf(code, issue);
  const meaning = meaningOf({ status, headers: IDS, body });
  expect(nextBy(meaning)).toBe(next);
  if (meaning.taken) return;
  const refused = refusedBy(
    { ok: true, meaning, status, body, retryAfterMs: undefined },
    'the new referral',
    'link-workers',
  );
  const { diagnostics } = refused.outcome.issue[0]!;
  const end = code.startsWith('REC_') ? 'service' : code.startsWith('SEND_') ? 'our end' : 'proxy';
  expect(diagnostics).toContain(`${code.replace(/^(SEND|REC|PROXY)_/, '')}, ${issue.replace(' ', '-')}: at `);
  expect(diagnostics).toContain(end);
});

type Made = Pick<Answered, 'status' | 'body'>;

interface Asking {
  readonly place: Place;
  readonly url: string;
  readonly prism: Prism | undefined;
  /** thrown by the store at the next message */
  fault: AdapterError | undefined;
}

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** Every request goes through the checking proxy, where the published description is here. */
async function asking(options: Options = {}): Promise<Asking> {
  const at: { fault: AdapterError | undefined } = { fault: undefined };
  const place: Place = await open({
    take: async (records, receipt) => {
      if (at.fault) throw at.fault;
      return await place.pipeline.take(records, receipt);
    },
    ...options,
  });
  if (!existsSync(BARS_FOLDER)) return Object.assign(at, { place, url: place.url, prism: undefined });
  const { path, remove } = barsDescription();
  undo.push(remove);
  const prism = await startPrism({ spec: path, upstream: place.url });
  undo.push(() => prism.close());
  return Object.assign(at, { place, url: prism.url, prism });
}

type Headers = Record<string, string | undefined>;

async function ask(
  { url }: Pick<Asking, 'url'>,
  path: string,
  headers: Headers = {},
  rest: RequestInit = {},
): Promise<Made> {
  const version = { accept: 'application/fhir+json; version=1.0.0' };
  const answer = await fetch(`${url}${path}`, { headers: headersFor({ ...version, ...headers }), ...rest });
  return { status: answer.status, body: (await answer.json()) as Json };
}

async function send(
  at: Asking,
  message: unknown = messageOf(newReferral('9990000026'), 'new'),
  headers: Headers = {},
): Promise<Made> {
  return await ask(at, '/$process-message', headers, { method: 'POST', body: JSON.stringify(message) });
}

type Message = Json & { meta: Json; entry: [{ resource: Json }, { resource: Json }] };

/** A message with a part that says something else. */
async function sendWith(at: Asking, part: (message: Message) => Json, change: Json): Promise<Made> {
  const message = messageOf(newReferral(), 'new') as Message;
  Object.assign(part(message), change);
  return await send(at, message);
}

const header = (message: Message): Json => message.entry[0].resource;
const request = (message: Message): Json => message.entry[1].resource;

async function sendTo(at: Asking, fault: AdapterError): Promise<Made> {
  at.fault = fault;
  const made = await send(at);
  at.fault = undefined;
  return made;
}

const thrown = (
  retry: 'transient' | 'permanent',
  code: 'no-store' | 'transient' | 'exception',
): AdapterError => new AdapterError(retry, { severity: 'error', code, diagnostics: 'a disk' });

const held = messageOf(newReferral('9990000034'), 'new');

/** How a sender comes to each error of a receiver, in this order. */
const ANSWERED: Readonly<Record<string, (at: Asking) => Promise<Made>>> = {
  '400 REC_BAD_REQUEST required': async (at) => await sendWith(at, header, { destination: undefined }),
  '400 REC_BAD_REQUEST invalid': async (at) => await ask(at, '/ServiceRequest?patient:identifier=%7C'),
  '400 REC_BAD_REQUEST structure': async (at) => await sendWith(at, (message) => message, { type: 'batch' }),
  '400 REC_BAD_REQUEST value': async (at) => await sendWith(at, request, { intent: 'order' }),
  '400 REC_BAD_REQUEST invariant': async (at) => await sendWith(at, request, { status: 'draft' }),
  '400 REC_BAD_REQUEST not-supported': async (at) =>
    await sendWith(at, header, { definition: 'https://example.org' }),
  '401 REC_UNAUTHORIZED forbidden': async () => await send(await asking({ callers: ['B84002'] })),
  '403 REC_FORBIDDEN security': async (at) => {
    at.place.door.secret = { header: 'X-Gateway', value: 'a secret of tests' };
    const made = await send(at);
    delete at.place.door.secret;
    return made;
  },
  '403 REC_FORBIDDEN forbidden': async (at) => {
    at.place.door.subjects = { header: 'X-Subject', allowed: ['CN=proxy.nhs.uk'] };
    const made = await send(at, undefined, { 'X-Subject': 'CN=somebody' });
    delete at.place.door.subjects;
    return made;
  },
  '404 REC_NOT_FOUND not-found': async (at) => await ask(at, `/ServiceRequest/${randomUUID()}`),
  '405 REC_METHOD_NOT_ALLOWED not-supported': async (at) =>
    await ask(at, `/ServiceRequest/${randomUUID()}`, { 'content-type': undefined }, { method: 'DELETE' }),
  '406 REC_NOT_ACCEPTABLE processing': async (at) =>
    await ask(at, '/metadata', { accept: 'application/fhir+json; version=2.0.0' }),
  '408 REC_TIMEOUT timeout': async () => {
    const { promise, resolve } = Promise.withResolvers<never>();
    undo.push(() => resolve([] as unknown as never));
    return await send(await asking({ budgetMs: 100, take: () => promise }));
  },
  '409 REC_CONFLICT duplicate': async (at) => {
    await send(at, held);
    return await send(at, held);
  },
  '409 REC_CONFLICT conflict': async (at) => await send(at, { ...held, id: randomUUID() }),
  '422 REC_UNPROCESSABLE_ENTITY not-supported': async (at) =>
    await sendWith(at, ({ meta }) => meta, { versionId: '9.0.0' }),
  '422 REC_UNPROCESSABLE_ENTITY too-costly': async () => await send(await asking({ largestBytes: 1_000 })),
  '429 REC_TOO_MANY_REQUESTS throttled': async () => await send(await asking({ bodies: 0 })),
  '500 REC_SERVER_ERROR exception': async (at) => await sendTo(at, thrown('permanent', 'exception')),
  '500 REC_SERVER_ERROR no-store': async (at) => await sendTo(at, thrown('transient', 'no-store')),
  // the checking proxy makes up an answer of its own in place of a 501
  '501 REC_NOT_IMPLEMENTED not-supported': async ({ place }) => await ask(place, '/Slot?status=free'),
  '503 REC_UNAVAILABLE transient': async (at) => await sendTo(at, thrown('transient', 'transient')),
};

/** What a receiver here never has to say, and why. */
const NEVER: Readonly<Record<string, string>> = {
  '401 REC_UNAUTHORIZED security': 'access tokens end at the proxy: what its gateway lacks here is a 403',
  '401 REC_UNAUTHORIZED unknown': 'access tokens end at the proxy',
  '401 REC_UNAUTHORIZED expired': 'access tokens end at the proxy',
  '401 REC_UNAUTHORIZED login': 'access tokens end at the proxy',
  '404 REC_NOT_FOUND multiple-matches':
    'a referral is known by its id, and a search answers with all it finds',
  '500 REC_SERVER_ERROR transient': 'what passes is a 503, which tells to come again',
  '500 REC_SERVER_ERROR too costly': 'what is too much is a 422: it is the message, and not this server',
  '503 REC_SERVICE_UNAVAILABLE transient': 'the other spelling of REC_UNAVAILABLE',
};

test('each error of a receiver is answered as the published description allows, or never comes up', async () => {
  const rows = ROWS.filter(({ code }) => code.startsWith('REC_'));
  const names = rows.map(({ status, code, issue }) => `${status} ${code} ${issue}`);
  expect([...Object.keys(ANSWERED), ...Object.keys(NEVER)].toSorted()).toEqual(names.toSorted());
  const at = await asking();
  for (const [row, made] of Object.entries(ANSWERED)) {
    const { status, body } = await made(at);
    const [issue] = body.issue as { code: string; details: { coding: { code: string }[] } }[];
    expect(`${status} ${issue!.details.coding[0]!.code} ${issue!.code}`).toBe(row);
  }
  const said = at.prism?.violations().filter(({ location }) => location[0] === 'response') ?? [];
  expect(said).toEqual([]);
});
