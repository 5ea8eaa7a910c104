/** Turns the state of the terminology server into gauges, read when they are asked for. */
import { Gauge, type Registry } from 'prom-client';
import type { TerminologyState } from '../wire/terminology-server.ts';

const CIRCUIT_STATES = ['closed', 'open', 'half-open'] as const;

/** Labels are words of ours: no code and no value set is among them. */
export function addTerminologyGauges(registry: Registry, state: () => TerminologyState): void {
  const registers = [registry];
  new Gauge({
    name: 'hedgerow_terminology_circuit',
    help: 'Whether the terminology server is asked (closed), left alone after failures (open) or tried again (half-open): 1 for the state that it is in',
    labelNames: ['state'],
    registers,
    collect() {
      const { circuit } = state();
      for (const one of CIRCUIT_STATES) this.set({ state: one }, one === circuit ? 1 : 0);
    },
  });
  new Gauge({
    name: 'hedgerow_terminology_questions',
    help: 'Questions for the terminology server since the start, by what became of them',
    labelNames: ['outcome'],
    registers,
    collect() {
      for (const [outcome, count] of Object.entries(state().counts)) this.set({ outcome }, count);
    },
  });
  new Gauge({
    name: 'hedgerow_terminology_answers',
    help: 'Answers of the terminology server that are kept at the moment',
    registers,
    collect() {
      this.set(state().held);
    },
  });
}
