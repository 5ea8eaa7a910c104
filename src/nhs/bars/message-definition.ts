/** Turns the MessageDefinitions of a service into whether it takes referrals of a use case. */
import type { Bundle, MessageDefinition } from '@medplum/fhirtypes';
import { type MessageEvent, USE_CASES } from './codes.ts';

/** Whether a service takes a kind of message, and where not, why. */
export type Taking = { readonly takes: true } | { readonly takes: false; readonly why: string };

/**
 * Reads what GET /MessageDefinition answered. A service says what it takes: nothing said is a no.
 * @param body searchset Bundle
 */
export function takingOf(body: unknown, event: MessageEvent, useCase: string): Taking {
  const bundle = body as Bundle | undefined;
  if (bundle?.resourceType !== 'Bundle')
    return { takes: false, why: 'it answered with no Bundle of MessageDefinitions' };
  const definitions = (bundle.entry ?? []).flatMap(({ resource }) =>
    resource?.resourceType === 'MessageDefinition' ? [resource as MessageDefinition] : [],
  );
  const ofEvent = definitions.filter((one) => one.status !== 'retired' && one.eventCoding?.code === event);
  if (ofEvent.length === 0)
    return { takes: false, why: `it names no MessageDefinition of the event ${event}` };
  const taking = ofEvent.some((one) => isOfUseCase(one, useCase) && !isNegative(one));
  return taking
    ? { takes: true }
    : {
        takes: false,
        why: `none of its MessageDefinitions of the event ${event} is of the use case ${useCase}`,
      };
}

/** Published ones hold a list of codings where FHIR has one: both are read. One that names no use case is of any. */
function isOfUseCase({ useContext }: MessageDefinition, useCase: string): boolean {
  const codings = (useContext ?? []).flatMap(({ code, valueCodeableConcept }) => [
    ...[code].flat(),
    ...(valueCodeableConcept?.coding ?? []),
  ]);
  const named = codings.filter((one) => one?.system?.toLowerCase() === USE_CASES.toLowerCase());
  return named.length === 0 || named.some((one) => one?.code === useCase);
}

function isNegative({ useContext }: MessageDefinition): boolean {
  return (useContext ?? []).some(({ valueCodeableConcept }) =>
    valueCodeableConcept?.coding?.some(({ code }) => code === 'negative'),
  );
}
