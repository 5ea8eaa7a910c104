/** A receiver of BaRS on a free port, over a real store, pipeline and outbox, answering to a sender's own server. */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Task } from '@medplum/fhirtypes';
import express from 'express';
import { afterEach } from 'vitest';
import { processMessageRoutes } from '../../../src/api/process-message.ts';
import { createQuestions } from '../../../src/api/process-message-questions.ts';
import { digestOf } from '../../../src/fhir/digest.ts';
import { createBarsClient } from '../../../src/nhs/bars/client.ts';
import { taskIdOf } from '../../../src/nhs/bars/read-message.ts';
import { startWorker } from '../../../src/outbox/worker.ts';
import type { Pipeline } from '../../../src/pipeline.ts';
import type { BarsReceiver, ReceiverOptions } from '../../../src/source/bars/receiver.ts';
import type { CommitRecord, Identified, Store } from '../../../src/store/store.ts';
import { createBarsResponseTarget, responseGate } from '../../../src/target/bars/response.ts';
import { createDelivery } from '../../../src/target/fhir/deliver-group.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
import { parts } from '../../pipeline/shipped.ts';
import { type BarsSender, SERVICE, startSender } from '../../servers/bars-sender.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { NAME, pipelineWith, receiverOver } from './receiver-over.ts';

export { NAME, receiverOver, SENT } from './receiver-over.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

export interface Place {
  readonly url: string;
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly receiver: BarsReceiver;
  readonly sender: BarsSender;
  readonly door: {
    secret?: { header: string; value: string };
    subjects?: { header: string; allowed: string[] };
  };
  /** the case system says how a referral stands */
  say(referral: string, state: Task['status'], request: string, more?: Partial<Task>): Promise<string>;
  stateOf(referral: string): Promise<string | undefined>;
}

export type Options = Partial<ReceiverOptions> & {
  /** long bodies that are read at once */
  readonly bodies?: number;
  /** stands between the answers and the sender's own server */
  readonly between?: (url: string) => Promise<string>;
};

/** Over the shipped parts. */
export function pipelineOver(store: Store): Pipeline {
  return pipelineWith(store, parts);
}

export async function open(more: Options = {}): Promise<Place> {
  const store = await temporaryStore();
  const pipeline = pipelineOver(store);
  const receiver = receiverOver(store, pipeline, more);
  const sender = await startSender();
  undo.push(() => sender.close());
  const worker = answering(store, (await more.between?.(sender.url)) ?? sender.url);
  undo.push(() => worker.stop(2_000));
  const door: Place['door'] = {};
  const services = [{ system: 'https://fhir.nhs.uk/Id/dos-service-id', value: SERVICE }];
  const questions = createQuestions({ name: NAME, store, services, version: '1.2.3', startedMs: Date.now() });
  const path = '/bars/FHIR/R4';
  const app = express();
  app.set('query parser', false);
  const { largestBytes = 300_000, bodies } = more;
  app.use(processMessageRoutes({ path, receiver, questions, door, largestBytes, bodies, version: '1.1.0' }));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  undo.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  let minutes = 0;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    ...{ store, pipeline, receiver, sender, door },
    async say(id, state, request, extra = {}) {
      minutes += 1;
      const said = statusRecord(id, state, request, extra, minutes);
      const [result] = await pipeline.take([said], {
        id: said.receiptId,
        source: 'platform',
        kind: 'status',
        receivedMs: Date.now(),
        file: undefined,
      });
      worker.wake();
      return result!.state === 'refused' ? result!.outcome.issue[0]!.diagnostics! : result!.state;
    },
    async stateOf(id) {
      return ((await store.read('Task', taskIdOf(NAME, id)))?.resource as Task | undefined)?.status;
    },
  };
}

function answering(store: Store, baseUrl: string) {
  const { exchange, close } = createExchange();
  undo.push(close);
  const target = createBarsResponseTarget({
    ...{ name: NAME, store, clock: Date.now },
    client: createBarsClient({ baseUrl, deadlineMs: 2_000, exchange, clock: Date.now }),
    settingsOf: (endpoint) => ({
      organisation: { odsCode: 'X26', name: 'Link workers' },
      software: { name: 'Hedgerow', version: '1' },
      ...{ endpoint, version: '1.1.0' },
    }),
    headers: {
      organisation: { odsCode: 'X26', name: 'Link workers' },
      software: { name: 'Hedgerow', version: '1' },
    },
  });
  const deliver = createDelivery({ store, target, gate: responseGate, clock: Date.now, random: () => 0 });
  return startWorker({
    store,
    target: NAME,
    deliver,
    clock: Date.now,
    random: () => 0,
    concurrency: 2,
    leaseMs: 10_000,
    maxEntries: 50,
  });
}

/** As a case system's map makes it: parts of what is known, and when it was so. */
function statusRecord(
  id: string,
  state: Task['status'],
  request: string,
  extra: Partial<Task>,
  minutes: number,
): CommitRecord {
  const ids = { request: id, task: taskIdOf(NAME, id) };
  const resources = [
    { resourceType: 'ServiceRequest', id: ids.request, status: request },
    { resourceType: 'Task', id: ids.task, status: state, ...extra },
  ];
  return {
    ...{
      source: 'platform',
      kind: 'status',
      key: id,
      mapDigest: 'test',
      ownerOrg: 'X26',
      receiptId: randomUUID(),
    },
    digest: digestOf([resources, minutes, randomUUID()]),
    payload: { state },
    sourceTimeMs: Date.now(),
    timeOf: 'source',
    resources: resources.map((resource) => ({ resource: resource as unknown as Identified, partial: true })),
    warnings: [],
  };
}

export async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 20));
}
