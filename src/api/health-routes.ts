/** Says whether the process lives, whether it can do its work, and how much it has done. */
import express, { type Response, type Router } from 'express';
import { Gauge, Registry } from 'prom-client';
import type { Pipeline } from '../pipeline.ts';
import type { Store } from '../store/store.ts';
import type { TerminologyState } from '../wire/terminology-server.ts';
import { addDeliveryGauges, type TargetPace } from './delivery-gauges.ts';
import { addPdsGauge } from './pds-gauges.ts';
import { refuseMethod } from './respond.ts';
import { addTerminologyGauges } from './terminology-gauges.ts';

export interface HealthOptions {
  readonly store: Store;
  readonly pipeline: Pick<Pipeline, 'sources'>;
  /** sources that records may come from, by name */
  readonly sources: ReadonlyMap<string, unknown>;
  /** coded values that nobody could check since the start */
  readonly uncheckedCodes?: () => number;
  /** how the targets are sent to */
  readonly paces?: (() => readonly TargetPace[]) | undefined;
  /** of the terminology server, where there is one */
  readonly terminology?: (() => TerminologyState) | undefined;
  /** checks at PDS by what became of them, where there are any */
  readonly pds?: (() => Readonly<Record<string, number | undefined>>) | undefined;
}

/** @returns `/health`, `/ready` and `/metrics`; label values are names from the configuration only */
export function healthRoutes(options: HealthOptions): Router {
  const routes = express.Router();
  const metrics = new Metrics(options);
  serve(routes, '/health', (response) => response.json({ status: 'pass' }));
  serve(routes, '/ready', async (response) => {
    const reasons = await unreadyReasons(options);
    if (reasons.length === 0) response.json({ status: 'pass' });
    else response.status(503).json({ status: 'fail', reasons });
  });
  serve(routes, '/metrics', async (response) => {
    response.set('Content-Type', metrics.contentType).send(await metrics.text());
  });
  return routes;
}

function serve(routes: Router, path: string, answer: (response: Response) => unknown): void {
  routes
    .route(path)
    .get(async (_request, response) => {
      response.set('Cache-Control', 'no-store');
      await answer(response);
    })
    .all(refuseMethod('GET, HEAD'));
}

async function unreadyReasons({ store, pipeline, sources }: HealthOptions): Promise<string[]> {
  const reasons = [...sources.keys()].flatMap((name) =>
    pipeline.sources.has(name) ? [] : [`the source ${name} has no maps: look at its folder`],
  );
  if (sources.size === 0) reasons.push('no source is loaded: name one in the configuration');
  if (!(await store.writable())) reasons.push('the store cannot be written: look at the disk');
  return reasons;
}

/** Gauges that are read when they are asked for: those of the store survive a restart. */
class Metrics {
  readonly #options: HealthOptions;
  readonly #registry = new Registry();
  readonly #records = this.#gauge('hedgerow_source_records', 'Source records stored, and refused ones', [
    'source',
    'kind',
    'state',
  ]);
  readonly #resources = this.#gauge('hedgerow_resources', 'Current FHIR resources', ['type']);
  readonly #deliveries = this.#gauge('hedgerow_deliveries', 'Deliveries by state', ['target', 'state']);
  readonly #work = this.#gauge('hedgerow_work_open', 'Things that need a person', ['kind']);

  readonly #unchecked = this.#gauge(
    'hedgerow_codes_unchecked',
    'Coded values since the start that neither local value sets nor a terminology server could decide',
    [],
  );

  constructor(options: HealthOptions) {
    this.#options = options;
    if (options.paces) addDeliveryGauges(this.#registry, options.paces);
    if (options.terminology) addTerminologyGauges(this.#registry, options.terminology);
    if (options.pds) addPdsGauge(this.#registry, options.pds);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    const counts = await this.#options.store.counts();
    // what is no longer counted must not stay at its last value
    for (const gauge of [this.#records, this.#resources, this.#deliveries, this.#work]) gauge.reset();
    for (const { source, kind, records, refused } of counts.sources) {
      this.#records.set({ source, kind, state: 'stored' }, records);
      this.#records.set({ source, kind, state: 'refused' }, refused);
    }
    for (const { type, count } of counts.resources) this.#resources.set({ type }, count);
    for (const { target, ...states } of counts.targets) {
      for (const [state, count] of Object.entries(states)) this.#deliveries.set({ target, state }, count);
    }
    for (const { kind, open } of counts.work) this.#work.set({ kind }, open);
    this.#unchecked.set(this.#options.uncheckedCodes?.() ?? 0);
    return await this.#registry.metrics();
  }

  #gauge(name: string, help: string, labelNames: string[]): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }
}
