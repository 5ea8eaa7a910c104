/** Turns what a service says of itself into whether a referral may be sent there at all, asked once a day. */
import type { BarsClient } from '../../nhs/bars/client.ts';
import type { BarsHeaders } from '../../nhs/bars/headers.ts';
import { type Taking, takingOf } from '../../nhs/bars/message-definition.ts';
import type { MessageSettings } from '../../nhs/bars/request-message.ts';
import type { Store } from '../../store/store.ts';
import { type Refused, refusal } from '../answers.ts';
import { refusedBy } from './answers.ts';

export interface DefinitionCheck {
  readonly name: string;
  readonly store: Pick<Store, 'answers'>;
  readonly client: BarsClient;
  readonly settings: MessageSettings;
  readonly clock: () => number;
  readonly checksDefinitions: boolean;
}

const SERVICE = 'bars-definitions';
const YES_MS = 86_400_000;
/** A service that was only just set up is asked again soon. */
const NO_MS = 900_000;

/** @returns why nothing may be sent; undefined: it may */
export function createDefinitionCheck(
  options: DefinitionCheck,
): (headers: BarsHeaders, signal: AbortSignal) => Promise<Refused | undefined> {
  const { name, store, client, settings, clock, checksDefinitions } = options;
  const question = [name, settings.service.dosServiceId, settings.useCase.code].join('|');
  return async (headers, signal) => {
    if (!checksDefinitions) return undefined;
    const kept = await store.answers.get(SERVICE, question);
    if (kept && kept.untilMs > clock()) return refusalOf(JSON.parse(kept.answer) as Taking, name);
    const answered = await client.messageDefinitions(settings.useCase.code, headers, signal);
    if (!answered.ok || !answered.meaning.taken)
      return refusedBy(answered, 'the question which messages it takes', name);
    const taking = takingOf(answered.body, 'servicerequest-request', settings.useCase.code);
    const untilMs = clock() + (taking.takes ? YES_MS : NO_MS);
    await store.answers.keep(SERVICE, question, { answer: JSON.stringify(taking), untilMs }, clock());
    return refusalOf(taking, name);
  };
}

function refusalOf(taking: Taking, name: string): Refused | undefined {
  if (taking.takes) return undefined;
  const diagnostics = `The service of target ${name} does not take the referral: ${taking.why}. Agree the use case with the service and NHS England, and check "useCase" of the target. Everything waits.`;
  return refusal('transient', 'not-supported', 'bars-not-taken', diagnostics);
}
