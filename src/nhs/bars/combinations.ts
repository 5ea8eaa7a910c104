/** Turns event, reason, status and definition of a message into what it asks for, or into why they do not go together. */
import { MESSAGE_DEFINITIONS, type MessageEvent, type MessageReason } from './codes.ts';
import type { BarsFault } from './errors.ts';

/** What a message that is taken here asks for. */
export type MessageCase = 'new' | 'update' | 'cancel' | 'in-error' | 'response';

/** Short name of a MessageDefinition that is taken here. */
export type TakenDefinition = 'request-referral' | 'request-cancelled' | 'response-referral';

const TAKEN: readonly TakenDefinition[] = ['request-referral', 'request-cancelled', 'response-referral'];

/** @returns undefined for a definition that is not taken here */
export function definitionOf(canonical: unknown): TakenDefinition | undefined {
  const bare = typeof canonical === 'string' ? canonical.split('|')[0] : undefined;
  return TAKEN.find((name) => MESSAGE_DEFINITIONS[name] === bare);
}

/** @returns canonicals that are taken here */
export function takenDefinitions(): readonly string[] {
  return TAKEN.map((name) => MESSAGE_DEFINITIONS[name]);
}

interface Row {
  readonly event: MessageEvent;
  readonly reasons: readonly MessageReason[];
  /** of the focus; absent: any */
  readonly status?: string;
  readonly definition: TakenDefinition;
  readonly asks: MessageCase;
}

/**
 * Every combination that is taken. A referral that was sent in error is marked by an update, as the guide says; one of its
 * examples has `delete`, so that both are taken.
 * @source BaRS, Workflow: event, reason and status
 */
export const COMBINATIONS: readonly Row[] = [
  {
    event: 'servicerequest-request',
    reasons: ['new'],
    status: 'active',
    definition: 'request-referral',
    asks: 'new',
  },
  {
    event: 'servicerequest-request',
    reasons: ['update'],
    status: 'active',
    definition: 'request-referral',
    asks: 'update',
  },
  {
    event: 'servicerequest-request',
    reasons: ['update'],
    status: 'revoked',
    definition: 'request-cancelled',
    asks: 'cancel',
  },
  {
    event: 'servicerequest-request',
    reasons: ['update', 'delete'],
    status: 'entered-in-error',
    definition: 'request-cancelled',
    asks: 'in-error',
  },
  {
    event: 'servicerequest-response',
    reasons: ['new', 'update'],
    definition: 'response-referral',
    asks: 'response',
  },
];

export interface Workflow {
  readonly event: string | undefined;
  readonly reason: string | undefined;
  /** of the focus */
  readonly status: string | undefined;
  readonly definition: TakenDefinition;
}

/** @returns what is asked for, or the refusal `invariant` that says which combinations there are */
export function caseOf(said: Workflow): { readonly asks: MessageCase } | { readonly fault: BarsFault } {
  const row = COMBINATIONS.find(
    ({ event, reasons, status, definition }) =>
      event === said.event &&
      reasons.some((one) => one === said.reason) &&
      (status === undefined || status === said.status) &&
      definition === said.definition,
  );
  return row ? { asks: row.asks } : { fault: notTogether(said) };
}

function notTogether(said: Workflow): BarsFault {
  const known = COMBINATIONS.filter(({ definition }) => definition === said.definition).map(
    ({ event, reasons, status }) => `${event}, ${reasons.join(' or ')}, ${status ?? 'any status'}`,
  );
  return {
    code: 'REC_BAD_REQUEST',
    issue: 'invariant',
    diagnostics: `Event, reason and status of the focus do not go together under MessageHeader.definition. With it go: ${known.join('; ')}.`,
    expression: 'Bundle.entry[0].resource',
  };
}
