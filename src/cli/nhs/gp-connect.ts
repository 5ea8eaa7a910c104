/** Turns configured targets of kind document into places that documents are made for, and into what carries them to their receivers. */
import { isAbsolute, join } from 'node:path';
import type { Logger } from 'pino';
import type { DocumentConfig, GpConnectConfig } from '../../config/gp-connect.ts';
import type { Config, TargetConfig } from '../../config.ts';
import type { Definitions } from '../../fhir/definitions.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { MeshChannel } from '../../nhs/mesh/channel.ts';
import { type Displays, displaysOf } from '../../referral/summary/words.ts';
import type { Store } from '../../store/store.ts';
import { hear, type Said } from '../../target/document/answers.ts';
import { sweep } from '../../target/document/course.ts';
import { createDocumentTarget, mayGo } from '../../target/document/document.ts';
import { createLetterSweep } from '../../target/document/erased.ts';
import type { CourseOptions } from '../../target/document/errand.ts';
import { fhirWay } from '../../target/document/fhir.ts';
import { folderWay } from '../../target/document/folder.ts';
import { type LeavingCopy, mayLeave } from '../../target/document/leaving.ts';
import { acknowledgementHandler, meshWay, saidBy } from '../../target/document/mesh.ts';
import type { Way } from '../../target/document/way.ts';
import type { Gate } from '../../target/gate.ts';
import { createShareGate } from '../../target/share-gate.ts';
import type { Target } from '../../target/target.ts';
import { createExchange, type Exchange } from '../../wire/exchange.ts';
import { knownCanonicals, ROOT } from '../load.ts';
import { neededSecret } from '../secret.ts';
import type { MeshChannels } from './mesh.ts';

export interface DocumentSurroundings {
  readonly config: Config;
  readonly store: Store;
  readonly definitions: Definitions;
  readonly mesh: MeshChannels;
  readonly clock: () => number;
  readonly log: Logger;
}

export interface Documents {
  /** by name of the target */
  readonly places: ReadonlyMap<string, { readonly target: Target; readonly gate: Gate }>;
  /** Begins to send what is kept. */
  start(): void;
  stop(): Promise<void>;
}

const EVERY_MS = 15_000;
const HOUR_MS = 3_600_000;

/** @throws AdapterError when a mailbox is not configured, or a secret not to be had */
export function openDocuments(targets: readonly TargetConfig[], around: DocumentSurroundings): Documents {
  const wanted = targets.filter(({ kind }) => kind === 'document');
  if (wanted.length === 0) return { places: new Map(), start: () => {}, stop: async () => {} };
  const { exchange, close } = createExchange();
  const canonicals = knownCanonicals(ROOT);
  const displays = displaysOf((url) => canonicals.find('CodeSystem', url));
  const stopping = new AbortController();
  const opening = { ...around, exchange, displays, signal: stopping.signal };
  const opened = wanted.map((target) => openOne(target, opening));
  const carriers = opened.map(({ carrier }) => carrier);
  const courses = carriers.map(({ course }) => course);
  listen(wanted, courses, around);
  return {
    places: new Map(opened.map(({ name, place }) => [name, place])),
    start: () => {
      for (const carrier of carriers) carrier.start();
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(carriers.map((carrier) => carrier.stop()));
      close();
    },
  };
}

type Opening = DocumentSurroundings & {
  readonly exchange: Exchange;
  readonly displays: Displays;
  readonly signal: AbortSignal;
};

function openOne(target: TargetConfig, around: Opening) {
  const { name } = target;
  const { store, clock, definitions, displays, signal } = around;
  const { recipient, type, ownerOrg, messages } = target.document!;
  const gate = createShareGate({ store, target, clock, definitions });
  const course = courseOf(name, target.document!, gate, around);
  const carrier = carrierOf(course, around, signal);
  const made = createDocumentTarget({
    ...{ target: name, recipient, type, ownerOrg, messages: new Set(messages) },
    ...{ store, gate, course, displays, definitions, clock, onKept: carrier.wake },
  });
  return { name, carrier, place: { target: made, gate } };
}

function courseOf(target: string, config: DocumentConfig, gate: Gate, around: Opening): CourseOptions {
  const { store, clock } = around;
  return {
    target,
    ways: config.ways.map((way) => wayOf(target, way, around)),
    store,
    mayGo: mayGo({ store, gate, target }),
    silentAfterMs: config.silentAfterHours * HOUR_MS,
    filedWithinMs: config.filedWithinHours * HOUR_MS,
    clock,
  };
}

type WayConfig = DocumentConfig['ways'][number];

function wayOf(target: string, way: WayConfig, around: Opening): Way {
  const { config, clock, exchange } = around;
  if (way.kind === 'folder')
    return folderWay(isAbsolute(way.folder) ? way.folder : join(config.dataDir, way.folder));
  if (way.kind === 'fhir') {
    const token = neededSecret(way.bearerTokenEnv);
    return fhirWay({ target, baseUrl: way.url, token, deadlineMs: way.deadlineMs, exchange, clock });
  }
  const { gpConnect, organisation } = gpConnectOf(target, config);
  return meshWay({
    ...{ channel: channelOf(target, way.mailbox, around), to: way.to, workflowId: gpConnect.workflow },
    ...{ subject: gpConnect.subject, format: gpConnect.format, names: gpConnect.names },
    businessAcknowledgement: gpConnect.businessAcknowledgement,
    sender: { ...organisation, phone: gpConnect.phone },
    source: { name: 'Hedgerow', endpoint: gpConnect.endpoint },
  });
}

function gpConnectOf(
  target: string,
  { nhs }: Config,
): {
  readonly gpConnect: GpConnectConfig;
  readonly organisation: { readonly odsCode: string; readonly name: string };
} {
  const { gpConnect, organisation } = nhs ?? {};
  if (gpConnect !== undefined && organisation !== undefined) return { gpConnect, organisation };
  throw unusable(
    `Target ${target} sends documents by MESH: set "gpConnect" and "organisation" of "nhs". No use case of GP Connect covers social prescribing today: see docs/message-to-gp.md.`,
  );
}

function channelOf(target: string, mailbox: string, { mesh }: DocumentSurroundings): MeshChannel {
  const channel = mesh.get(mailbox);
  if (channel) return channel;
  throw unusable(`Target ${target} names the mailbox ${mailbox}: configure it in "nhs.mesh.mailboxes".`);
}

function unusable(diagnostics: string): AdapterError {
  return new AdapterError('permanent', issueOf({ code: 'value', rule: 'config-document', diagnostics }));
}

/** Each mailbox is listened to once, whichever targets send by it. */
function listen(
  targets: readonly TargetConfig[],
  courses: readonly CourseOptions[],
  around: DocumentSurroundings,
): void {
  const mailboxes = new Set(
    targets.flatMap(({ document }) =>
      document!.ways.flatMap((way) => (way.kind === 'mesh' ? [way.mailbox] : [])),
    ),
  );
  const all = async (said: Said): Promise<boolean> => {
    for (const course of courses) if (await hear(course, said)) return true;
    return false;
  };
  for (const name of mailboxes) {
    const { gpConnect } = gpConnectOf(name, around.config);
    const channel = channelOf(name, name, around);
    channel.onMessage(gpConnect.acknowledgementWorkflow, acknowledgementHandler(gpConnect.responses, all));
    channel.onReport(async (report) => {
      const said = saidBy(report);
      if (said) await all(said);
    });
    channel.onLeaving((leaving) => mayAny(courses, leaving));
  }
}

/** @returns what the target says whose document it is; undefined where it is none */
async function mayAny(courses: readonly CourseOptions[], leaving: LeavingCopy): Promise<boolean | undefined> {
  for (const course of courses) {
    const may = await mayLeave(course, leaving);
    if (may !== undefined) return may;
  }
  return undefined;
}

interface Carrier {
  readonly course: CourseOptions;
  wake(): void;
  start(): void;
  stop(): Promise<void>;
}

/** @returns what takes on all that is due, and what is to be taken away */
function onward(course: CourseOptions, store: Store, signal: AbortSignal): () => Promise<void> {
  const sweepLetters = createLetterSweep(course, store);
  return async () => {
    try {
      while ((await sweep(course, signal)) > 0);
    } finally {
      await sweepLetters();
    }
  };
}

/** Looks at what is due, one look at a time. Of several processes each may look: a way knows what it has sent by its id. */
function carrierOf(
  course: CourseOptions,
  { log, store }: DocumentSurroundings,
  signal: AbortSignal,
): Carrier {
  const carryOn = onward(course, store, signal);
  let running: Promise<void> | undefined;
  let isWanted = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    try {
      for (; isWanted && !signal.aborted; await carryOn()) isWanted = false;
    } catch (error) {
      const rule = error instanceof AdapterError ? error.message : 'unknown';
      log.warn({ target: course.target, rule }, 'documents could not be carried on; it is tried again');
    }
  };
  const wake = (): void => {
    isWanted = true;
    if (timer === undefined || running !== undefined) return;
    running = look().finally(() => {
      running = undefined;
    });
  };
  return {
    course,
    wake,
    start: () => {
      timer = setInterval(wake, EVERY_MS);
      wake();
    },
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
