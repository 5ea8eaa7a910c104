/** Turns ODS codes into what is known of them: asked of ODS when that was long ago, kept with its date, and told as old while ODS is down. */
import type { AnswerStore, KeptAnswer } from '../../store/kept-answers.ts';
import { Circuit } from '../../wire/circuit.ts';
import type { WireFailure } from '../../wire/http.ts';
import type { AskOds } from './client.ts';
import { isClosed, type OdsOrganisation, odsCode } from './organisation.ts';

/** What is known of a code. `isStale`: ODS could not be asked, and this is what it said before. */
export interface OdsKnown {
  readonly ok: true;
  /** undefined: ODS knows no such code */
  readonly organisation: OdsOrganisation | undefined;
  readonly askedMs: number;
  readonly isStale: boolean;
}

/** Where the work of an organisation went. */
export type Succession =
  /** it works, or `chain` names who took over, one after the other; the last one works */
  | { readonly kind: 'open' | 'succeeded'; readonly chain: readonly OdsOrganisation[] }
  /** closed, and nobody, or several, or nobody that ODS knows, took over from the last of the chain */
  | { readonly kind: 'ended' | 'split' | 'lost'; readonly chain: readonly OdsOrganisation[] }
  /** successors that name each other, or more than can be believed */
  | { readonly kind: 'circular' | 'too-long'; readonly chain: readonly OdsOrganisation[] }
  | { readonly kind: 'unknown' };

export interface OdsDirectory {
  lookUp(code: string, signal: AbortSignal): Promise<OdsKnown | WireFailure>;
  /** Follows successors as far as one works. @returns a failure where ODS is down and what is needed was never asked */
  follow(
    code: string,
    signal: AbortSignal,
  ): Promise<{ readonly ok: true; readonly succession: Succession; readonly isStale: boolean } | WireFailure>;
}

const SERVICE = 'ods';
const MOST_SUCCESSIONS = 8;

export interface OdsDirectoryOptions {
  readonly ask: AskOds;
  readonly answers: Pick<AnswerStore, 'get' | 'keep'>;
  readonly clock: () => number;
  /** for how long an answer is not asked for again */
  readonly freshMs: number;
}

/** @returns what knows of organisations, over restarts and from one process to the other */
export function createOdsDirectory(options: OdsDirectoryOptions): OdsDirectory {
  const { answers, clock } = options;
  const askAnew = asking(options);
  const lookUp: OdsDirectory['lookUp'] = async (text, signal) => {
    const code = odsCode(text);
    const kept = await answers.get(SERVICE, code);
    const nowMs = clock();
    const isFresh = kept !== undefined && nowMs >= kept.askedMs && nowMs < kept.untilMs;
    if (isFresh) return knownBy(kept, false);
    const asked = await askAnew(code, signal);
    return asked.ok || kept === undefined ? asked : knownBy(kept, true);
  };
  return { lookUp, follow: (code, signal) => follow(lookUp, code, clock, signal) };
}

function knownBy({ answer, askedMs }: KeptAnswer, isStale: boolean): OdsKnown {
  const { organisation } = JSON.parse(answer) as Pick<OdsKnown, 'organisation'>;
  return { ok: true, organisation, askedMs, isStale };
}

/** Asks and keeps what is said; a service that fails again and again is let alone for a while. */
function asking({
  ask,
  answers,
  clock,
  freshMs,
}: OdsDirectoryOptions): (code: string, signal: AbortSignal) => Promise<OdsKnown | WireFailure> {
  const circuit = new Circuit({ failures: 3 });
  let lastFailure: WireFailure | undefined;
  return async (code, signal) => {
    if (circuit.waitMs(clock()) !== 0 && lastFailure) return lastFailure;
    circuit.begin();
    const said = await ask(code, signal);
    if (!said.ok) {
      // What will be the same another time says something of this code, not that ODS is down.
      if (said.retry === 'permanent') circuit.succeeded();
      else circuit.failed(clock());
      lastFailure = said;
      return said;
    }
    circuit.succeeded();
    const askedMs = clock();
    const { organisation } = said;
    const kept = { answer: JSON.stringify({ organisation }), untilMs: askedMs + freshMs };
    await answers.keep(SERVICE, code, kept, askedMs);
    return { ok: true, organisation, askedMs, isStale: false };
  };
}

async function follow(
  lookUp: OdsDirectory['lookUp'],
  code: string,
  clock: () => number,
  signal: AbortSignal,
): ReturnType<OdsDirectory['follow']> {
  const today = new Date(clock()).toISOString().slice(0, 10);
  const chain: OdsOrganisation[] = [];
  let isStale = false;
  for (let next = code; ; ) {
    const found = await lookUp(next, signal);
    if (!found.ok) return found;
    isStale ||= found.isStale;
    const end = (kind: Exclude<Succession['kind'], 'unknown'>) =>
      ({ ok: true, succession: { kind, chain }, isStale }) as const;
    const { organisation } = found;
    if (!organisation)
      return chain.length > 0 ? end('lost') : { ok: true, succession: { kind: 'unknown' }, isStale };
    if (chain.some((one) => one.code === organisation.code)) return end('circular');
    chain.push(organisation);
    if (!isClosed(organisation, today)) return end(chain.length > 1 ? 'succeeded' : 'open');
    const heirs = [...new Set(organisation.successors.map((one) => one.code))];
    if (heirs.length === 0) return end('ended');
    if (heirs.length > 1) return end('split');
    if (chain.length > MOST_SUCCESSIONS) return end('too-long');
    next = heirs[0]!;
  }
}
