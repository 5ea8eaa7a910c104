/** A store with one referral, ways that a test answers for, and a clock of its own, for the tests of how documents go. */
import { issueOf, outcomeOf } from '../../../src/fhir/outcome.ts';
import type { MessageState } from '../../../src/store/messages.ts';
import type { ResourceKey, Store } from '../../../src/store/store.ts';
import { hear, type Said } from '../../../src/target/document/answers.ts';
import { begin, sweep } from '../../../src/target/document/course.ts';
import { type CourseOptions, errandId, wayOf } from '../../../src/target/document/errand.ts';
import type { Errand, Gone, Way } from '../../../src/target/document/way.ts';
import { temporaryStore } from '../../store/temporary.ts';

export const TARGET = 'gp-letters';
export const ABOUT: ResourceKey = 'Task/517fb13d-54d5-54e4-936f-32bb4a1c76b0';
export const REFERENCE = '5b0a3f0e-6c0e-5d6c-9d3f-0c6f7a0b1c2d';
const HOUR_MS = 3_600_000;
export const SILENT_MS = 72 * HOUR_MS;
export const UNFILED_MS = 168 * HOUR_MS;

export type Reply = Gone['state'] | 'dies';

/** What a way has: each document once, however often it was sent. */
export interface TestWay extends Way {
  readonly held: Map<string, string>;
  calls: number;
  /** replies to come, then always `then` */
  readonly replies: Reply[];
}

/** @param then what it answers when nothing else is to come @param canRecall what has arrived can be taken back */
export function testWay(kind: string, then: Reply, canRecall = false): TestWay {
  const way: TestWay = {
    kind,
    held: new Map(),
    calls: 0,
    replies: [],
    send: async ({ id, document }: Errand) => {
      way.calls += 1;
      const reply = way.replies.shift() ?? then;
      if (reply === 'rejected') return { state: 'rejected', outcome: REFUSED };
      if (reply === 'again') return { state: 'again', waitMs: 60_000, outcome: REFUSED };
      const before = way.held.get(id);
      if (before !== undefined && before !== JSON.stringify(document))
        throw new Error('other bytes under one id');
      way.held.set(id, JSON.stringify(document));
      if (reply === 'dies') throw new Error('the process died');
      return { state: reply, remoteId: `remote-${id}` };
    },
    stop: async (id) => canRecall || !way.held.has(id),
  };
  return way;
}

const REFUSED = outcomeOf(
  issueOf({ code: 'processing', rule: 'test-refused', diagnostics: 'It was refused.' }),
);

export interface World {
  readonly store: Store;
  readonly course: CourseOptions;
  nowMs: number;
  /** a sweep, as often as something moves; a way that dies ends it */
  sweep(): Promise<void>;
  hear(said: Partial<Said> & Pick<Said, 'what'>): Promise<boolean>;
  /** state of each way's message, in order */
  states(): Promise<MessageState[]>;
  /** rules of open items of the worklist */
  work(): Promise<string[]>;
}

/** @param shared a store and a target of its own, where a test needs many worlds */
export async function world(
  ways: readonly TestWay[],
  mayGo: () => boolean = () => true,
  shared?: { readonly store: Store; readonly target: string },
): Promise<World> {
  const store = shared?.store ?? (await temporaryStore());
  const target = shared?.target ?? TARGET;
  const self: World = {
    store,
    nowMs: Date.parse('2026-06-11T09:00:00Z'),
    course: {
      ...{ target, ways, store, silentAfterMs: SILENT_MS, filedWithinMs: UNFILED_MS },
      mayGo: async () => mayGo(),
      clock: () => self.nowMs,
    },
    sweep: async () => {
      for (let times = 0; times < 20; times += 1)
        if ((await sweep(self.course, new AbortController().signal)) === 0) return;
      throw new Error('a sweep does not come to an end');
    },
    hear: async (said) => await hear(self.course, { reference: REFERENCE, advice: 'Ask them.', ...said }),
    states: async () => {
      const all = await store.messages.ofConversation(target, REFERENCE);
      return all.toSorted((a, b) => wayOf(a) - wayOf(b)).map(({ state }) => state);
    },
    work: async () =>
      (await store.worklist({ open: true, count: 100, target })).map(({ rule }) => rule ?? 'none').sort(),
  };
  return self;
}

/** Keeps one document; nothing has left yet. */
export async function keepOne(
  { course }: World,
  { reference = REFERENCE, name = 'document' } = {},
): Promise<boolean> {
  const document = {
    reference,
    title: 'Social prescribing: closing summary',
    bundle: '{}',
    addressee: { personName: 'A person', location: 'A service' },
    version: 1,
    isCodedOnly: false,
  };
  return await begin(course, {
    ...{ channel: course.target, direction: 'out', id: errandId(name, 0), conversation: reference },
    ...{ about: ABOUT, version: 1, personId: 'person', ownerOrg: 'X26', body: JSON.stringify(document) },
  });
}
