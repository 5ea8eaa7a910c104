/** Turns configured targets of kind document into places that documents are made for, and into what carries them to their receivers. */
import { isAbsolute, join } from 'node:path';
import type { Logger } from 'pino';
import type { DocumentConfig, GpConnectConfig } from '../../config/gp-connect.ts';
import type { Config, TargetConfig } from '../../config.ts';
import type { Definitions } from '../../fhir/definitions.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { MeshChannel } from '../../nhs/mesh/channel.ts';
import { displaysOf } from '../../referral/summary/words.ts';
import type { Store } from '../../store/store.ts';
import { hear, type Said } from '../../target/document/answers.ts';
import { stopKept, sweep } from '../../target/document/course.ts';
import { createDocumentTarget, mayGo } from '../../target/document/document.ts';
import type { CourseOptions } from '../../target/document/errand.ts';
import { fhirWay } from '../../target/document/fhir.ts';
import { folderWay } from '../../target/document/folder.ts';
import { acknowledgementHandler, meshWay, saidBy } from '../../target/document/mesh.ts';
import { mayLeave } from '../../target/document/recall.ts';
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
  const { store, clock, definitions } = around;
  const { exchange, close } = createExchange();
  const canonicals = knownCanonicals(ROOT);
  const displays = displaysOf((url) => canonicals.find('CodeSystem', url));
  const stopping = new AbortController();
  const carriers: Carrier[] = [];
  const places = new Map(
    wanted.map((target) => {
      const config = target.document!;
      const gate = createShareGate({ store, target, clock, definitions });
      const course = courseOf(target, config, gate, { ...around, exchange });
      const carrier = carrierOf(course, around, stopping.signal);
      carriers.push(carrier);
      const made = createDocumentTarget({
        ...{ target: target.name, recipient: config.recipient, type: config.type, ownerOrg: config.ownerOrg },
        ...{ store, gate, course, displays, definitions, clock },
        messages: new Set(config.messages),
        onKept: carrier.wake,
      });
      return [target.name, { target: made, gate }] as const;
    }),
  );
  const courses = carriers.map(({ course }) => course);
  listen(wanted, courses, around);
  return {
    places,
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

type Opening = DocumentSurroundings & { readonly exchange: Exchange };

function courseOf(
  { name }: TargetConfig,
  config: DocumentConfig,
  gate: Gate,
  around: Opening,
): CourseOptions {
  const { store, clock } = around;
  return {
    target: name,
    ways: config.ways.map((way) => wayOf(name, way, around)),
    store,
    mayGo: mayGo({ store, gate, target: name }),
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
    channel.onLeaving(({ localId }) => mayAny(courses, localId));
  }
}

/** @returns what the target says whose document it is; undefined where it is none */
async function mayAny(courses: readonly CourseOptions[], id: string): Promise<boolean | undefined> {
  for (const course of courses) {
    const may = await mayLeave(course, id, (message) => stopKept(course, message));
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

/** Looks at what is due, one look at a time. Of several processes each may look: a way knows what it has sent by its id. */
function carrierOf(course: CourseOptions, { log }: DocumentSurroundings, signal: AbortSignal): Carrier {
  let running: Promise<void> | undefined;
  let isWanted = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    try {
      while (isWanted && !signal.aborted) {
        isWanted = false;
        while ((await sweep(course, signal)) > 0);
      }
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
