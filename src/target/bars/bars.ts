/** Delivers referrals to a BaRS service: each change of a referral that its service must hear of becomes one message. */
import type { Consent, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { concerns, consentsGiven, isWithdrawal } from '../../referral/consent.ts';
import type { ResourceKey, TargetLink } from '../../store/store.ts';
import { type Refused, refusal } from '../answers.ts';
import { InOrder } from '../in-order.ts';
import type { Delivered, Delivery, Target } from '../target.ts';
import { combined } from './answers.ts';
import { mayBeOpen, type Told } from './course.ts';
import { ofPerson } from './gather.ts';
import { isOver, NOTHING, type Seen } from './seen.ts';
import { type BarsOptions, Telling } from './telling.ts';
import { createWaiting } from './waiting.ts';

export type { BarsOptions } from './telling.ts';

/** @returns a target whose deliveries are of one person each, as they come from the outbox */
export function createBarsTarget(options: BarsOptions): Target {
  const waiting = createWaiting(options);
  const telling = { ...options, onTaken: waiting.taken };
  return {
    name: options.name,
    async deliver(deliveries, signal) {
      const order = new InOrder(signal);
      const turn = new Turn(telling, signal);
      for (const delivery of deliveries) {
        if (!order.maySend(delivery)) continue;
        const { type, id } = delivery.entry;
        const delivered = await turn.one(delivery);
        if (!delivered.ok) await waiting.refused(delivered, `${type}/${id}`);
        order.settle(delivery, delivered);
      }
      return deliveries.map((delivery) => order.answer(delivery));
    },
    close: async () => options.close?.(),
  };
}

/** One call of `deliver`. */
class Turn {
  readonly #options: BarsOptions;
  readonly #telling: Telling;
  /** a referral and its Task say the same: somebody is told once */
  readonly #reported = new Set<OperationOutcomeIssue>();

  constructor(options: BarsOptions, signal: AbortSignal) {
    this.#options = options;
    this.#telling = new Telling(options, signal);
  }

  async one(delivery: Delivery): Promise<Delivered> {
    const { type, id, action, deliveryKey } = delivery.entry;
    if (action === 'delete') return await this.#removed(delivery);
    if (type === 'ServiceRequest')
      return this.#answer(delivery, await this.#telling.see(`ServiceRequest/${id}`));
    const focus = type === 'Task' ? focusOf(delivery) : undefined;
    if (focus) return this.#answer(delivery, await this.#telling.see(focus), false);
    if (type === 'Patient') return this.#answer(delivery, await this.#seeAll(deliveryKey), false);
    if (type === 'Consent') return this.#answer(delivery, await this.#consented(delivery), false);
    return this.#answer(delivery, NOTHING, false);
  }

  #answer({ entry, digest }: Delivery, seen: Seen, isReferral = true): Delivered {
    if (!seen.ok) return seen;
    const { type, id, version, target } = entry;
    const remoteVersion = isReferral && seen.state !== 'nothing' ? seen.state : undefined;
    const link: TargetLink = {
      ...{ target, type, id, remoteId: id, remoteVersion, version, digest },
      deliveredMs: this.#options.clock(),
    };
    const report = combined(seen.reports.filter((one) => !this.#reported.has(one)));
    for (const one of seen.reports) this.#reported.add(one);
    return { ok: true, link, ...(report ? { report } : {}) };
  }

  /** A person's details changed: each open referral tells its service. What is wrong with one keeps no other back. */
  async #seeAll(personId: string, isMeant: (told: Told) => boolean = mayBeOpen): Promise<Seen> {
    const reports: OperationOutcomeIssue[] = [];
    for (const { type, id } of await this.#options.store.readPerson(personId, 'ServiceRequest')) {
      const key: ResourceKey = `${type}/${id}`;
      if (!isMeant(await this.#telling.told(key))) continue;
      const seen = await this.#telling.see(key);
      if (!seen.ok && !isOver(seen)) return seen;
      reports.push(...(seen.ok ? seen.reports : seen.outcome.issue));
    }
    return { ok: true, state: 'nothing', reports };
  }

  /**
   * Whoever holds a referral hears that consent to it was withdrawn, unless another consent covers it. Given again, it is
   * looked at what was withdrawn there.
   */
  async #consented({ entry }: Delivery): Promise<Seen> {
    const { store, agreed, clock } = this.#options;
    const consents = (await ofPerson(store, entry.deliveryKey, 'Consent')) as readonly Consent[];
    const consent = consents.find(({ id }) => id === entry.id);
    if (!consent || !concerns(consent, agreed)) return NOTHING;
    const isGiven = consentsGiven(consents, agreed, clock()).length > 0;
    if (isGiven && !isWithdrawal(consent))
      return await this.#seeAll(entry.deliveryKey, ({ isTakenBack }) => isTakenBack);
    if (isGiven || !isWithdrawal(consent)) return NOTHING;
    const reports: OperationOutcomeIssue[] = [];
    let failed: Refused | undefined;
    for (const { type, id } of await store.readPerson(entry.deliveryKey, 'ServiceRequest')) {
      const seen = await this.#telling.withdraw(`${type}/${id}`);
      if (!seen.ok && !isOver(seen)) return seen;
      if (seen.ok) reports.push(...seen.reports);
      else if (failed) reports.push(...seen.outcome.issue);
      else failed = seen;
    }
    if (!failed) return { ok: true, state: 'nothing', reports };
    // one item says it all: what became of the others is not lost with it
    return { ...failed, outcome: { ...failed.outcome, issue: [...failed.outcome.issue, ...reports] } };
  }

  /** A person was erased here: their service is told by other means, since nothing is left to make a message of. */
  async #removed(delivery: Delivery): Promise<Delivered> {
    const { type, id } = delivery.entry;
    const key: ResourceKey = `${type}/${id}`;
    const told = type === 'ServiceRequest' ? await this.#telling.told(key) : undefined;
    if (!told || !mayBeOpen(told)) return this.#answer(delivery, NOTHING);
    const diagnostics = `${key} was deleted here, and is open at the service, or may be: BaRS has no message for that. Tell the service by telephone or mail, then close this.`;
    return refusal('permanent', 'business-rule', 'bars-deleted-here', diagnostics);
  }
}

function focusOf({ resource }: Delivery): ResourceKey | undefined {
  const focus = resource?.resourceType === 'Task' ? resource.focus?.reference : undefined;
  return focus?.startsWith('ServiceRequest/') ? (focus as ResourceKey) : undefined;
}
