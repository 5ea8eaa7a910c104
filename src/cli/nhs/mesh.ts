/** Turns the configured MESH mailboxes into channels of the running adapter, and those of their workflows that carry files into intakes. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { RetryResult, WorklistOptions } from '../../api/worklist-routes.ts';
import type { MailboxConfig, MeshConfig } from '../../config/mesh.ts';
import type { NhsConfig } from '../../config/nhs.ts';
import type { Config } from '../../config.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { openIdentity } from '../../nhs/access/identity.ts';
import { createAuthorizer } from '../../nhs/mesh/authorization.ts';
import type { MeshChannel } from '../../nhs/mesh/channel.ts';
import { createMeshClient } from '../../nhs/mesh/client.ts';
import { contentKeeper } from '../../nhs/mesh/keeping.ts';
import { createMailbox, type MeshMailbox } from '../../nhs/mesh/mailbox.ts';
import { directionOf } from '../../nhs/mesh/parts.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { LoadedSource } from '../../source/load.ts';
import { fileMessages } from '../../source/mesh/file-messages.ts';
import type { Store } from '../../store/store.ts';
import { Circuit } from '../../wire/circuit.ts';
import { createExchange, type Exchange } from '../../wire/exchange.ts';
import { VERSION } from '../load.ts';
import { neededSecret } from '../secret.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export interface MeshSurroundings {
  readonly config: Config;
  readonly store: Store;
  readonly clock: () => number;
  readonly log: Logger;
}

export interface Mesh {
  /** by the name that the configuration gives them; handlers are registered before `start` */
  readonly mailboxes: ReadonlyMap<string, MeshMailbox>;
  /** Begins to send and receive. */
  start(into: { readonly pipeline: Pipeline; readonly sources: ReadonlyMap<string, LoadedSource> }): void;
  stop(): Promise<void>;
}

/** What targets send through: channels by name. */
export type MeshChannels = ReadonlyMap<string, MeshChannel>;

/** @returns the mailboxes, none where none are configured @throws AdapterError when a secret or a certificate is not to be had */
export function openMesh(around: MeshSurroundings): Mesh {
  const { nhs } = around.config;
  if (!nhs?.mesh) return { mailboxes: new Map(), start: () => {}, stop: async () => {} };
  const { mesh } = nhs;
  const tlsFiles = mesh.tls ?? nhs.access?.tls;
  const tls = tlsFiles && openIdentity(tlsFiles, () => around.log.warn(KEPT_IDENTITY));
  const { exchange, close } = createExchange(tls ? { tls } : {});
  const baseUrl = baseUrlOf(nhs, mesh);
  const mailboxes = new Map(
    mesh.mailboxes.map((one) => [one.name, openMailbox(mesh, one, { ...around, exchange, baseUrl })]),
  );
  return {
    mailboxes,
    start({ pipeline, sources }) {
      for (const one of mesh.mailboxes) {
        const mailbox = mailboxes.get(one.name)!;
        for (const { workflow, source, kind } of one.receive)
          mailbox.onMessage(
            workflow,
            fileMessages({
              ...{ source: sourceOf(sources, source, one.name), kind },
              ...{ clock: around.clock, ingest: pipeline.ingest },
            }),
          );
        mailbox.start();
      }
    },
    async stop() {
      await Promise.all([...mailboxes.values()].map((mailbox) => mailbox.stop()));
      close();
    },
  };
}

const KEPT_IDENTITY = 'changed certificate files do not fit together; the certificate before is used';

/** @source MESH API, environments */
const ADDRESSES = {
  int: 'https://msg.intspineservices.nhs.uk',
  prod: 'https://mesh-sync.spineservices.nhs.uk',
} as const;

function baseUrlOf({ environment }: NhsConfig, { url }: MeshConfig): string {
  if (url !== undefined) return url;
  if (environment !== 'sandbox') return ADDRESSES[environment];
  throw unusable('MESH has no sandbox of its own: set "url" of "mesh", or "environment" to int or prod.');
}

function openMailbox(
  mesh: MeshConfig,
  one: MailboxConfig,
  around: MeshSurroundings & { readonly exchange: Exchange; readonly baseUrl: string },
): MeshMailbox {
  const { clock, log, store, exchange, baseUrl, config } = around;
  const { name, mailbox, passwordEnv } = one;
  const credentials = () => ({
    password: neededSecret(passwordEnv) ?? '',
    sharedKey: neededSecret(mesh.sharedKeyEnv) ?? '',
  });
  credentials(); // what is missing is said at the start
  const transferMs = mesh.transferMinutes * MINUTE_MS;
  const client = createMeshClient({
    ...{ baseUrl, mailbox, exchange, clock, transferMs, version: VERSION },
    authorize: createAuthorizer(mailbox, credentials, { clock, uuid: randomUUID }),
    circuit: new Circuit(),
    deadlineMs: mesh.deadlineMs,
    apiVersion: mesh.apiVersion,
  });
  return createMailbox({
    ...{ name, mailbox, client, store, clock, log, random: Math.random },
    keeper: contentKeeper(join(config.dataDir, 'mesh', name), one.inStoreBytes),
    settings: {
      chunkBytes: one.chunkBytes,
      maxBytes: one.maxBytes,
      pageSize: PAGE_SIZE,
      pollMs: one.pollMinutes * MINUTE_MS,
      unsureMs: one.unsureMinutes * MINUTE_MS,
      trackByLocalId: one.trackByLocalId,
      trackMs: one.trackMinutes * MINUTE_MS,
      uncollectedMs: one.uncollectedDays * DAY_MS,
      transferMs,
      ownerOrg: one.ownerOrg,
    },
  });
}

/** Ids that MESH gives at once by default. */
const PAGE_SIZE = 500;

function sourceOf(sources: ReadonlyMap<string, LoadedSource>, name: string, mailbox: string): LoadedSource {
  const source = sources.get(name);
  if (source) return source;
  const known = [...sources.keys()].join(', ');
  throw unusable(
    `The mailbox ${mailbox} receives files of a source "${name}" that is not configured; there are: ${known}.`,
  );
}

function unusable(diagnostics: string): AdapterError {
  return new AdapterError('permanent', issueOf({ code: 'value', rule: 'config-mesh', diagnostics }));
}

/** @returns what the worklist routes call for `retry`: messages that wait for a person go to their mailbox, all else to `others` */
export function retryMessages(
  { mailboxes }: Mesh,
  store: Pick<Store, 'noteWork'>,
  clock: () => number,
  others: WorklistOptions['retry'],
): WorklistOptions['retry'] {
  return async (item, actor, amended) => {
    const direction = directionOf(item);
    const mailbox = mailboxes.get(item.target ?? '');
    if (!direction || !mailbox || item.recordKey === undefined) return await others(item, actor, amended);
    const done = await mailbox.retry(direction, item.recordKey);
    if (!done.ok) return done;
    await store.noteWork(item.id, 'retry', clock(), actor);
    const value: RetryResult = { state: 'due', deliveries: direction === 'out' ? 1 : 0, work: item.id };
    return { ok: true, value };
  };
}
