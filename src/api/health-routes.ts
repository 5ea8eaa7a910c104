/** Says whether the process lives, whether it can do its work, and how much it has done. */
import express, { type Router } from 'express';
import { Gauge, Registry } from 'prom-client';
import type { Store } from '../store/store.ts';
import { refuseMethod } from './respond.ts';

/** @returns `/health`, `/ready` and `/metrics`; label values are names from the configuration only */
export function healthRoutes({
  store,
  sources,
}: {
  store: Store;
  sources: ReadonlyMap<string, unknown>;
}): Router {
  const routes = express.Router();
  const metrics = new StoreMetrics(store);
  routes
    .route('/health')
    .get((_request, response) => void response.json({ status: 'pass' }))
    .all(refuseMethod('GET, HEAD', ''));
  routes
    .route('/ready')
    .get(async (_request, response) => {
      const reasons = [
        ...((await store.writable()) ? [] : ['the store cannot be written: look at the disk']),
        ...(sources.size > 0 ? [] : ['no source is loaded']),
      ];
      response
        .status(reasons.length === 0 ? 200 : 503)
        .json(reasons.length === 0 ? { status: 'pass' } : { status: 'fail', reasons });
    })
    .all(refuseMethod('GET, HEAD', ''));
  routes
    .route('/metrics')
    .get(async (_request, response) => {
      response.set('Content-Type', metrics.contentType).send(await metrics.text());
    })
    .all(refuseMethod('GET, HEAD', ''));
  return routes;
}

/** Gauges that are read from the store when they are asked for, so that they survive a restart. */
class StoreMetrics {
  readonly #store: Store;
  readonly #registry = new Registry();
  readonly #records = this.#gauge('hedgerow_source_records', 'Source records stored, and refused ones', [
    'source',
    'kind',
    'state',
  ]);
  readonly #resources = this.#gauge('hedgerow_resources', 'Current FHIR resources', ['type']);
  readonly #deliveries = this.#gauge('hedgerow_deliveries', 'Deliveries by state', ['target', 'state']);
  readonly #work = this.#gauge('hedgerow_work_open', 'Things that need a person', ['kind']);

  constructor(store: Store) {
    this.#store = store;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    const counts = await this.#store.counts();
    for (const { source, kind, records, refused } of counts.sources) {
      this.#records.set({ source, kind, state: 'stored' }, records);
      this.#records.set({ source, kind, state: 'refused' }, refused);
    }
    for (const { type, count } of counts.resources) this.#resources.set({ type }, count);
    for (const { target, ...states } of counts.targets) {
      for (const [state, count] of Object.entries(states)) this.#deliveries.set({ target, state }, count);
    }
    this.#work.reset(); // a kind with nothing open any more is not in the counts
    for (const { kind, open } of counts.work) this.#work.set({ kind }, open);
    return await this.#registry.metrics();
  }

  #gauge(name: string, help: string, labelNames: string[]): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }
}
