/** Tells whether a message was sent before: by its X-Request-Id, by its Bundle.id, and by what it says beside them. */
import type { BarsFault } from '../../nhs/bars/errors.ts';
import type { CheckedMessage } from '../../nhs/bars/receive-checks.ts';
import type { Envelope, LookupOptions } from './known-referrals.ts';
import { DUPLICATE, OTHER_BUNDLE, OTHER_MESSAGE } from './refusals.ts';
import { saysThat } from './under-way.ts';

type Kept = Pick<LookupOptions, 'name'> & { readonly store: Pick<LookupOptions['store'], 'messages'> };

/** @returns the refusal of a message that was taken before under its X-Request-Id: to its sender a success */
export async function sentBefore(
  { store, name }: Kept,
  { requestId, caller }: Envelope,
  digest: string,
): Promise<BarsFault | undefined> {
  const kept = await store.messages.get({ channel: name, direction: 'in', id: requestId });
  if (!kept) return undefined;
  if (kept.organisation !== caller) return OTHER_MESSAGE;
  // what was refused may be corrected
  if (kept.state !== 'refused' && !saysThat(kept, digest)) return OTHER_MESSAGE;
  return kept.state === 'taken' ? DUPLICATE : undefined;
}

/** The same message under a new X-Request-Id is the same message. */
export async function sameBundle(
  { store, name }: Kept,
  { requestId, caller }: Envelope,
  { bundleId }: CheckedMessage,
  digest: string,
): Promise<BarsFault | undefined> {
  const own = await store.messages.get({ channel: name, direction: 'in', id: requestId });
  if (own) return own.remoteId === bundleId ? undefined : OTHER_MESSAGE;
  const kept = await store.messages.byRemoteId(name, 'in', bundleId, caller);
  if (kept?.state !== 'taken') return undefined;
  return saysThat(kept, digest) ? DUPLICATE : OTHER_BUNDLE;
}
