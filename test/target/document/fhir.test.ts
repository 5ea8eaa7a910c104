/** A document that goes to a FHIR server is there with its DocumentReference, or not at all. */
import type { Bundle } from '@medplum/fhirtypes';
import { afterEach, expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { fhirWay } from '../../../src/target/document/fhir.ts';
import type { Errand, Gone } from '../../../src/target/document/way.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
import { type Answer, type Scripted, startScripted } from '../../servers/scripted.ts';
import { assembled, CLOSED, CLOSED_REQUEST, documentOf } from './samples.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function errand(): Promise<Errand> {
  const { bundle, summary } = await documentOf(assembled(...CLOSED), CLOSED_REQUEST);
  const addressee = { nhsNumber: '9990000018', personName: summary.person.name, location: 'Riverside' };
  const facts = { title: summary.title, addressee, version: 1, isCodedOnly: false };
  const document = { ...facts, reference: bundle.id!, bundle: JSON.stringify(bundle) };
  return { id: 'document.0', document, about: 'Task/t', ownerOrg: 'X26', way: 0 };
}

async function sendTo(answer: Answer): Promise<{ gone: Gone; server: Scripted; reference: string }> {
  const server = await startScripted(() => answer);
  const { exchange, close } = createExchange();
  closing.push(close, server.close);
  const way = fhirWay({
    ...{ target: 'gp-letters', baseUrl: `${server.url}/fhir/`, token: 'secret', deadlineMs: 5_000 },
    ...{ exchange, clock: Date.now },
  });
  const sent = await errand();
  const gone = await way.send(sent, new AbortController().signal);
  return { gone, server, reference: sent.document.reference };
}

function answered(...statuses: readonly string[]): Answer {
  const entry = statuses.map((status) => ({ response: { status } }));
  return { status: 200, body: { resourceType: 'Bundle', type: 'transaction-response', entry } };
}

test('the document and what lists it are put by one transaction', async () => {
  const { gone, server, reference } = await sendTo(answered('201 Created', '200 OK'));
  expect(gone).toEqual({ state: 'answered' });
  const [only, ...more] = server.seen;
  expect([only!.method, only!.path.replace(/\/$/, ''), more]).toEqual(['POST', '/fhir', []]);
  expect(only!.headers.authorization).toBe('Bearer secret');
  const { type, entry = [] } = only!.body as Bundle;
  expect(type).toBe('transaction');
  expect(
    entry.map(({ request, resource }) => [request!.method, request!.url, resource!.resourceType]),
  ).toEqual([
    ['PUT', `Bundle/${reference}`, 'Bundle'],
    ['PUT', expect.stringMatching(/^DocumentReference\/[-\da-f]{36}$/), 'DocumentReference'],
  ]);
  expect(entry[1]!.resource).toMatchObject({ content: [{}, { attachment: { url: `Bundle/${reference}` } }] });
});

test.each([
  ['refuses the whole', { status: 422, body: {} }, 'rejected', 'delivery-refused'],
  ['refuses each of both', answered('422', '422'), 'rejected', 'delivery-refused'],
  ['says that it took one of both', answered('201', '422'), 'again', 'delivery-refused'],
  ['does not say what it did', { status: 200, body: {} }, 'again', 'document-unproven'],
  ['says it of one only', answered('201'), 'again', 'document-unproven'],
  ['lets nobody in', { status: 401, body: {} }, 'again', 'target-unauthorized'],
  ['is busy', { status: 503, body: {} }, 'again', 'target-busy'],
] as const)('a server that %s', async (_what, answer, state, rule) => {
  const { gone } = await sendTo(answer);
  if (!('outcome' in gone)) throw new Error(`it was ${gone.state}`);
  expect([gone.state, gone.outcome.issue.map(ruleOf)]).toEqual([state, [rule]]);
});
