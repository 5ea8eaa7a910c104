/** A service is closed only where the directory says of itself that it is gone: a list that leaves it out proves nothing. */
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { type Bench, openBench, service } from './directory.ts';

const HOUR_MS = 3_600_000;
const JSON_TYPE = { 'content-type': 'application/json' };
const FIVE = [1, 2, 3, 4, 5].map((number) => service(number));

/** The directory's list, whatever it has: pages of services, some of which are empty. */
function listing(bench: Bench, pages: readonly (readonly object[])[]): void {
  bench.directory.interfere = ({ url = '' }, response: ServerResponse) => {
    const asked = new URL(url, 'http://a.example').searchParams.get('page');
    if (asked === null) return false;
    const number = Number(asked);
    const contents = pages[number - 1] ?? [];
    const body = { total_pages: pages.length, page_number: number, empty: contents.length === 0, contents };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return true;
  };
}

const ruleIn = (looked: Awaited<ReturnType<Bench['look']>>): string | undefined =>
  'outcome' in looked ? ruleOf(looked.outcome.issue[0]!) : undefined;

test('a service that the pages left out while it moved from one to the next is not closed', async () => {
  const bench = await openBench(FIVE);
  await bench.look();
  listing(bench, [FIVE.slice(0, 2), FIVE.slice(3)]);
  expect(await bench.look(true)).toMatchObject({ isFull: true, gone: 0 });
  expect((await bench.service('svc-3'))?.active).toBe(true);
});

test('a service that is listed no more, and says itself that it is closed, is closed as it says', async () => {
  const bench = await openBench(FIVE);
  await bench.look();
  bench.directory.services.set('svc-3', service(3, { status: 'inactive', description: 'Moved on' }));
  listing(bench, [FIVE.slice(0, 2), FIVE.slice(3)]);
  await bench.look(true);
  expect(await bench.service('svc-3')).toMatchObject({ active: false, comment: 'Moved on' });
});

test('an empty page before the last ends no sweep', async () => {
  const bench = await openBench(FIVE);
  listing(bench, [FIVE.slice(0, 2), [], FIVE.slice(2)]);
  expect(await bench.look()).toMatchObject({ pages: 3, taken: 5 });
});

test('a directory that has lost all it had closes nothing, however small it is', async () => {
  const bench = await openBench(FIVE.slice(0, 3));
  await bench.look();
  bench.directory.services.clear();
  expect(ruleIn(await bench.look(true))).toBe('directory-mostly-gone');
  expect((await bench.service('svc-1'))?.active).toBe(true);
});

test('where a list is all there is, a service is closed when two sweeps have missed it', async () => {
  const bench = await openBench(FIVE, { detail: 'list' });
  await bench.look();
  bench.directory.services.delete('svc-5');
  expect(await bench.look(true)).toMatchObject({ gone: 0 });
  expect((await bench.service('svc-5'))?.active).toBe(true);
  expect(await bench.look(true)).toMatchObject({ gone: 1 });
  expect((await bench.service('svc-5'))?.active).toBe(false);
});

test("what came in a file was never the directory's, and is not closed for its lack", async () => {
  const bench = await openBench(FIVE);
  await bench.drop([service(8)]);
  expect(await bench.look(true)).toMatchObject({ gone: 0 });
  expect((await bench.service('svc-8'))?.active).toBe(true);
  expect(bench.directory.asked.filter((path) => path.endsWith('/svc-8'))).toEqual([]);
});

/** The list leaves two services out; one of them is gone, and the other is asked for in vain. */
async function leftOut(answer: (response: ServerResponse) => unknown, settings: object = {}): Promise<Bench> {
  const bench = await openBench(FIVE, settings);
  await bench.look();
  bench.nowMs += 25 * HOUR_MS;
  bench.directory.services.delete('svc-2');
  bench.directory.services.delete('svc-4');
  bench.directory.interfere = ({ url = '' }, response) => {
    if (!url.endsWith('/svc-2')) return false;
    answer(response);
    return true;
  };
  return bench;
}

const BUSY = (response: ServerResponse): unknown => response.writeHead(503, { 'retry-after': '3600' }).end();

test.each<[string, (response: ServerResponse) => unknown]>([
  ['fails', (response) => response.writeHead(500).end()],
  ['is refused', (response) => response.writeHead(403).end()],
  ['asks to be let alone', BUSY],
  [
    'answers with a page',
    (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Hello</p>'),
  ],
  ['answers with another', (response) => response.writeHead(200, JSON_TYPE).end('{"id":"svc-9"}')],
])('a service that %s keeps no other open, and no look whole', async (_, answer) => {
  const bench = await leftOut(answer);
  expect(ruleIn(await bench.look())).toMatch(/^directory-(?:answer|not-json|other-service)$/);
  bench.nowMs += HOUR_MS;
  bench.directory.asked.length = 0;
  expect(ruleIn(await bench.look())).toMatch(/^directory-/);
  expect(bench.directory.asked[0]).toContain('&modified_after=');
  expect((await bench.service('svc-4'))?.active).toBe(false);
  expect((await bench.service('svc-2'))?.active).toBe(true);
  bench.directory.interfere = undefined;
  bench.directory.asked.length = 0;
  expect(await bench.look()).toMatchObject({ isFull: false, gone: 1 });
  expect(bench.directory.asked.slice(1)).toEqual(['/o/v3/services/svc-2']);
  expect((await bench.service('svc-2'))?.active).toBe(false);
  bench.directory.asked.length = 0;
  await bench.look();
  expect(bench.directory.asked).toHaveLength(1);
});

test('where each look is whole, one that asks to be let alone is asked about last', async () => {
  const bench = await leftOut(BUSY, { modifiedAfter: false });
  await bench.look();
  await bench.look();
  expect((await bench.service('svc-4'))?.active).toBe(false);
});

test('after five that give no answer in a row the directory is left alone, and the next look begins with the others', async () => {
  const twelve = Array.from({ length: 12 }, (_, at) => service(at + 1));
  const bench = await openBench(twelve, { perPage: 100 });
  await bench.look();
  bench.nowMs += 25 * HOUR_MS;
  for (const { id } of twelve.slice(0, 6)) bench.directory.services.delete(id);
  bench.directory.interfere = ({ url = '' }, response) => {
    if (!/\/svc-[1-6]$/.test(url)) return false;
    response.destroy();
    return true;
  };
  const details = (): string[] => bench.directory.asked.splice(0).filter((path) => /\/svc-[^/]+$/.test(path));
  details();
  await bench.look();
  const asked = details();
  expect(asked).toHaveLength(5);
  bench.nowMs += HOUR_MS;
  await bench.look();
  expect(asked).not.toContain(details()[0]);
});
