/** Turns the words and options of the command line into replays and remaps. */
import type { Config } from '../../config.ts';
import { runJobCommand } from './command.ts';
import { decideText } from './decide-job.ts';
import { againText, reconcileText, retentionText } from './report.ts';
import { unlinkText } from './unlink.ts';

export interface ReplayOptions {
  readonly target?: string;
  readonly resource?: string;
  readonly patient?: string;
  readonly work?: string;
  /** id of a rule */
  readonly error?: string;
  /** epoch ms */
  readonly from?: number;
  readonly until?: number;
  readonly state?: string;
  readonly preview?: boolean;
  readonly withTodaysMap?: boolean;
  readonly confirm?: string;
  readonly json?: boolean;
}

export interface RemapOptions {
  readonly source?: string;
  readonly kind?: string;
  readonly preview?: boolean;
  readonly records?: number;
  readonly json?: boolean;
}

export interface ReconcileOptions {
  /** kinds of drift, separated by commas */
  readonly heal?: string;
  readonly perSecond?: number;
  readonly fresh?: boolean;
  readonly json?: boolean;
}

export interface DecideOptions {
  readonly choose?: string;
  /** FHIRPath of an element, and whose change of it counts */
  readonly element?: readonly (readonly [path: string, side: string])[];
  /** what the resource becomes */
  readonly content?: unknown;
  readonly json?: boolean;
}

type Streams = Parameters<typeof runJobCommand>[2];

/** @returns the exit code */
export function replay(
  options: ReplayOptions,
  config: Config,
  streams: Streams,
  clock: () => number,
): Promise<number> {
  const { target, resource, patient, work, error, from, until, state, json = false } = options;
  const { preview, withTodaysMap, confirm } = options;
  const wish = { target, resource, patient: patient?.replace(/^Patient\//, ''), work, state };
  return runJobCommand(
    config,
    {
      name: 'replay',
      asked: { ...wish, rule: error, fromMs: from, untilMs: until, preview, withTodaysMap, confirm },
      json,
      textOf: (event, isRunning) => againText(event, 'replay --with-todays-map', isRunning),
    },
    streams,
    clock,
  );
}

/** @returns the exit code */
export function remap(
  { source, kind, preview, records, json = false }: RemapOptions,
  config: Config,
  streams: Streams,
  clock: () => number,
): Promise<number> {
  return runJobCommand(
    config,
    {
      name: 'remap',
      asked: { source, kind, preview, records },
      json,
      textOf: (event, isRunning) => againText(event, 'remap', isRunning),
    },
    streams,
    clock,
  );
}

/** @returns the exit code */
export function reconcile(
  target: string,
  { heal, perSecond, fresh, json = false }: ReconcileOptions,
  config: Config,
  streams: Streams,
  clock: () => number,
): Promise<number> {
  return runJobCommand(
    config,
    {
      name: 'reconcile',
      asked: { target, heal: heal?.split(',').map((word) => word.trim()), perSecond, fresh },
      json,
      textOf: (event) => reconcileText(event),
    },
    streams,
    clock,
  );
}

/** @param work id of the item @returns the exit code */
export function decide(
  work: string,
  { choose, element = [], content, json = false }: DecideOptions,
  config: Config,
  streams: Streams,
  clock: () => number,
): Promise<number> {
  const elements = element.length === 0 ? undefined : Object.fromEntries(element);
  return runJobCommand(
    config,
    { name: 'decide', asked: { work, choice: choose, elements, content }, json, textOf: decideText },
    streams,
    clock,
  );
}

/** @param patient id of a Patient @returns the exit code */
export function unlink(
  patient: string,
  { json = false }: { readonly json?: boolean },
  config: Config,
  streams: Streams,
  clock: () => number,
): Promise<number> {
  const command = { name: 'unlink', asked: { patient }, json, textOf: unlinkText };
  return runJobCommand(config, command, streams, clock);
}

/** @returns the exit code */
export function vacuum(
  { json = false }: { readonly json?: boolean },
  config: Config,
  streams: Streams,
  clock: () => number,
): Promise<number> {
  return runJobCommand(config, { name: 'vacuum', asked: {}, json, textOf: retentionText }, streams, clock);
}
