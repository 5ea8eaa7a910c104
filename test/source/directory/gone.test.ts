/** A service is closed only where the directory says of itself that it is gone: a list that leaves it out proves nothing. */
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { type Bench, openBench, service } from './directory.ts';

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
