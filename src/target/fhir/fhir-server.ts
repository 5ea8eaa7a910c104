/** Delivers to a FHIR R4 server: several resources as one transaction where that works, else one by one in order. */
import { createExchange, type Exchange } from '../../wire/exchange.ts';
import { InOrder } from '../in-order.ts';
import type { Place, TwinPolicy } from '../place.ts';
import type { Delivered, Delivery, Target } from '../target.ts';
import { checkClaims, madeGood, type Trust } from './claims.ts';
import { findOne } from './copies.ts';
import { createOne, removeUnlinked } from './create-one.ts';
import { createFhirClient } from './fhir-client.ts';
import { createReadBack } from './read-back.ts';
import { type Prepared, sendTransaction, unproven } from './transaction.ts';
import { lookFirst, writeKnowing, writeOne } from './write-one.ts';

export interface FhirServerOptions {
  readonly name: string;
  /** the FHIR base, such as `https://ehr.example/fhir/R4` */
  readonly baseUrl: string;
  /** an access token; `renew` is true after the server answered 401 to the last one */
  readonly token?: (renew: boolean) => Promise<string>;
  /** default: connections of its own, closed with the target */
  readonly exchange?: Exchange;
  /** milliseconds for one request */
  readonly deadlineMs: number;
  readonly clock: () => number;
  /** who names new resources; default `client`: PUT with our id, so that the same twice is the same resource */
  readonly ids?: 'client' | 'server';
  /** what is done with the younger of two copies at a server that names resources; default `report` */
  readonly twins?: TwinPolicy;
  /** what the answer to a transaction is believed of; default `answers` */
  readonly verify?: Trust;
  /** resources in one transaction; default 50, 1 turns transactions off */
  readonly maxTransaction?: number;
  /** statuses that mean that the record is open elsewhere; default 423 */
  readonly lockedStatuses?: readonly number[];
  /** codes in the server's OperationOutcome that mean the same */
  readonly lockedCodes?: readonly string[];
}

const DEFAULT_TRANSACTION = 50;

export function createFhirServerTarget(options: FhirServerOptions): Target {
  const own = options.exchange ? undefined : createExchange();
  const rules = {
    target: options.name,
    lockedStatuses: options.lockedStatuses ?? [423],
    lockedCodes: options.lockedCodes ?? [],
  };
  const client = createFhirClient({ ...options, rules, exchange: options.exchange ?? own!.exchange });
  const ids = options.ids ?? 'client';
  const verify = { trust: options.verify ?? 'answers', readBack: createReadBack(client) } as const;
  // A resource that the server is to name has no reference others could use inside the same transaction.
  let maxTransaction = ids === 'server' ? 1 : (options.maxTransaction ?? DEFAULT_TRANSACTION);
  return {
    name: options.name,
    deliver: async (deliveries, signal) => {
      const place = { client, ids, remoteKeys: new Map(), twins: options.twins ?? 'report' };
      const run = new Run(place, verify, signal);
      for (let start = 0; start < deliveries.length; ) {
        const chunk = deliveries.slice(start, start + maxTransaction);
        start += chunk.length;
        if (chunk.length === 1) await run.single(chunk[0]!);
        else if ((await run.together(chunk)) === 'unsupported') maxTransaction = 1;
      }
      return deliveries.map((delivery) => run.answer(delivery));
    },
    find: (delivery, signal) => findOne({ client, ids, remoteKeys: new Map() }, delivery, signal),
    close: async () => own?.close(),
  };
}

/** How the answer to a transaction is held against what the server then has. */
type Verify = Omit<Parameters<typeof checkClaims>[2], 'signal'>;

/** One call of `deliver`. */
class Run {
  readonly #place: Place;
  readonly #verify: Verify;
  readonly #signal: AbortSignal;
  readonly #order: InOrder;

  constructor(place: Place, verify: Verify, signal: AbortSignal) {
    this.#place = place;
    this.#verify = verify;
    this.#signal = signal;
    this.#order = new InOrder(signal);
  }

  answer(delivery: Delivery): Delivered {
    return this.#order.answer(delivery);
  }

  async single(delivery: Delivery): Promise<void> {
    if (!this.#order.maySend(delivery)) return;
    const isUnnamed = this.#place.ids === 'server' && delivery.link === undefined;
    const write = !isUnnamed ? writeOne : delivery.resource ? createOne : removeUnlinked;
    this.#settle(delivery, await write(this.#place, delivery, this.#signal));
  }

  /** Sends a chunk as one transaction; one by one when the server refuses it. */
  async together(chunk: readonly Delivery[]): Promise<'supported' | 'unsupported'> {
    const prepared: Prepared[] = [];
    for (const delivery of chunk) {
      const one = this.#order.maySend(delivery) ? await this.#prepare(delivery) : undefined;
      if (one) prepared.push(one);
    }
    if (this.#order.isHalted || prepared.length === 0) return 'supported';
    if (prepared.length > 1) {
      const result = await sendTransaction(this.#place, prepared, this.#signal);
      if (result.kind === 'answered') {
        await this.#settleAll(prepared, result.delivered);
        return 'supported';
      }
      await this.#oneByOne(prepared);
      return result.unsupported ? 'unsupported' : 'supported';
    }
    await this.#oneByOne(prepared);
    return 'supported';
  }

  /** What the answer claims in vain, or says nothing of, is found out alone; a version that was refused is looked into, as it would be alone. */
  async #settleAll(
    prepared: readonly Prepared[],
    answers: readonly (Delivered | undefined)[],
  ): Promise<void> {
    const conflicts: Prepared[] = [];
    const doubtful: { readonly delivery: Delivery; readonly isFalse: boolean }[] = [];
    const claims = prepared.map((one, index) => ({ one, delivered: answers[index] }));
    const checked = await checkClaims(this.#place, claims, { ...this.#verify, signal: this.#signal });
    for (const [index, one] of prepared.entries()) {
      const { delivered, isFalse } = checked[index]!;
      if (delivered === undefined) doubtful.push({ delivery: one.delivery, isFalse });
      else if (!delivered.ok && delivered.retry === 'conflict') conflicts.push(one);
      else this.#settle(one.delivery, delivered);
    }
    for (const { delivery, isFalse } of doubtful) await this.#findOut(delivery, isFalse);
    await this.#oneByOne(conflicts);
  }

  /** Looks for what the transaction may have written, and writes what is not there. What stays in doubt may have been applied. */
  async #findOut(delivery: Delivery, isFalse: boolean): Promise<void> {
    const unsure = { ...delivery, entry: { ...delivery.entry, ambiguous: true } };
    const delivered = this.#order.maySend(delivery)
      ? await writeOne(this.#place, unsure, this.#signal)
      : unproven(this.#place, delivery);
    const found = isFalse && delivered.ok ? await this.#confirmed(delivery, delivered) : delivered;
    this.#settle(delivery, found.ok ? found : { ...found, inDoubt: true });
  }

  /** Who claimed in vain once is not believed again. */
  async #confirmed(delivery: Delivery, delivered: Delivered): Promise<Delivered> {
    const claim = { one: { delivery, version: undefined }, delivered };
    const strictly = { ...this.#verify, trust: 'reads', signal: this.#signal } as const;
    const [checked] = await checkClaims(this.#place, [claim], strictly);
    return checked?.delivered?.ok
      ? { report: madeGood(this.#place, delivery), ...checked.delivered }
      : unproven(this.#place, delivery);
  }

  async #oneByOne(prepared: readonly Prepared[]): Promise<void> {
    for (const { delivery, version } of prepared) {
      if (!this.#order.maySend(delivery)) continue;
      const delivered =
        delivery.resource === undefined
          ? await writeOne(this.#place, delivery, this.#signal)
          : await writeKnowing(this.#place, delivery, version, this.#signal);
      this.#settle(delivery, delivered);
    }
  }

  /** @returns undefined when looking settled it */
  async #prepare(delivery: Delivery): Promise<Prepared | undefined> {
    if (!delivery.entry.ambiguous || delivery.resource === undefined)
      return { delivery, version: delivery.link?.remoteVersion };
    const look = await lookFirst(this.#place, delivery, this.#signal);
    if (look.next === 'send') return { delivery, version: look.version };
    this.#settle(delivery, look.delivered);
    return undefined;
  }

  #settle(delivery: Delivery, delivered: Delivered): void {
    this.#order.settle(delivery, delivered);
    if (!delivered.ok) return;
    const { type, id } = delivery.entry;
    const { remoteId } = delivered.link;
    if (remoteId !== id) this.#place.remoteKeys.set(`${type}/${id}`, `${type}/${remoteId}`);
  }
}
