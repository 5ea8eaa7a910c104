/** Delivers referrals to a BaRS service: each change of a referral that its service must hear of becomes one message. */
import type { Consent } from '@medplum/fhirtypes';
import { cancelContent } from '../nhs/bars/cancel-message.ts';
import { contentDigest, madeId, type Part } from '../nhs/bars/entries.ts';
import { type MessageContent, type RequestCase, referralContent } from '../nhs/bars/request-message.ts';
import { concerns, isWithdrawal } from '../referral/consent.ts';
import type { Message, ResourceKey, Store, TargetLink } from '../store/store.ts';
import { type Refused, refusal } from './answers.ts';
import { notActive, type report, revokedForNewer } from './bars-answers.ts';
import { nextCase, type Told, toldOf, type Wanted } from './bars-course.ts';
import { createDefinitionCheck } from './bars-definition.ts';
import {
  bareParts,
  type GatherReferral,
  gatherReferral,
  type Standing,
  standingOfReferral,
} from './bars-gather.ts';
import {
  askingHeaders,
  isEnding,
  type Sending,
  type Sent,
  sendKept,
  sendNew,
  statusThere,
} from './bars-sending.ts';
import { InOrder } from './in-order.ts';
import type { Delivered, Delivery, Target } from './target.ts';

export interface BarsOptions extends Sending, Pick<GatherReferral, 'gate' | 'agreed'> {
  readonly store: Pick<Store, 'readMany' | 'readPerson' | 'messages' | 'answers' | 'links'>;
  /** ask the service once a day whether it takes referrals of the use case */
  readonly checksDefinitions: boolean;
  readonly close?: () => void;
}

/** @returns a target whose deliveries are of one person each, as they come from the outbox */
export function createBarsTarget(options: BarsOptions): Target {
  return {
    name: options.name,
    async deliver(deliveries, signal) {
      const order = new InOrder(signal);
      const turn = new Turn(options, signal);
      for (const delivery of deliveries)
        if (order.maySend(delivery)) order.settle(delivery, await turn.one(delivery));
      return deliveries.map((delivery) => order.answer(delivery));
    },
    close: async () => options.close?.(),
  };
}

/** How the service stands to a referral after it was seen to, with what somebody must look at. */
type Seen =
  | { readonly ok: true; readonly state: Wanted; readonly report?: ReturnType<typeof report> | undefined }
  | Refused;

/** One call of `deliver`: what was seen to in it is not seen to again. */
class Turn {
  readonly #options: BarsOptions;
  readonly #signal: AbortSignal;
  readonly #seen = new Map<ResourceKey, Seen>();
  /** a referral and its Task say the same: somebody is told once */
  readonly #reported = new Set<unknown>();

  constructor(options: BarsOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async one(delivery: Delivery): Promise<Delivered> {
    const { type, id, action, deliveryKey } = delivery.entry;
    if (action === 'delete') return await this.#removed(delivery);
    if (type === 'ServiceRequest') return this.#answer(delivery, await this.#see(`ServiceRequest/${id}`));
    const focus = type === 'Task' ? focusOf(delivery) : undefined;
    if (focus) return this.#answer(delivery, await this.#see(focus), false);
    if (type === 'Patient') return this.#answer(delivery, await this.#seeAll(deliveryKey), false);
    if (type === 'Consent') return this.#answer(delivery, await this.#consented(delivery), false);
    return this.#answer(delivery, { ok: true, state: 'nothing' }, false);
  }

  #answer({ entry, digest }: Delivery, seen: Seen, isReferral = true): Delivered {
    if (!seen.ok) return seen;
    const { type, id, version, target } = entry;
    const remoteVersion = isReferral && seen.state !== 'nothing' ? seen.state : undefined;
    const link: TargetLink = {
      ...{ target, type, id, remoteId: id, remoteVersion, version, digest },
      deliveredMs: this.#options.clock(),
    };
    const isNew = seen.report !== undefined && !this.#reported.has(seen.report);
    this.#reported.add(seen.report);
    return { ok: true, link, ...(isNew ? { report: seen.report } : {}) };
  }

  async #see(key: ResourceKey): Promise<Seen> {
    const known = this.#seen.get(key);
    if (known) return known;
    const seen = await this.#tell(key);
    this.#seen.set(key, seen);
    return seen;
  }

  async #told(key: ResourceKey): Promise<Told> {
    const { store, name } = this.#options;
    const [link] = await store.links(name, [key]);
    return toldOf(await store.messages.about(key, name), link);
  }

  /** Brings the service up to date with one referral. */
  async #tell(key: ResourceKey): Promise<Seen> {
    const before = await this.#told(key);
    if (before.pending) {
      if (!(await this.#mayGo(key, before.pending))) return { ok: true, state: before.state };
      const sent = await sendKept(this.#options, before.pending, this.#signal);
      if (!sent.ok) return sent;
    }
    const standing = await standingOfReferral(this.#options, key);
    if (!standing) return { ok: true, state: before.state };
    const told = before.pending ? await this.#told(key) : before;
    const isTelling = nextCase(standing.wanted, told, '') !== undefined;
    if (!isTelling) return { ok: true, state: told.state };
    return standing.wanted === 'active'
      ? await this.#request(standing, told)
      : await this.#end(standing, standing.wanted as 'revoked' | 'entered-in-error', told);
  }

  /** What was kept while consent held goes no more once it does not; that a referral is taken back always goes. */
  async #mayGo(key: ResourceKey, pending: Message): Promise<boolean> {
    if (isEnding(pending)) return true;
    const { store, gate, name } = this.#options;
    const [version] = await store.readMany([key]);
    if (!version?.resource) return false;
    return (await gate({ personId: version.personId, resource: version.resource, target: name })).send;
  }

  async #request(standing: Standing, told: Told): Promise<Seen> {
    const gathered = await gatherReferral({ ...this.#options, target: this.#options.name }, standing);
    if (!gathered.ok)
      return gathered.outcome
        ? { ok: false, retry: 'permanent', outcome: gathered.outcome }
        : personGone(standing.key);
    const content = referralContent(gathered.referral, gathered.consents, this.#options.settings);
    if (!content.ok) return { ok: false, retry: 'permanent', outcome: content.outcome };
    const what = nextCase('active', told, contentDigest([...content.value.entries]));
    if (what === undefined) return { ok: true, state: told.state };
    const conversation = await this.#conversation(standing);
    if (what === 'update')
      return seenAs('active', await this.#send(standing, conversation, what, content.value));
    const headers = askingHeaders(this.#options, content.value.organisation, conversation);
    const taking = await createDefinitionCheck(this.#options)(headers, this.#signal);
    if (taking) return taking;
    const revoked = await this.#revokeOthers(standing);
    if (!revoked.ok) return revoked;
    const sent = await this.#send(standing, conversation, what, content.value);
    return sent.ok ? { ok: true, state: 'active', report: revoked.report } : sent;
  }

  /** BaRS has one active request of a person at a service: a newer one revokes it first. */
  async #revokeOthers({ key, version }: Standing): Promise<Seen> {
    const requests = version.personId
      ? await this.#options.store.readPerson(version.personId, 'ServiceRequest')
      : [];
    let noted: ReturnType<typeof report> | undefined;
    for (const { type, id } of requests) {
      const other: ResourceKey = `${type}/${id}`;
      if (other === key) continue;
      const told = await this.#told(other);
      const standing =
        told.state === 'active' || told.pending ? await standingOfReferral(this.#options, other) : undefined;
      if (!standing) continue;
      // what its service ended is not revoked; what is to be withdrawn anyway is withdrawn now
      const seen: Seen =
        standing.wanted === 'active' && !told.pending
          ? await this.#end(standing, 'revoked', told)
          : await this.#see(other);
      if (!seen.ok) return seen;
      if (standing.wanted === 'active' && !told.pending) {
        this.#seen.set(other, seen);
        noted = revokedForNewer(other, key);
      }
    }
    return { ok: true, state: 'active', report: noted };
  }

  /** Only what is active there may be withdrawn or marked: the service is asked first. */
  async #end(
    standing: Standing,
    status: 'revoked' | 'entered-in-error',
    told: Told,
    bare?: Part[],
  ): Promise<Seen> {
    const parts = bare ?? (await this.#partsOf(standing));
    if ('ok' in parts) return parts;
    const { settings } = this.#options;
    const request = parts[0] as Part & { resourceType: 'ServiceRequest' };
    const referral = { request, parts, journey: '' };
    const content = cancelContent(referral, status, settings, bare !== undefined);
    if (!content.ok) return { ok: false, retry: 'permanent', outcome: content.outcome };
    const conversation = await this.#conversation(standing);
    const headers = askingHeaders(this.#options, content.value.organisation, conversation);
    const there = await statusThere(this.#options, standing, headers, this.#signal);
    if (!there.ok) return there;
    const what = status === 'revoked' ? 'cancel' : 'in-error';
    if (there.status === 'active')
      return seenAs(status, await this.#send(standing, conversation, what, content.value));
    const words = what === 'cancel' ? 'withdrawn' : 'marked as entered in error';
    return { ok: true, state: told.state, report: notActive(standing.key, there.status, words) };
  }

  async #partsOf(standing: Standing): Promise<Part[] | Refused> {
    const gathered = await gatherReferral({ ...this.#options, target: this.#options.name }, standing);
    if (gathered.ok) return [gathered.referral.request, ...gathered.referral.parts];
    return gathered.outcome
      ? { ok: false, retry: 'permanent', outcome: gathered.outcome }
      : personGone(standing.key);
  }

  #send(standing: Standing, conversation: string, what: RequestCase, content: MessageContent): Promise<Sent> {
    return sendNew(this.#options, { standing, conversation, what }, content, this.#signal);
  }

  /** The same for all of a referral, and for what is based on it. */
  async #conversation({ key, parent, root }: Standing): Promise<string> {
    const { store, name } = this.#options;
    const [own] = await store.messages.about(key, name);
    const earlier = own ?? (parent === undefined ? undefined : (await store.messages.about(parent))[0]);
    return earlier?.conversation ?? madeId('conversation', root);
  }

  /** A person's details changed: each open referral tells its service. What is wrong with one is that one's to say. */
  async #seeAll(personId: string): Promise<Seen> {
    for (const { type, id } of await this.#options.store.readPerson(personId, 'ServiceRequest')) {
      const key: ResourceKey = `${type}/${id}`;
      const told = await this.#told(key);
      if (told.state !== 'active' && !told.pending) continue;
      const seen = await this.#see(key);
      if (!seen.ok && seen.retry !== 'permanent' && seen.retry !== 'conflict') return seen;
    }
    return { ok: true, state: 'nothing' };
  }

  /** Whoever holds a referral hears that consent to it was withdrawn: it is cancelled there, with nothing said but whose it is. */
  async #consented({ entry }: Delivery): Promise<Seen> {
    const { store, agreed } = this.#options;
    const [version] = await store.readMany([`Consent/${entry.id}`]);
    const consent = version?.resource as Consent | undefined;
    if (!consent || !isWithdrawal(consent) || !concerns(consent, agreed))
      return { ok: true, state: 'nothing' };
    for (const { type, id } of await store.readPerson(entry.deliveryKey, 'ServiceRequest')) {
      const seen = await this.#withdraw(`${type}/${id}`);
      if (!seen.ok || seen.report) return seen;
    }
    return { ok: true, state: 'nothing' };
  }

  async #withdraw(key: ResourceKey): Promise<Seen> {
    const told = await this.#told(key);
    const { pending } = told;
    if (pending && isEnding(pending))
      return seenAs('revoked', await sendKept(this.#options, pending, this.#signal));
    const standing =
      told.state === 'active' || pending ? await standingOfReferral(this.#options, key) : undefined;
    if (!standing) return { ok: true, state: told.state };
    const seen = await this.#end(standing, 'revoked', told, await bareParts(this.#options.store, standing));
    if (!seen.ok) return seen;
    this.#seen.set(key, seen);
    // in doubt until now, and never to be sent again
    if (pending)
      await this.#options.store.messages.change(
        pending,
        { state: 'replaced', body: null },
        this.#options.clock(),
        ['prepared'],
      );
    return told.state === 'active' ? seen : { ok: true, state: seen.state };
  }

  /** A person was erased here: their service is told by other means, since nothing is left to make a message of. */
  async #removed(delivery: Delivery): Promise<Delivered> {
    const { type, id } = delivery.entry;
    const key: ResourceKey = `${type}/${id}`;
    const told = type === 'ServiceRequest' ? await this.#told(key) : undefined;
    if (told?.state !== 'active' && !told?.pending)
      return this.#answer(delivery, { ok: true, state: 'nothing' });
    const diagnostics = `${key} was deleted here, and is open at the service: BaRS has no message for that. Tell the service by telephone or mail, then close this.`;
    return refusal('permanent', 'business-rule', 'bars-deleted-here', diagnostics);
  }
}

const seenAs = (state: Wanted, sent: Sent): Seen => (sent.ok ? { ok: true, state } : sent);

function focusOf({ resource }: Delivery): ResourceKey | undefined {
  const focus = resource?.resourceType === 'Task' ? resource.focus?.reference : undefined;
  return focus?.startsWith('ServiceRequest/') ? (focus as ResourceKey) : undefined;
}

function personGone(key: ResourceKey): Refused {
  const diagnostics = `${key} names no Patient that is known here: send the person’s record, then replay.`;
  return refusal('permanent', 'incomplete', 'bars-patient', diagnostics);
}
