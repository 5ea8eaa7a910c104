/** The OpenAPI document says what is served, and the Postman collection made of it runs: every request is answered as it is described. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { OpenApi } from '../../../src/api/openapi/document.ts';
import { type Postman, type PostmanItem, postmanOf } from '../../../src/api/openapi/postman.ts';
import { ownOperations } from '../../../src/api/operations/routes.ts';
import { viewRuns } from '../../../src/api/views/routes.ts';
import { openApiAt } from '../../../src/cli/openapi.ts';
import { openSubscriptions } from '../../../src/cli/subscriptions.ts';
import { subscriptionsSchema } from '../../../src/config/subscriptions.ts';
import { STORED_TYPES } from '../../../src/fhir/definitions.ts';
import { createPipeline } from '../../../src/pipeline.ts';
import type { Identified, Store } from '../../../src/store/store.ts';
import { SEES_ALL } from '../../../src/store/viewer.ts';
import { hedgerow } from '../../faults/process.ts';
import { startPrism } from '../../servers/prism.ts';
import { commit, idOf, recordOf } from '../../store/samples.ts';
import { parts, startAdapter, type TestAdapter } from '../adapter.ts';
import { Descriptions } from './described.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function start(): Promise<TestAdapter> {
  let store: Store | undefined;
  const later = new Proxy({} as Store, { get: (_, name) => Reflect.get(store!, name) });
  const clock = Date.now;
  const pipeline = createPipeline({ ...parts(), ownerOrg: () => 'X26', route: () => [], clock });
  const own = ownOperations({ ...parts(), store: later, pipeline, clock, version: '1.2.3', targets: [] });
  const config = { demo: true, subscriptions: subscriptionsSchema.parse({}) };
  const about = { config, parts: parts(), store: later, clock, log: pino({ level: 'silent' }) };
  const subscriptions = openSubscriptions({ ...about, viewerOf: () => SEES_ALL });
  undo.push(() => subscriptions.stop());
  const runs = viewRuns({ store: later, definitions: parts().definitions, views: [], clock });
  const adapter = await startAdapter({ app: { fhir: [subscriptions, runs, own] } });
  store = adapter.store;
  return adapter;
}

const SOME = /^\/fhir\/R4\/(?:Patient|ServiceRequest|Encounter|Subscription|OperationDefinition)\b/;
const isChecked = (path: string): boolean => !/^\/fhir\/R4\/[A-Z]/.test(path) || SOME.test(path);

/** Runs a request of a collection, and its tests, as the application does that collections are made for. */
class Runner {
  readonly variables: Map<string, string>;
  readonly #baseOf: (path: string) => string;

  constructor({ variable }: Postman, baseOf: (path: string) => string) {
    this.variables = new Map(variable.map(({ key, value }) => [key, value]));
    this.#baseOf = baseOf;
  }

  filled(text: string): string {
    const base = this.#baseOf(text.replace('{{baseUrl}}', ''));
    return text.replaceAll(/\{\{(\w+)\}\}/g, (_all, name: string) =>
      name === 'baseUrl' ? base : this.variables.get(name)!,
    );
  }

  async run({ name, request, event = [] }: PostmanItem): Promise<number> {
    const { method, header, url, body } = request!;
    const raw =
      body?.mode === 'urlencoded' ? formOf(body.urlencoded as never) : (body?.raw as string | undefined);
    const answer = await fetch(this.filled(url.raw), {
      method,
      headers: Object.fromEntries(header.map(({ key, value }) => [key, value])),
      ...(raw === undefined ? {} : { body: this.filled(raw) }),
    });
    const text = await answer.text();
    const response = {
      to: {
        have: {
          status: (wanted: number) => expect([name, answer.status, text]).toEqual([name, wanted, text]),
        },
      },
      json: () => JSON.parse(text) as unknown,
    };
    const collectionVariables = { set: (key: string, value: string) => this.variables.set(key, value) };
    const pm = { test: (_name: string, check: () => void) => check(), response, collectionVariables };
    for (const { script } of event) new Function('pm', script.exec.join('\n'))(pm);
    return answer.status;
  }
}

function formOf(pairs: readonly { readonly key: string; readonly value: string }[]): string {
  return new URLSearchParams(pairs.map(({ key, value }): [string, string] => [key, value])).toString();
}

test('the collection runs: a whole referral, and every other request is answered as the document says', async () => {
  const adapter = await start();
  const document = (await (await adapter.get('/openapi.json')).json()) as OpenApi;
  const folder = mkdtempSync(join(tmpdir(), 'openapi-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const spec = join(folder, 'openapi.json');
  // every request is run; what the checking proxy is slow to read it holds to the description for some types alone, the next test for all
  const checked = Object.entries(document.paths).filter(([path]) => isChecked(path));
  writeFileSync(spec, JSON.stringify({ ...document, paths: Object.fromEntries(checked) }));
  const prism = await startPrism({ spec, upstream: adapter.url });
  undo.push(() => prism.close());
  const collection = postmanOf(document);
  const runner = new Runner(collection, (path) => (isChecked(path) ? prism.url : adapter.url));
  const [referral, ...folders] = collection.item;
  for (const step of referral!.item!) await runner.run(step);
  const requests = folders.flatMap(({ item = [] }) => item);
  expect(requests.length).toBeGreaterThan(200);
  const unknown: string[] = [];
  for (const item of requests) {
    const status = await runner.run(item);
    if (status === 405 || status >= 500)
      unknown.push(`${item.request!.method} ${item.request!.url.raw} ${status}`);
  }
  expect(unknown.filter((one) => !/\$get-ws|\/ready/.test(one))).toEqual([]);
  const wrong = prism.violations().filter(({ location }) => location[0] === 'response');
  expect(wrong).toEqual([]);
}, 120_000);

test('what is answered of every type is as the document describes it', async () => {
  const adapter = await start();
  const document = (await (await adapter.get('/openapi.json')).json()) as OpenApi;
  const descriptions = new Descriptions(document);
  const faults: (string | undefined)[] = [];
  const ask = async (wanted: number, method: string, path: string, body?: object): Promise<void> => {
    const answer = await fetch(`${adapter.url}/fhir/R4/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/fhir+json' } }),
    });
    const { status, headers } = answer;
    const { pathname } = new URL(answer.url);
    const text = await answer.text();
    expect([method, path, status, text.slice(0, 300)]).toEqual([method, path, wanted, text.slice(0, 300)]);
    faults.push(
      descriptions.fault({ method, path: pathname, status, media: headers.get('content-type'), text }),
    );
  };
  const target = [{ reference: `Patient/${idOf('Patient')}` }];
  const kept = STORED_TYPES.map(
    (type) => ({ resourceType: type, id: idOf(type), target, participant: [] }) as Identified,
  );
  await commit(adapter.store, recordOf(kept));
  for (const type of STORED_TYPES) {
    const path = `${type}/${idOf(type)}`;
    for (const read of [path, `${path}/_history/1`, `${path}/_history`, `${type}/_history`])
      await ask(200, 'GET', read);
    for (const search of [`${type}?_count=1`, `${type}?_id=nobody&_summary=count`])
      await ask(200, 'GET', search);
    await ask(404, 'GET', `${type}/nobody`);
    await ask(400, 'GET', `${type}?_count=many`);
    await ask(400, 'GET', `${type}?_lastUpdated=soon`);
    await ask(422, 'POST', type, { resourceType: type, nonsense: 1 });
    await ask(400, 'POST', type, { resourceType: type === 'Task' ? 'Goal' : 'Task' });
    await ask(400, 'PUT', path, { resourceType: type, id: 'another' });
    await ask(204, 'DELETE', `${type}/nobody`);
  }
  expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  expect(faults).toHaveLength(STORED_TYPES.length * 13);
  const path = `/fhir/R4/Goal/${idOf('Goal')}`;
  const wrong = {
    method: 'GET',
    path,
    status: 200,
    media: 'application/fhir+json',
    text: '{"resourceType":"Task"}',
  };
  expect(descriptions.fault(wrong)).toContain('Goal');
  expect(descriptions.fault({ ...wrong, status: 299 })).toContain('299');
});

test('the document names every path of the capability statement, each operation once, and refers to what is there', async () => {
  const adapter = await start();
  const document = (await (await adapter.get('/openapi.json')).json()) as OpenApi;
  expect(document.openapi).toBe('3.1.0');
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  const ids = operations.map(({ operationId }) => operationId);
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  const named = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name!,
  );
  expect(named.filter((name) => !(name in document.components.schemas))).toEqual([]);
  for (const path of [
    '/fhir/R4/$convert',
    '/fhir/R4/Subscription/{id}/$events',
    '/fhir/R4/Task/{id}/_history/{vid}',
  ])
    expect(Object.keys(document.paths)).toContain(path);
  for (const [path, methods] of Object.entries(document.paths))
    for (const { parameters = [] } of Object.values(methods)) {
      const inPath = parameters.filter((one) => one.in === 'path').map(({ name }) => `{${name}}`);
      expect([path, inPath.sort()]).toEqual([
        path,
        [...path.matchAll(/\{\w+\}/g)].map(([one]) => one).sort(),
      ]);
    }
});

test('the words of the command line print the same without a server', async () => {
  const adapter = await start();
  const served = (await (await adapter.get('/openapi.json')).json()) as OpenApi;
  const printed = await hedgerow('openapi', '--url', adapter.url);
  const { info: _served, servers, ...rest } = served;
  const { info: _printed, ...own } = JSON.parse(printed.stdout) as OpenApi;
  expect([printed.code, servers]).toEqual([0, [{ url: adapter.url }]]);
  const withoutTokens = Object.fromEntries(
    Object.entries(own.paths).filter(([path]) => path !== '/auth/token'),
  );
  expect(withoutTokens).toEqual(rest.paths);
  const collection = await hedgerow('postman');
  expect((JSON.parse(collection.stdout) as Postman).info.schema).toContain('v2.1.0');
  const { Collection } = createRequire(import.meta.url)('postman-collection') as {
    Collection: new (from: unknown) => { forEachItem(each: (item: { name: string }) => void): void };
  };
  let items = 0;
  new Collection(JSON.parse(collection.stdout)).forEachItem(() => {
    items += 1;
  });
  expect(items).toBeGreaterThan(200);
  expect(openApiAt('http://localhost:8080').paths['/auth/token']).toBeDefined();
});
