/** Turns copies of one resource at a server into one: settles on the oldest, and reports or takes back the younger. */
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { markedInError } from '../../fhir/in-error.ts';
import { issueOf } from '../../fhir/outcome.ts';
import type { TargetLink } from '../../store/store.ts';
import type { Place } from '../place.ts';
import type { Delivered, Delivery } from '../target.ts';
import { ifMatch } from './fhir-client.ts';
import { saysTheSame } from './outgoing.ts';
import { conflict, isOurEarlier, linkOf, writeKnowing } from './write-one.ts';

/**
 * Settles on the oldest copy, writing ours over what we wrote before; what somebody else wrote there is a conflict.
 * @param copies at least one, oldest first
 */
export async function settleOnOldest(
  place: Place,
  delivery: Delivery,
  sent: Resource,
  copies: readonly Resource[],
  signal: AbortSignal,
): Promise<Delivered> {
  const [oldest, ...younger] = copies as [Resource, ...Resource[]];
  const link = linkOf(place, delivery, oldest.id, oldest.meta?.versionId);
  const delivered = await bringInStep(place, { ...delivery, link }, { sent, oldest }, signal);
  if (!delivered.ok) return delivered;
  const left: Resource[] = [];
  for (const twin of younger) if (!(await takeBack(place, sent, oldest, twin, signal))) left.push(twin);
  return left.length === 0 ? delivered : { ...delivered, report: twinsIssue(place, delivery, oldest, left) };
}

async function bringInStep(
  place: Place,
  delivery: Delivery & { readonly link: TargetLink },
  { sent, oldest }: { readonly sent: Resource; readonly oldest: Resource },
  signal: AbortSignal,
): Promise<Delivered> {
  const { link } = delivery;
  if (saysTheSame(sent, oldest)) return { ok: true, link };
  if (!(await isOurEarlier(place, delivery, oldest))) return conflict(place, delivery);
  return await writeKnowing(place, delivery, link.remoteVersion, signal);
}

/** @returns true when the twin is no copy any more */
async function takeBack(
  place: Place,
  sent: Resource,
  oldest: Resource,
  twin: Resource,
  signal: AbortSignal,
): Promise<boolean> {
  const { twins = 'report' } = place;
  // A twin that somebody worked on is for a person to merge.
  if (twins === 'report' || !(saysTheSame(sent, twin) || saysTheSame(oldest, twin))) return false;
  const path = `${twin.resourceType}/${twin.id}`;
  const version = twin.meta?.versionId;
  const headers: Record<string, string> = version === undefined ? {} : { 'if-match': ifMatch(version) };
  if (twins === 'delete') {
    const reply = await place.client.send({ method: 'DELETE', path, headers }, signal);
    return reply.ok && (reply.status === 404 || reply.status === 410 || isSuccess(reply.status));
  }
  const marked = markedInError(twin);
  if (!marked) return false;
  const reply = await place.client.send(
    { method: 'PUT', path, headers, body: JSON.stringify(marked) },
    signal,
  );
  return reply.ok && isSuccess(reply.status);
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function twinsIssue(
  place: Place,
  { entry }: Delivery,
  oldest: Resource,
  left: readonly Resource[],
): OperationOutcomeIssue {
  const ids = left.map((copy) => copy.id).join(', ');
  return issueOf({
    severity: 'warning',
    code: 'duplicate',
    rule: 'delivery-twins',
    diagnostics: `Target ${place.client.rules.target} holds ${left.length + 1} copies of ${entry.type}/${entry.id}. The oldest, ${oldest.id}, is kept in step; have the others merged or removed there: ${ids}.`,
    expression: entry.type,
  });
}
