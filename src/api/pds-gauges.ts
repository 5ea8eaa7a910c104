/** Turns what became of checks at PDS into a gauge, read when it is asked for. */
import { Gauge, type Registry } from 'prom-client';

/** Labels are words of ours: nothing of a person is among them. */
export function addPdsGauge(
  registry: Registry,
  counts: () => Readonly<Record<string, number | undefined>>,
): void {
  new Gauge({
    name: 'hedgerow_pds_checks',
    help: 'Checks of people at the Personal Demographics Service since the start, by what became of them',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      for (const [outcome, count = 0] of Object.entries(counts())) this.set({ outcome }, count);
    },
  });
}
