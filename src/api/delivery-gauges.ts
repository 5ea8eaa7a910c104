/** Turns how the targets are sent to into gauges, read when they are asked for. */
import { Gauge, type Registry } from 'prom-client';

/** How many groups one target is sent at once. */
export interface TargetPace {
  readonly target: string;
  /** at the moment */
  readonly inFlight: number;
  /** what the target bears, as far as it showed */
  readonly limit: number;
  /** what is configured */
  readonly max: number;
}

export function addDeliveryGauges(registry: Registry, paces: () => readonly TargetPace[]): void {
  new Gauge({
    name: 'hedgerow_target_concurrency',
    help: 'Groups sent to a target at once: those in flight, the limit that follows what it bears, and the configured most',
    labelNames: ['target', 'of'],
    registers: [registry],
    collect() {
      for (const { target, ...counts } of paces())
        for (const [of, count] of Object.entries(counts)) this.set({ target, of }, count);
    },
  });
}
