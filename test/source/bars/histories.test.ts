/** Any history of a sender and a service, with answers lost, messages twice and late: both ends agree, and nothing is applied twice. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { idOfSent, taskIdOf } from '../../../src/nhs/bars/read-message.ts';
import {
  type Act,
  type Answered,
  headersFor,
  messageOf,
  newReferral,
  post,
  type Referral,
} from '../../servers/bars-sender.ts';
import { SEEDED } from '../../target/bars/seed.ts';
import { NAME, open, type Place, until } from './place.ts';

type Step =
  | { readonly by: 'sender'; readonly act: Act; readonly times: number }
  | {
      readonly by: 'service';
      readonly state: 'received' | 'accepted' | 'rejected' | 'in-progress' | 'completed' | 'failed';
      readonly fault: 'lost' | 503 | undefined;
    };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    by: fc.constant('sender' as const),
    act: fc.constantFrom<Act[]>('new', 'update', 'update', 'cancel', 'in-error'),
    times: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    by: fc.constant('service' as const),
    state: fc.constantFrom(
      'received',
      'accepted',
      'accepted',
      'in-progress',
      'rejected',
      'completed',
      'failed',
    ),
    fault: fc.constantFrom<('lost' | 503 | undefined)[]>(undefined, undefined, 'lost', 503),
  }),
);

const REQUEST = {
  received: 'active',
  accepted: 'active',
  'in-progress': 'active',
  rejected: 'revoked',
  completed: 'completed',
  failed: 'revoked',
} as const;
const STATUSES: Readonly<Record<string, string>> = {
  ...REQUEST,
  cancelled: 'revoked',
  'entered-in-error': 'entered-in-error',
};
const REASON = {
  statusReason: {
    coding: [{ system: 'https://hedgerow.example/fhir/CodeSystem/status-reason', code: 'other' }],
  },
};
/** How a referral stands after what its sender said, where that was taken. */
const AFTER = { new: 'requested', cancel: 'cancelled', 'in-error': 'entered-in-error' } as const;
const BY_ACT: Partial<Record<Act, string>> = { cancel: 'cancelled', 'in-error': 'entered-in-error' };

/** What the sender believes: by its own messages that were taken, and by what it was told since. */
interface Sender {
  readonly referral: Referral;
  believes: string | undefined;
  readonly late: { message: unknown; headers: Record<string, string> }[];
  minute: number;
}

/** Sent until an answer stands; each sending but the first must be a duplicate, or be refused as the first was. */
async function act(
  place: Place,
  sender: Sender,
  { act: what, times }: Extract<Step, { by: 'sender' }>,
  before: string | undefined,
): Promise<(string | undefined)[]> {
  sender.minute += 1;
  const time = new Date(Date.UTC(2026, 5, 1, 9, sender.minute)).toISOString();
  const message = messageOf(sender.referral, what, { time, note: `need ${sender.minute}` });
  const headers = headersFor({ 'x-correlation-id': sender.referral.correlation });
  if (sender.believes === undefined && what === 'new') sender.referral.bundle = message.id as string;
  const answers = await Promise.all(Array.from({ length: times }, () => post(place.url, message, headers)));
  const statuses = answers.map(({ status }) => status).sort();
  const isTaken = statuses.includes(200);
  if (isTaken) expect(statuses).toEqual([200, ...Array(times - 1).fill(409)]);
  else for (const { status } of answers) expect([404, 409]).toContain(status);
  if (!isTaken) return [before];
  sender.late.push({ message, headers });
  if (what === 'new') sender.believes = 'requested';
  sender.believes = BY_ACT[what] ?? sender.believes;
  return [what === 'update' ? before : AFTER[what as keyof typeof AFTER]];
}

async function answer(
  place: Place,
  id: string,
  { state, fault }: Extract<Step, { by: 'service' }>,
): Promise<(string | undefined)[]> {
  const before = await place.stateOf(id);
  if (before === undefined) return [before];
  if (fault !== undefined) place.sender.next.push(fault);
  const became = await place.say(id, state, REQUEST[state], REASON);
  if (became !== 'committed' || (await place.stateOf(id)) === before) place.sender.next.splice(0);
  return became === 'committed' ? [before, state] : [before];
}

const isDuplicate = ({ status, body }: Answered): boolean =>
  status === 409 && (body.issue as { code: string }[])[0]?.code === 'duplicate';

async function play(steps: readonly Step[]): Promise<void> {
  const place = await open();
  const sender: Sender = { referral: newReferral(), believes: undefined, late: [], minute: 0 };
  place.sender.sent.set(sender.referral.id, sender.referral);
  const id = idOfSent(NAME, 'A83001', 'ServiceRequest', sender.referral.id);
  const stood: string[] = [];
  for (const one of steps) {
    const before = await place.stateOf(id);
    const allowed =
      one.by === 'sender' ? await act(place, sender, one, before) : await answer(place, id, one);
    const after = await place.stateOf(id);
    // what is withdrawn or ended here was so by whoever said it, and by nobody else
    expect([one, before, allowed]).toEqual([one, before, expect.arrayContaining([after])]);
    if (after !== undefined) stood.push(after);
  }
  const told = () => place.sender.told.get(sender.referral.id) ?? [];
  const state = await place.stateOf(id);
  const isOwn = state === 'requested' || state === 'cancelled' || state === 'entered-in-error';
  if (state !== undefined && !isOwn) await until(() => told().at(-1)?.task === state);
  if (isOwn) expect(sender.believes).toBe(state);
  if (state === undefined) expect(sender.believes).toBe(undefined);
  expect(place.sender.faults).toEqual([]);
  const states = told().map(({ task }) => task);
  expect(states.filter((one, at) => one === states[at - 1])).toEqual([]);
  expect(inOrder(states, stood)).toBe(true);
  for (const { task, request } of told()) expect([task, request]).toEqual([task, STATUSES[task]]);
  const task = await place.store.read('Task', taskIdOf(NAME, id));
  for (const { message, headers } of sender.late.reverse())
    expect(isDuplicate(await post(place.url, message, headers))).toBe(true);
  expect((await place.store.read('Task', taskIdOf(NAME, id)))?.version).toBe(task?.version);
}

/** @returns whether all that was told came about, one after the other */
function inOrder(told: readonly string[], stood: readonly string[]): boolean {
  let at = 0;
  for (const state of stood) if (state === told[at]) at += 1;
  return at === told.length;
}

test('both ends agree at the end of any history', async () => {
  const first: Step = { by: 'sender', act: 'new', times: 1 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 7 }),
      async (steps) => await play([first, ...steps]),
    ),
    { numRuns: 12, ...SEEDED },
  );
}, 60_000);
