/** Tells whether a message is the same as one that is worked, or was: by who sent it and what it says, beside its ids. */
import type { BarsFault } from '../../nhs/bars/errors.ts';
import type { BarsHeaders } from '../../nhs/bars/headers.ts';
import { addressText } from '../../nhs/bars/normal-forms.ts';
import type { Message } from '../../store/store.ts';
import type { Envelope } from './known-referrals.ts';
import { DUPLICATE, OTHER_MESSAGE } from './refusals.ts';

/** undefined: what a message says is on disk */
export type Worked = BarsFault | undefined;

/** A message that is worked now. */
export interface Work {
  readonly caller: string;
  /** of what the message says */
  readonly digest: string;
  readonly done: Promise<Worked>;
}

/** @returns a message with what the headers say of it */
export function envelopeOf(
  { organisation, target, correlationId, requestId }: BarsHeaders,
  message: unknown,
): Envelope {
  const caller = organisation.odsCode.toUpperCase();
  return { caller, target: addressText(target), conversation: correlationId, requestId, message };
}

/** Waits for what is worked under the same id. @returns what whoever sent it again is answered */
export async function joined(work: Work, caller: string, digest: string): Promise<BarsFault> {
  if (work.caller !== caller || work.digest !== digest) return OTHER_MESSAGE;
  return (await work.done) ?? DUPLICATE;
}

/** @returns whether a message that was kept says just that; where it is not known any more, its ids alone count */
export function saysThat(kept: Message, digest: string): boolean {
  return kept.digest === undefined || kept.digest === digest;
}
