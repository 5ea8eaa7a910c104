/** Keeps one call of `deliver` in order: what was answered so far, and what therefore must not be sent. */
import { describe, type Refused, refusal } from './answers.ts';
import { referencesOf } from './references.ts';
import type { Delivered, Delivery } from './target.ts';

export class InOrder {
  readonly #signal: AbortSignal;
  readonly #answers = new Map<Delivery, Delivered>();
  /** `Type/id` of what failed for good: what refers to it waits */
  readonly #failed = new Set<string>();
  /** after a failure that passes, order demands that nothing later is sent */
  #isHalted = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get isHalted(): boolean {
    return this.#isHalted;
  }

  /** @returns what was said of it; what was not sent waits */
  answer(delivery: Delivery): Delivered {
    return this.#answers.get(delivery) ?? waits(delivery);
  }

  maySend(delivery: Delivery): boolean {
    if (this.#isHalted || this.#signal.aborted) return false;
    if (this.#failed.size === 0 || delivery.resource === undefined) return true;
    for (const key of referencesOf(delivery.resource))
      if (this.#failed.has(key)) {
        this.#failed.add(keyOf(delivery));
        return false;
      }
    return true;
  }

  settle(delivery: Delivery, delivered: Delivered): void {
    this.#answers.set(delivery, delivered);
    if (delivered.ok) return;
    if (delivered.retry === 'permanent' || delivered.retry === 'conflict') this.#failed.add(keyOf(delivery));
    else this.#isHalted = true;
  }
}

function keyOf({ entry }: Delivery): string {
  return `${entry.type}/${entry.id}`;
}

function waits(delivery: Delivery): Refused {
  return refusal(
    'waits',
    'incomplete',
    'delivery-waits',
    `${describe(delivery)} was not sent: something before it in the same group failed.`,
  );
}
