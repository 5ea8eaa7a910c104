/** The worklist over HTTP: whose an item is, why it is there, what to do next, and that whatever is done is written down. */
import { expect, test } from 'vitest';
import { worklistRoutes } from '../../src/api/worklist-routes.ts';
import { decideFor } from '../../src/cli/again/decide.ts';
import { retryWork } from '../../src/cli/again/retry-work.ts';
import { openShop, partsOf, platformExample, type Shop } from '../cli/shop.ts';
import { NOW_MS } from '../store/samples.ts';
import { expectOutcome, startAdapter, type TestAdapter } from './adapter.ts';

const TOKEN = 'a-token-of-this-test';
const AUTH = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };

interface Shown {
  readonly id: string;
  readonly kind: string;
  readonly owner: { organisation: string; assignee: string | null };
  readonly reason: { rule: string; issues: { diagnostics: string }[] };
  readonly next: { text: string; command?: string; actions: string[] };
  readonly resolved?: string;
  readonly payload?: { contact: Record<string, unknown> };
}

async function opened(): Promise<{ adapter: TestAdapter; shop: Shop }> {
  const shop = await openShop(partsOf());
  const { store } = shop;
  const routes = worklistRoutes({
    store,
    token: TOKEN,
    clock: () => NOW_MS,
    retry: retryWork(shop),
    decide: decideFor(shop),
  });
  return { adapter: await startAdapter({ app: { store, pages: [routes] } }), shop };
}

async function page(
  adapter: TestAdapter,
  query = '',
): Promise<{ items: Shown[]; next?: string; status: number }> {
  const answer = await adapter.get(`/worklist${query}`, AUTH);
  return { ...((await answer.json()) as { items: Shown[]; next?: string }), status: answer.status };
}

async function item(adapter: TestAdapter, id: string): Promise<Shown> {
  return (await (await adapter.get(`/worklist/${id}`, AUTH)).json()) as Shown;
}

function post(adapter: TestAdapter, path: string, body: object = {}): Promise<Response> {
  return fetch(adapter.url + path, { method: 'POST', headers: AUTH, body: JSON.stringify(body) });
}

const BAD = platformExample('contact', 'bad-wrong-type');
const BAD_KEY = platformExample('contact', 'bad-missing-person');

test('nobody reads or changes the worklist without the token', async () => {
  const { adapter } = await opened();
  await expectOutcome(await adapter.get('/worklist'), 401, 'control-token');
  await expectOutcome(
    await adapter.get('/worklist', { Authorization: 'Bearer other' }),
    401,
    'control-token',
  );
  await expectOutcome(await adapter.post('/worklist/x/resolve', '{}'), 401, 'control-token');
});

test('an item says whose it is, why it is there and what to do next; its record is shown with it alone', async () => {
  const { adapter, shop } = await opened();
  await shop.take('contact', BAD);
  const { items } = await page(adapter);
  expect(items).toMatchObject([
    {
      kind: 'rejected',
      owner: { organisation: 'X26', assignee: null },
      next: { actions: ['assign', 'resolve', 'retry', 'amend'] },
    },
  ]);
  const [one] = items;
  expect(one!.reason.rule).toMatch(/^read-/);
  expect(one!.reason.issues[0]!.diagnostics).toContain('minutes');
  expect(one!.next.command).toBe(`npm run hedgerow -- replay --work ${one!.id}`);
  expect(JSON.stringify(items)).not.toContain('thirty');
  expect((await item(adapter, one!.id)).payload!.contact.minutes).toBe('thirty');
});

test('the list is had in pages and by filters; words that are none are refused', async () => {
  const { adapter, shop } = await opened();
  await shop.take('contact', BAD);
  await shop.take('contact', BAD_KEY);
  const first = await page(adapter, '?count=1&kind=rejected');
  const second = await page(adapter, first.next!.slice('/worklist'.length));
  expect([first.items.length, second.items.length, second.next]).toEqual([1, 1, undefined]);
  expect(new Set([first.items[0]!.id, second.items[0]!.id]).size).toBe(2);
  const byRule = await page(adapter, `?rule=${second.items[0]!.reason.rule}`);
  expect(byRule.items.map(({ id }) => id)).toContain(second.items[0]!.id);
  expect((await page(adapter, '?source=elsewhere')).items).toEqual([]);
  expect((await page(adapter, `?from=${new Date(NOW_MS + 1).toISOString()}`)).items).toEqual([]);
  await expectOutcome(await adapter.get('/worklist?count=0', AUTH), 400, 'worklist-words');
  await expectOutcome(await adapter.get('/worklist?colour=red', AUTH), 400, 'worklist-words');
});

test('an item is assigned, found by who has it, and resolved once', async () => {
  const { adapter, shop } = await opened();
  await shop.take('contact', BAD);
  const { id } = (await page(adapter)).items[0]!;
  const assigned = await post(adapter, `/worklist/${id}/assign`, { actor: 'lead', assignee: 'sam' });
  expect(await assigned.json()).toMatchObject({ item: { owner: { assignee: 'sam' } } });
  expect((await page(adapter, '?assignee=sam')).items.map((one) => one.id)).toEqual([id]);
  expect((await post(adapter, `/worklist/${id}/resolve`, { actor: 'sam' })).status).toBe(200);
  expect((await page(adapter)).items).toEqual([]);
  expect((await page(adapter, '?state=resolved')).items).toMatchObject([{ id, next: { actions: [] } }]);
  expect((await item(adapter, id)).payload).toBeUndefined();
  await expectOutcome(await post(adapter, `/worklist/${id}/resolve`), 409, 'worklist-action');
  expect(await shop.store.verifyAudit()).toBeUndefined();
});

test('an amended record is accepted and closes its item; amended badly it stays, as one item', async () => {
  const { adapter, shop } = await opened();
  await shop.take('contact', BAD);
  const { id } = (await page(adapter)).items[0]!;
  const { payload } = await item(adapter, id);
  const still = await post(adapter, `/worklist/${id}/amend`, {
    payload: { ...payload, contact: { ...payload!.contact, minutes: 'forty' } },
  });
  expect(await still.json()).toMatchObject({ result: { state: 'refused' } });
  const open = (await page(adapter)).items;
  expect(open.map(({ kind }) => kind)).toEqual(['rejected']);
  const amended = await post(adapter, `/worklist/${open[0]!.id}/amend`, {
    payload: { ...payload, contact: { ...payload!.contact, minutes: 30 } },
  });
  expect(await amended.json()).toMatchObject({ result: { state: 'accepted' } });
  expect((await page(adapter, '?kind=rejected')).items).toEqual([]);
  expect(shop.woken()).toBeGreaterThan(0);
});

test('what is not there, or cannot be done with an item, is refused', async () => {
  const { adapter, shop } = await opened();
  const unknown = '00000000-0000-4000-8000-000000000000';
  await expectOutcome(await adapter.get(`/worklist/${unknown}`, AUTH), 404, 'worklist-unknown');
  await expectOutcome(await post(adapter, `/worklist/${unknown}/resolve`), 404, 'worklist-unknown');
  await shop.take('contact', BAD);
  const { id } = (await page(adapter)).items[0]!;
  await expectOutcome(await post(adapter, `/worklist/${id}/explode`), 404, 'worklist-unknown');
  await expectOutcome(await post(adapter, `/worklist/${id}/amend`), 400, 'worklist-words');
  expect((await adapter.get(`/worklist/${id}/resolve`, AUTH)).status).toBe(405);
});
