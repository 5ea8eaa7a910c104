/** What a directory must not do to us: each is refused with a sentence, and nothing of it is taken in. */
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { openBench, service } from './directory.ts';

const page = (number: number, contents: readonly object[], more: object = {}): object => ({
  ...{ total_items: 9, page_number: number, contents },
  ...more,
});

const say = (response: ServerResponse, status: number, headers: Record<string, string>, text = ''): true => {
  response.writeHead(status, headers).end(text);
  return true;
};

const json = (response: ServerResponse, body: unknown): true => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  return true;
};

const ONE = service(1);
const numberOf = (url = ''): number => Number(new URL(url, 'http://a.example').searchParams.get('page'));

test.each<[string, (url: string | undefined, response: ServerResponse) => true, string]>([
  [
    'a page of HTML',
    (_, response) => say(response, 200, { 'content-type': 'text/html' }, '<html>'),
    'directory-not-json',
  ],
  [
    'HTML that calls itself JSON',
    (_, response) => say(response, 200, { 'content-type': 'application/json' }, '<html>'),
    'directory-not-json',
  ],
  [
    'JSON nested without end',
    (_, response) => {
      const text = '['.repeat(5_000) + ']'.repeat(5_000);
      response.writeHead(200, { 'content-type': 'application/json' }).end(text);
      return true;
    },
    'directory-not-json',
  ],
  ['JSON that is no page', (_, response) => json(response, { hello: 'world' }), 'directory-no-page'],
  [
    'another page than was asked for',
    (_, response) => json(response, page(7, [ONE])),
    'directory-other-page',
  ],
  [
    'the same page again and again',
    (_, response) => json(response, { contents: [ONE] }),
    'directory-endless',
  ],
  [
    'more pages than there can be',
    (_, response) => json(response, page(1, [ONE], { total_pages: 9_999_999 })),
    'directory-endless',
  ],
  [
    'ever new pages',
    (url, response) => json(response, page(numberOf(url), [service(numberOf(url))])),
    'directory-endless',
  ],
  [
    'a next page at another host',
    (url, response) =>
      json(response, page(numberOf(url), [ONE], { next: 'http://127.0.0.1:1/o/v3/services?page=2' })),
    'directory-other-place',
  ],
  [
    'a next page above its base',
    (url, response) => json(response, page(numberOf(url), [ONE], { next: '../../secret' })),
    'directory-other-place',
  ],
  [
    'a redirect',
    (_, response) => say(response, 302, { location: 'http://127.0.0.1:1/' }),
    'directory-answer',
  ],
  [
    'an answer without an end',
    (_, response) => say(response, 200, { 'content-type': 'application/json' }, `"${'x'.repeat(1_200_000)}"`),
    'directory-too-large',
  ],
  [
    'services without an id',
    (url, response) =>
      json(response, page(numberOf(url), [{ name: 'x' }, { id: { a: 1 } }], { last_page: true })),
    'directory-nameless',
  ],
])('%s is refused', async (_, answer, rule) => {
  const bench = await openBench([], { detail: 'list', maxMegabytes: 1, maxPages: 20 });
  bench.directory.interfere = ({ url }, response) => answer(url, response);
  const looked = await bench.look();
  const [issue] = 'outcome' in looked ? looked.outcome.issue : [];
  expect(issue && ruleOf(issue)).toBe(rule);
  expect(issue?.diagnostics).toMatch(/^city .+\.$/);
  expect(bench.directory.asked.length).toBeLessThan(25);
});

test('another service than was asked for is not taken in under its name', async () => {
  const bench = await openBench([service(1), service(2)]);
  bench.directory.interfere = ({ url }, response) =>
    url?.endsWith('/svc-1') ? json(response, service(2)) : false;
  const looked = await bench.look();
  expect('outcome' in looked && ruleOf(looked.outcome.issue[0]!)).toBe('directory-other-service');
  expect(await bench.service('svc-1')).toBeUndefined();
});

test('a busy directory is left alone for as long as it asks', async () => {
  const bench = await openBench([service(1)]);
  bench.directory.interfere = (_, response) => say(response, 429, { 'retry-after': '120' });
  expect(await bench.look()).toMatchObject({ waitMs: 120_000 });
  expect(bench.directory.asked).toHaveLength(1);
});
