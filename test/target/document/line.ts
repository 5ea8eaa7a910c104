/** A referral that ended, delivered to a target of documents through the real line, with a person who may change their mind and ways of a test's own. */
import type { Consent } from '@medplum/fhirtypes';
import type { MessageState } from '../../../src/store/messages.ts';
import type { Identified, ResourceKey, Store } from '../../../src/store/store.ts';
import { hear, type Said } from '../../../src/target/document/answers.ts';
import { sweep } from '../../../src/target/document/course.ts';
import { createDocumentTarget, mayGo } from '../../../src/target/document/document.ts';
import type { CourseOptions } from '../../../src/target/document/errand.ts';
import type { Way } from '../../../src/target/document/way.ts';
import { createDelivery } from '../../../src/target/fhir/deliver-group.ts';
import { createShareGate } from '../../../src/target/share-gate.ts';
import { RULES, recordOf } from '../../store/samples.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { AT_RISK, assembled, CLOSED, definitions, displays, MADE_MS, TYPE } from './samples.ts';
import { SILENT_MS, TARGET, UNFILED_MS } from './world.ts';

export const TASK: ResourceKey = 'Task/517fb13d-54d5-54e4-936f-32bb4a1c76b0';
const PERSON = { reference: 'Patient/51687be8-f7e8-5c85-a1ec-faa96caeb7f1' };
const SIGNAL = new AbortController().signal;

/** A concern for the safety of the person. */
export function concern(status: 'active' | 'entered-in-error' = 'active'): Identified {
  const flag = assembled(...AT_RISK).find(({ resourceType }) => resourceType === 'Flag')!;
  return { ...flag, status, subject: PERSON } as Identified;
}

export interface Line {
  readonly store: Store;
  readonly course: CourseOptions;
  /** Commits resources, as a record of their own. */
  say(...resources: readonly Identified[]): Promise<void>;
  agree(to: 'all' | 'codes' | 'nothing'): Promise<void>;
  /** Delivers what is due; what was kept of it does not leave yet. */
  deliver(): Promise<void>;
  /** Has all leave that is due, as often as something moves. */
  sweep(): Promise<void>;
  hear(said: Partial<Said> & Pick<Said, 'what'>): Promise<boolean>;
  /** of the copies about a resource, oldest first */
  states(about?: ResourceKey): Promise<MessageState[]>;
  /** rules of open items */
  work(): Promise<string[]>;
}

/** @param clock turned by the test; what is delivered needs some time */
export async function openLine(
  waysOf: (store: Store) => readonly Way[],
  clock: { nowMs: number } = { nowMs: MADE_MS },
): Promise<Line> {
  const store = await temporaryStore();
  const now = (): number => clock.nowMs;
  const { course, deliver } = placeOf(store, waysOf(store), now);
  let records = 0;
  const say = async (...resources: readonly Identified[]): Promise<void> => {
    records += 1;
    clock.nowMs += 1_000;
    const record = recordOf(resources, { key: `said-${records}`, sourceTimeMs: clock.nowMs });
    await store.commit([record], { ...RULES, route: routed }, clock.nowMs);
  };
  await say(...assembled(...CLOSED));
  return {
    store,
    course,
    say,
    agree: async (to) => await say(decided(to)),
    async deliver() {
      for (let times = 0; times < 100; times += 1) {
        if ((await store.nextDueMs(TARGET, now())) === undefined) return;
        clock.nowMs += 1_000;
        const group = await store.claim(TARGET, { nowMs: now(), leaseMs: 60_000, maxEntries: 50 });
        if (group) await store.settle(TARGET, group.deliveryKey, await deliver(group, SIGNAL), now());
      }
      throw new Error('something waits for what never comes');
    },
    async sweep() {
      for (let times = 0; times < 20; times += 1) if ((await sweep(course, SIGNAL)) === 0) return;
      throw new Error('a sweep does not come to an end');
    },
    hear: async (said) => await hear(course, { advice: 'Ask them.', ...said }),
    states: async (about = TASK) =>
      (await store.messages.about(about, TARGET)).toReversed().map(({ state }) => state),
    work: async () =>
      (await store.worklist({ open: true, count: 100 })).map(({ rule }) => rule ?? 'none').sort(),
  };
}

/** The target, as the adapter puts it together. */
function placeOf(store: Store, ways: readonly Way[], now: () => number) {
  const rules = {
    ...{ name: TARGET, purpose: 'share-with-gp' as const },
    ...{ requiresVerifiedNhsNumber: true, allowRestricted: false },
  };
  const gate = createShareGate({ store, definitions, clock: now, target: rules });
  const course: CourseOptions = {
    ...{ target: TARGET, ways: ways, store, clock: now },
    ...{ mayGo: mayGo({ store, gate, target: TARGET }), silentAfterMs: SILENT_MS, filedWithinMs: UNFILED_MS },
  };
  const target = createDocumentTarget({
    ...{ target: TARGET, recipient: 'gp', type: TYPE, ownerOrg: 'X26', store, gate, course, displays },
    ...{ definitions, clock: now, messages: new Set(['closed', 'action'] as const), onKept: () => {} },
  });
  const deliver = createDelivery({ store, target, gate, clock: now, random: () => 0.5 });
  return { course, deliver };
}

function routed({ resourceType }: Identified): readonly string[] {
  return resourceType === 'Provenance' ? [] : [TARGET];
}

/** What the person says to the sharing of their record with the practice. */
function decided(to: 'all' | 'codes' | 'nothing'): Identified {
  const consent = assembled(...CLOSED).find(
    (one): one is Consent & Identified =>
      one.resourceType === 'Consent' && JSON.stringify(one.category).includes('share-gp'),
  )!;
  if (to === 'all') return consent;
  if (to === 'nothing') return { ...consent, status: 'rejected' };
  const [extent] = consent.provision!.code![0]!.coding!;
  const code = [{ coding: [{ ...extent, code: 'coded-only' }] }];
  return { ...consent, provision: { ...consent.provision, code } };
}
