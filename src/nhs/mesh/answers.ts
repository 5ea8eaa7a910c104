/** Turns what MESH answers, in version 1 or 2, into pages of an inbox, the state of a message, and mailboxes. */
import type { WireAnswer } from '../../wire/http.ts';
import type { Endpoint } from './channel.ts';
import { shownCode } from './status-codes.ts';

export type { Endpoint };

/** Ids that wait in an inbox. */
export interface Page {
  readonly ids: readonly string[];
  /** ids that are none: their messages cannot be asked for */
  readonly odd: readonly string[];
  /** where the next page begins; undefined: there is none, or version 1 does not say */
  readonly continueFrom: string | undefined;
}

/** How a message stands at MESH. */
export interface Tracked {
  readonly messageId: string | undefined;
  readonly standing: 'uploading' | 'waiting' | 'collected' | 'failed' | 'unknown';
  readonly code: string | undefined;
}

/** Ids name files and addresses here: others are not taken. */
export const MESSAGE_ID = /^[A-Za-z0-9_-]{1,100}$/;

export function pageIn({ body }: WireAnswer): Page {
  const { messages, links } = members(body);
  const all: readonly unknown[] = Array.isArray(messages) ? messages : [];
  const isId = (id: unknown): id is string => typeof id === 'string' && MESSAGE_ID.test(id);
  const { next } = members(links);
  return {
    ids: all.filter(isId),
    odd: all.filter((id) => !isId(id)).map((id) => JSON.stringify(id)),
    continueFrom: typeof next === 'string' ? continueFrom(next) : undefined,
  };
}

/** Of a link only the mark counts: its host and path are ours to say. */
function continueFrom(link: string): string | undefined {
  const url = URL.canParse(link, 'http://mesh') ? new URL(link, 'http://mesh') : undefined;
  return url?.searchParams.get('continue_from') ?? undefined;
}

export function trackedIn({ body }: WireAnswer): Tracked {
  const got = members(body);
  const text = (...names: readonly string[]): string | undefined =>
    names
      .map((name) => got[name])
      .find((value): value is string => typeof value === 'string' && value !== '');
  const status = text('status')?.toLowerCase();
  const code = shownCode(text('status_code', 'statusCode'));
  const isCollected = status === 'acknowledged' || text('downloadTimestamp') !== undefined;
  const failed = status === 'error' || text('failureDate') !== undefined;
  return {
    messageId: text('message_id', 'messageId'),
    standing: isCollected ? 'collected' : failed ? 'failed' : (STANDING[status ?? ''] ?? 'unknown'),
    code: code === '00' ? undefined : code,
  };
}

const STANDING: Readonly<Record<string, Tracked['standing']>> = {
  uploading: 'uploading',
  uploaded: 'waiting',
  accepted: 'waiting',
};

export function endpointsIn({ body }: WireAnswer): readonly Endpoint[] {
  const { results } = members(body);
  return (Array.isArray(results) ? results : []).flatMap((one: unknown) => {
    const { address, description, mailbox_id, mailbox_name } = members(one);
    const mailbox = mailbox_id ?? address;
    if (typeof mailbox !== 'string' || mailbox === '') return [];
    const shown = mailbox_name ?? description;
    return [{ mailbox, name: typeof shown === 'string' && shown !== '' ? shown : undefined }];
  });
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
