/** Turns the configuration into a terminology server to ask, and counts the codes that nobody could check. */
import type { Config } from '../../config.ts';
import type { AskCodes } from '../../validation/pending.ts';
import { createExchange } from '../../wire/exchange.ts';
import { createTerminologyServer, type TerminologyState } from '../../wire/terminology-server.ts';

export interface Terms {
  /** absent where no server is configured */
  readonly ask: AskCodes | undefined;
  readonly count: (unchecked: number) => void;
  /** coded values that were not checked since the start */
  readonly unchecked: () => number;
  /** of the server; absent where none is configured */
  readonly state: (() => TerminologyState) | undefined;
  close(): void;
}

const HOUR_MS = 3_600_000;

export function openTerms({ terminology }: Config, clock: () => number): Terms {
  let unchecked = 0;
  const counting = {
    count: (more: number): void => {
      unchecked += more;
    },
    unchecked: () => unchecked,
  };
  if (!terminology) return { ...counting, ask: undefined, state: undefined, close() {} };
  const { url, timeoutMs, concurrency, keepHours } = terminology;
  const { exchange, close } = createExchange();
  const server = createTerminologyServer({
    url,
    exchange,
    clock,
    timeoutMs,
    concurrency,
    keepMs: keepHours * HOUR_MS,
  });
  const ask: AskCodes = (questions) => server.validateCodes(questions);
  return { ...counting, ask, state: () => server.state(), close };
}
