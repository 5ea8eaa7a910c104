/** Holds what the answer to a transaction claims against what the server then holds: an entry counts when it is really there. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf } from '../../fhir/outcome.ts';
import type { Place } from '../place.ts';
import type { Delivered, Delivery } from '../target.ts';
import type { RemoteCopy } from './fhir-client.ts';
import { saysTheSame } from './outgoing.ts';
import type { ReadBack } from './read-back.ts';
import type { Prepared } from './transaction.ts';
import { isOurEarlier, remoteIdOf, sentOf } from './write-one.ts';

/** What of an answer is taken at its word. `answers`: an entry that names its version. `reads`: nothing. */
export type Trust = 'answers' | 'reads';

type Claimed = Extract<Delivered, { ok: true }>;

/** An answer that was looked into; undefined: it must be found out what became of the entry. */
export interface Checked {
  readonly delivered: Delivered | undefined;
  /** a success was claimed of what is not there */
  readonly isFalse: boolean;
}

/** A success that was claimed in vain, and made good: somebody should know what kind of server this is. */
export function madeGood(place: Place, { entry }: Delivery): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'incomplete',
    rule: 'delivery-claimed-in-vain',
    diagnostics: `Target ${place.client.rules.target} answered a transaction with success for ${entry.type}/${entry.id}, but did not hold it. It was sent once more, alone, and is there now. Tell whoever runs the server.`,
  });
}

/** @returns the answers, those that were not taken at their word as reading back shows them */
export async function checkClaims(
  place: Place,
  claims: readonly { readonly one: Prepared; readonly delivered: Delivered | undefined }[],
  {
    trust,
    readBack,
    signal,
  }: { readonly trust: Trust; readonly readBack: ReadBack; readonly signal: AbortSignal },
): Promise<readonly Checked[]> {
  const doubted = claims.filter(({ one, delivered }) => isDoubted(trust, one.delivery, delivered));
  const keys = doubted.map(({ one: { delivery } }) => `${delivery.entry.type}/${remoteIdOf(delivery)}`);
  const copies = keys.length === 0 ? [] : await readBack(keys, signal);
  const found = new Map(doubted.map(({ one }, index) => [one, copies[index]!]));
  return await Promise.all(
    claims.map(async ({ one, delivered }) => {
      const copy = found.get(one);
      return copy
        ? await lookInto(place, one, delivered as Claimed, { copy, trust })
        : { delivered, isFalse: false };
    }),
  );
}

function isDoubted(trust: Trust, { resource }: Delivery, delivered: Delivered | undefined): boolean {
  if (!delivered?.ok) return false;
  return trust === 'reads' || (resource !== undefined && delivered.link.remoteVersion === undefined);
}

async function lookInto(
  place: Place,
  { delivery, version: before }: Prepared,
  claimed: Claimed,
  { copy, trust }: { readonly copy: RemoteCopy; readonly trust: Trust },
): Promise<Checked> {
  const believed = { delivered: claimed, isFalse: false };
  // A server that lets nobody read can be believed only, unless that is not wanted.
  if (copy.state === 'unknown')
    return trust === 'answers' ? believed : { delivered: undefined, isFalse: false };
  const untrue = { delivered: undefined, isFalse: true };
  if (delivery.resource === undefined) return copy.state === 'there' ? untrue : believed;
  if (copy.state !== 'there') return untrue;
  const { remoteVersion } = claimed.link;
  if (remoteVersion !== undefined && copy.version === remoteVersion) return believed;
  if (saysTheSame(sentOf(place, delivery), copy.resource))
    return { ...believed, delivered: { ...claimed, link: { ...claimed.link, remoteVersion: copy.version } } };
  const isAsBefore = copy.version !== undefined && copy.version === before;
  return isAsBefore || (await isOurEarlier(place, delivery, copy.resource)) ? untrue : believed;
}
