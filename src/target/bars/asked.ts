/** Turns what is kept of a referral that came by BaRS into what is answered, to whom, and where. */
import type { Bundle, MessageHeader } from '@medplum/fhirtypes';
import { addressOf, addressText } from '../../nhs/bars/normal-forms.ts';
import type { Message, ResourceKey, Store } from '../../store/store.ts';

/** What is answered, and where to. */
export interface Asked {
  readonly conversation: string;
  readonly remoteId: string;
  readonly replyTo: string;
  /** ODS code of whoever sent it */
  readonly organisation: string;
  /** the service that it was sent to, `system|value` */
  readonly service: string | undefined;
}

/** The first that was taken and can be answered. */
export function askedIn(messages: readonly Message[]): Asked | undefined {
  const found = messages.findLast(
    ({ direction, state, replyTo }) => direction === 'in' && state === 'taken' && replyTo,
  );
  const { conversation, remoteId, replyTo, organisation, service } = found ?? {};
  if (!conversation || !remoteId || !replyTo || !organisation) return undefined;
  return { conversation, remoteId, replyTo, organisation, service };
}

interface KeptEnvelope {
  readonly caller?: string;
  readonly target?: string;
  readonly conversation?: string;
  readonly message?: Bundle;
}

/** Where the message is not known any more, what the referral was made of says as much. */
export async function askedInRecord(
  { store, name }: { readonly store: Pick<Store, 'sourceRecord'>; readonly name: string },
  about: ResourceKey,
): Promise<Asked | undefined> {
  const record = await store.sourceRecord(name, 'referral', about.slice('ServiceRequest/'.length));
  const { caller, target: service, conversation, message } = (record?.payload ?? {}) as KeptEnvelope;
  const header = message?.entry?.[0]?.resource as MessageHeader | undefined;
  const replyTo = addressOf(header?.source?.endpoint);
  if (!conversation || !message?.id || !replyTo || !caller) return undefined;
  return {
    ...{ conversation, remoteId: message.id, replyTo: addressText(replyTo), organisation: caller },
    service,
  };
}
