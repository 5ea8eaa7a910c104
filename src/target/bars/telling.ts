/** Turns each referral that a BaRS service must hear of into the one message that says what it does not know yet. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { cancelContent } from '../../nhs/bars/cancel-message.ts';
import { contentDigest, madeId, type Part } from '../../nhs/bars/entries.ts';
import { type MessageContent, type RequestCase, referralContent } from '../../nhs/bars/request-message.ts';
import type { Message, ResourceKey, Store } from '../../store/store.ts';
import type { Refused } from '../answers.ts';
import { notActive, olderThanOpen, personGone } from './answers.ts';
import {
  type Ending,
  isEnding,
  type KeptCase,
  mayBeOpen,
  nextCase,
  stateBy,
  type Told,
  toldOf,
} from './course.ts';
import { createDefinitionCheck } from './definition.ts';
import {
  bareParts,
  type GatherReferral,
  gatherReferral,
  type Standing,
  standingOfReferral,
} from './gather.ts';
import { isMadeBefore, othersOf, revokedFor } from './others.ts';
import { referAnew } from './refer-anew.ts';
import { isOver, NOTHING, type Seen, seenAs } from './seen.ts';
import { askingHeaders, type Sending, type Sent, sendKept, sendNew, statusThere } from './sending.ts';
import type { WaitingOptions } from './waiting.ts';

export interface BarsOptions extends Sending, Pick<GatherReferral, 'gate' | 'agreed'> {
  readonly store: Pick<Store, 'readMany' | 'readPerson' | 'messages' | 'answers' | 'links'> &
    WaitingOptions['store'];
  /** ask the service once a day whether it takes referrals of the use case */
  readonly checksDefinitions: boolean;
  readonly close?: () => void;
}

/** A referral of the person that the service may hold. */
interface Open {
  readonly standing: Standing;
  readonly told: Told;
}

interface ToSay {
  readonly standing: Standing;
  readonly told: Told;
  readonly what: RequestCase;
  readonly keptAs?: KeptCase;
  readonly digest?: string;
}

/** One call of `deliver`: what was seen to in it is not seen to again. */
export class Telling {
  readonly #options: BarsOptions;
  readonly #signal: AbortSignal;
  readonly #seen = new Map<ResourceKey, Seen>();

  constructor(options: BarsOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Brings the service up to date with one referral. */
  async see(key: ResourceKey): Promise<Seen> {
    const known = this.#seen.get(key);
    if (known) return known;
    const seen = await this.#tell(key);
    this.#seen.set(key, seen);
    return seen;
  }

  /** What the service was told of a referral. What an ending has overtaken is given up here. */
  async told(key: ResourceKey): Promise<Told> {
    const { store, name } = this.#options;
    const [link] = await store.links(name, [key]);
    const told = toldOf(await store.messages.about(key, name), link);
    for (const one of told.overtaken) await this.#giveUp(one);
    return told;
  }

  async #tell(key: ResourceKey): Promise<Seen> {
    const before = await this.told(key);
    const standing = await standingOfReferral(this.#options, key);
    const stopped = before.pending && (await this.#settle(key, before.pending, standing));
    if (stopped) return stopped.ok ? { ...stopped, state: before.state } : stopped;
    const told = before.pending ? await this.told(key) : before;
    if (!standing) return { ok: true, state: told.state, reports: [] };
    const seen = await this.#next(standing, told);
    // said with the delivery that is noted first: those before it may have failed
    if (!seen.ok || seen.state !== 'active' || told.isLinked) return seen;
    return { ...seen, reports: [...seen.reports, ...(await revokedFor(this.#options, standing))] };
  }

  async #next(standing: Standing, told: Told): Promise<Seen> {
    const { wanted } = standing;
    if (wanted === 'active' && told.isTakenBack) await this.#sayTakenBack(standing);
    if (nextCase(wanted, told, '') === undefined) return { ok: true, state: told.state, reports: [] };
    return isEnding(wanted) ? await this.#end(standing, wanted, told) : await this.#request(standing, told);
  }

  /** What was kept goes first. What consent no longer covers goes no more, but for an ending, which may always be said. */
  async #settle(
    key: ResourceKey,
    pending: Message,
    standing: Standing | undefined,
  ): Promise<Seen | undefined> {
    if (isEnding(stateBy(pending)) || (await this.#mayGo(key))) {
      const sent = await sendKept(this.#options, pending, this.#signal);
      return sent.ok ? undefined : sent;
    }
    if (!standing || !isEnding(standing.wanted)) return NOTHING;
    await this.#giveUp(pending);
    return undefined;
  }

  async #mayGo(key: ResourceKey): Promise<boolean> {
    const { store, gate, name } = this.#options;
    const [version] = await store.readMany([key]);
    if (!version?.resource) return false;
    return (await gate({ personId: version.personId, resource: version.resource, target: name })).send;
  }

  async #giveUp(pending: Message): Promise<void> {
    const { store, clock } = this.#options;
    await store.messages.change(pending, { state: 'replaced', body: null }, clock(), ['prepared']);
  }

  async #request(standing: Standing, before: Told): Promise<Seen> {
    const gathered = await gatherReferral({ ...this.#options, target: this.#options.name }, standing);
    if (!gathered.ok)
      return gathered.outcome
        ? { ok: false, retry: 'permanent', outcome: gathered.outcome }
        : personGone(standing.key);
    const made = referralContent(gathered.referral, gathered.consents, this.#options.settings);
    if (!made.ok) return { ok: false, retry: 'permanent', outcome: made.outcome };
    const content = made.value;
    const told = await this.#cleared(standing, before, content);
    if ('ok' in told) return told;
    const digest = contentDigest(content.entries);
    const what = nextCase('active', told, digest);
    if (what === undefined) return { ok: true, state: told.state, reports: [] };
    const saying = { standing, told, what, digest };
    return what === 'update'
      ? seenAs('active', await this.#send(saying, content))
      : await this.#refer(saying, content);
  }

  async #refer(saying: ToSay, content: MessageContent): Promise<Seen> {
    const { standing } = saying;
    const headers = await this.#headers(standing, content);
    const taking = await createDefinitionCheck(this.#options)(headers, this.#signal);
    if (taking) return taking;
    const room = await this.#makeRoom(standing);
    if (!room.ok) return room;
    return seenAs('active', await this.#send(saying, content), room.reports);
  }

  /** Where a message was given up and may have arrived, the service says what it holds. */
  async #cleared(standing: Standing, told: Told, content: MessageContent): Promise<Told | Refused> {
    if (!told.inDoubt || told.state !== 'nothing') return told;
    const there = await this.#statusThere(standing, content);
    if (!there.ok) return there;
    if (there.status === undefined) return told;
    return { ...told, state: there.status === 'active' ? 'active' : 'revoked' };
  }

  /** BaRS has one active request of a person at a service: a newer one revokes it first, an older one does not. */
  async #makeRoom(standing: Standing): Promise<Seen> {
    const open = await this.#openOthers(standing);
    const newer = open.find(
      (one) => one.standing.wanted === 'active' && isMadeBefore(standing, one.standing),
    );
    if (newer) return olderThanOpen(standing.key, newer.standing.key);
    const reports: OperationOutcomeIssue[] = [];
    for (const one of open) {
      const seen = await this.#revoke(one);
      if (!seen.ok) return seen;
      reports.push(...seen.reports);
    }
    return { ok: true, state: 'active', reports };
  }

  async #openOthers(standing: Standing): Promise<readonly Open[]> {
    const open: Open[] = [];
    for (const key of await othersOf(this.#options.store, standing)) {
      const told = await this.told(key);
      if (!mayBeOpen(told)) continue;
      const other = await standingOfReferral(this.#options, key);
      if (other) open.push({ standing: other, told });
    }
    return open;
  }

  /** What is in doubt is settled first; what its service ended is not revoked; what is to be withdrawn anyway is withdrawn now. */
  async #revoke({ standing, told }: Open): Promise<Seen> {
    const { key, wanted } = standing;
    const settled = told.pending !== undefined || wanted !== 'active' ? await this.see(key) : NOTHING;
    if (!settled.ok) return isOver(settled) ? { ...NOTHING, reports: settled.outcome.issue } : settled;
    if (wanted !== 'active') return settled;
    const now = settled === NOTHING ? told : await this.told(key);
    if (now.state !== 'active' && !now.inDoubt) return settled;
    const seen = await this.#end(standing, 'revoked', now, { keptAs: 'cancel-for-newer' });
    if (!seen.ok) return seen;
    this.#seen.set(key, { ...seen, reports: [] });
    return { ...seen, reports: [...settled.reports, ...seen.reports] };
  }

  /** Only what is active there may be withdrawn or marked: the service is asked first. */
  async #end(
    standing: Standing,
    status: Ending,
    told: Told,
    how: { readonly isBare?: boolean; readonly keptAs?: KeptCase } = {},
  ): Promise<Seen> {
    const content = await this.#endingOf(standing, status, how.isBare ?? false);
    if ('ok' in content) return content;
    const there = await this.#statusThere(standing, content);
    if (!there.ok) return there;
    const what = status === 'revoked' ? 'cancel' : 'in-error';
    if (there.status === 'active') {
      const sent = await this.#send({ standing, told, what, keptAs: how.keptAs ?? what }, content);
      if (sent.ok) await this.told(standing.key);
      return seenAs(status, sent);
    }
    // it never arrived, or was ended by a message of which nobody knew whether it arrived
    const isAsWanted = there.status === undefined ? told.state === 'nothing' : there.status === status;
    if (isAsWanted || (standing.isEndedByService && status === 'revoked'))
      return { ok: true, state: told.state, reports: [] };
    const words = what === 'cancel' ? 'withdrawn' : 'marked as entered in error';
    return { ok: true, state: told.state, reports: [notActive(standing.key, there.status, words)] };
  }

  /** Where the person's record may no longer go, it says no more than whose referral it is. */
  async #endingOf(standing: Standing, status: Ending, isBare: boolean): Promise<MessageContent | Refused> {
    const { store, name, settings } = this.#options;
    const gathered = isBare ? undefined : await gatherReferral({ ...this.#options, target: name }, standing);
    const parts: readonly Part[] = gathered?.ok
      ? [gathered.referral.request, ...gathered.referral.parts]
      : await bareParts(store, standing);
    const request = parts[0] as Part & { resourceType: 'ServiceRequest' };
    const made = cancelContent({ request, parts, journey: '' }, status, settings, !gathered?.ok);
    return made.ok ? made.value : { ok: false, retry: 'permanent', outcome: made.outcome };
  }

  async #send(saying: ToSay, content: MessageContent): Promise<Sent> {
    const conversation = await this.#conversation(saying.standing);
    const { count } = saying.told;
    return await sendNew(this.#options, { ...saying, conversation, count }, content, this.#signal);
  }

  async #headers(standing: Standing, { organisation }: MessageContent) {
    return askingHeaders(this.#options, organisation, await this.#conversation(standing));
  }

  async #statusThere(standing: Standing, content: MessageContent): ReturnType<typeof statusThere> {
    const headers = await this.#headers(standing, content);
    return await statusThere(this.#options, standing, headers, this.#signal);
  }

  /** The same for all of a referral, and for what is based on it. */
  async #conversation({ key, parent, root }: Standing): Promise<string> {
    const { store, name } = this.#options;
    const [own] = await store.messages.about(key, name);
    const earlier = own ?? (parent === undefined ? undefined : (await store.messages.about(parent))[0]);
    return earlier?.conversation ?? madeId('conversation', root);
  }

  /** Consent was withdrawn: the referral is cancelled there, with nothing said but whose it is. */
  async withdraw(key: ResourceKey): Promise<Seen> {
    const told = await this.told(key);
    const { pending } = told;
    const ending = pending && stateBy(pending);
    if (ending && isEnding(ending)) {
      const sent = await sendKept(this.#options, pending, this.#signal);
      if (sent.ok) await this.told(key);
      return seenAs(ending, sent);
    }
    const standing = mayBeOpen(told) ? await standingOfReferral(this.#options, key) : undefined;
    const isKnownThere = standing?.isEndedByService && !pending && !told.inDoubt;
    if (!standing || isKnownThere) return { ok: true, state: told.state, reports: [] };
    const seen = await this.#end(standing, 'revoked', told, { isBare: true });
    if (!seen.ok) return seen;
    this.#seen.set(key, seen);
    if (pending) await this.#giveUp(pending); // in doubt until now, and never to be sent again
    return seen;
  }

  /** A referral that was withdrawn there is not opened again: who agrees to be referred is somebody's to refer anew. */
  async #sayTakenBack(standing: Standing): Promise<void> {
    const { store, name, clock } = this.#options;
    if (await this.#mayGo(standing.key)) await store.raiseWork([referAnew(name, standing)], clock());
  }
}
