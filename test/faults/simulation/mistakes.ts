/** Mistakes that delivery could make, to prove that the simulation finds them. */
import type { Broken } from './program.ts';
import { TARGET } from './receiving.ts';

export type Mistake = keyof typeof MISTAKES;

const MISTAKES = {
  /** an ambiguous delivery is sent again without a look at the target */
  'does-not-look-first': {
    target: (target) => ({
      ...target,
      deliver: (deliveries, signal) =>
        target.deliver(
          deliveries.map((one) => ({ ...one, entry: { ...one.entry, ambiguous: false } })),
          signal,
        ),
    }),
  },
  /** what may have arrived is taken for delivered */
  'believes-it-arrived': {
    target: (target) => ({
      ...target,
      deliver: async (deliveries, signal) => {
        const answers = await target.deliver(deliveries, signal);
        return answers.map((answer, at) => {
          if (answer.ok || answer.retry !== 'ambiguous') return answer;
          const { type, id, version } = deliveries[at]!.entry;
          const link = { target: target.name, type, id, remoteId: id, remoteVersion: undefined, version };
          return { ok: true, link: { ...link, digest: '', deliveredMs: 0 } };
        });
      },
    }),
  },
  /** consent is not asked for */
  'sends-without-consent': {
    gate:
      () =>
      async ({ resource }) => ({ send: true, resource }),
  },
  /** a claim is never taken back from an adapter that died */
  'forgets-leases': {
    store: (store) =>
      new Proxy(store, {
        get: (of, name) => {
          if (name === 'recoverClaims') return async () => 0;
          const member: unknown = Reflect.get(of, name, of);
          return typeof member === 'function' ? member.bind(of) : member;
        },
      }),
  },
  /** the order of deliveries within a person is turned round */
  'turns-the-order-round': {
    target: (target) => ({
      ...target,
      deliver: async (deliveries, signal) =>
        [...(await target.deliver(deliveries.toReversed(), signal))].reverse(),
    }),
  },
  /** whatever the target holds is written over */
  'writes-over-others': {
    target: (target) => ({
      ...target,
      deliver: (deliveries, signal) =>
        target.deliver(
          deliveries.map((one) => ({ ...one, link: one.link && { ...one.link, remoteVersion: undefined } })),
          signal,
        ),
    }),
  },
  /** what was done at the EHR is passed over */
  'is-deaf': {
    store: (store) => ({
      ...store,
      commit: (records, ...rest) =>
        records.some(({ source }) => source === TARGET)
          ? Promise.resolve(records.map(() => ({ state: 'unchanged' })))
          : store.commit(records, ...rest),
    }),
  },
} as const satisfies Record<string, Broken>;

export function mistakeOf(mistake: Mistake): Broken {
  return MISTAKES[mistake];
}
