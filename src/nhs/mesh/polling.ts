/** Looks at the inbox when it is time, and shakes hands once a day: all processes on a database together. */
import type { MeshFault } from './faults.ts';
import { emptyInbox, incidentOf } from './inbox.ts';
import type { MailboxParts } from './parts.ts';

const HANDSHAKE_MS = 86_400_000;
/** MESH allows one look in five minutes; after one that failed nobody waits for longer. */
const AFTER_FAILURE_MS = 300_000;

/** What the processes on a database know of a mailbox together, in epoch ms. */
export interface Turns {
  /** when a look was begun last */
  readonly polledMs?: number;
  /** when the last look was begun that came to its end */
  readonly lookedMs?: number;
  /** something of the inbox could not be taken then: it is looked at again soon */
  readonly isLeft?: boolean;
  readonly shookMs?: number;
}

/** @returns whether the inbox was looked at, and what stopped it */
export async function poll(
  parts: MailboxParts,
  signal: AbortSignal,
): Promise<{ looked: boolean; fault?: MeshFault | undefined }> {
  const { store, clock, name, settings } = parts;
  let looked = false;
  let fault: MeshFault | undefined;
  const dueMs = await store.sharedNowMs(clock());
  await store.runOnce(`mesh poll ${name}`, { dueMs, nowMs: clock() }, async () => {
    const before = await readTurns(parts);
    const isWhole = before.lookedMs === before.polledMs && before.isLeft !== true;
    const everyMs = isWhole ? settings.pollMs : Math.min(settings.pollMs, AFTER_FAILURE_MS);
    if (isWithin(before.polledMs, everyMs, dueMs)) return;
    looked = true;
    const begun = { ...before, polledMs: dueMs };
    await keepTurns(parts, begun);
    const shaken = await shakeHands(parts, begun, signal);
    const done = shaken.fault ? { ...shaken, isWhole: false } : await emptyInbox(parts, signal);
    fault = done.fault;
    if (done.isWhole && !signal.aborted)
      await keepTurns(parts, { ...shaken.turns, lookedMs: dueMs, isLeft: fault !== undefined });
    await tellOperator(parts, fault);
  });
  return { looked, fault };
}

export async function readTurns({ store, name }: MailboxParts): Promise<Turns> {
  return JSON.parse((await store.job(`mesh/${name}`)) ?? '{}') as Turns;
}

async function keepTurns({ store, name, clock }: MailboxParts, turns: Turns): Promise<void> {
  await store.keepJob(`mesh/${name}`, JSON.stringify(turns), clock());
}

/** @returns whether something was done less than so long ago; what lies in the future was done by a clock that was wrong */
function isWithin(doneMs: number | undefined, everyMs: number, nowMs: number): boolean {
  return doneMs !== undefined && doneMs <= nowMs && nowMs - doneMs < everyMs;
}

/** Once a day, by one of the processes. */
async function shakeHands(
  parts: MailboxParts,
  turns: Turns & { readonly polledMs: number },
  signal: AbortSignal,
): Promise<{ readonly turns: Turns; readonly fault?: MeshFault }> {
  if (isWithin(turns.shookMs, HANDSHAKE_MS, turns.polledMs)) return { turns };
  const done = await parts.client.handshake(signal);
  if (!done.ok) return { turns, fault: done };
  const shaken = { ...turns, shookMs: turns.polledMs };
  await keepTurns(parts, shaken);
  return { turns: shaken };
}

/** That credentials are refused is nobody's message, and everybody's trouble. */
async function tellOperator(
  { store, name, clock, log }: MailboxParts,
  fault: MeshFault | undefined,
): Promise<void> {
  if (fault)
    log.warn(
      { channel: name, status: fault.status },
      'the inbox could not be emptied; it is looked at again',
    );
  const { cause, detail } = incidentOf(name, fault ?? ({ status: 403 } as MeshFault));
  const isRefused = fault?.status === 401 || fault?.status === 403;
  if (isRefused) await store.incidents.open({ cause, target: name, detail }, clock());
  else if (!fault) await store.incidents.close(cause, clock());
}
