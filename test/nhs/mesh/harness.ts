/** Mailboxes of ours at a strict MESH server, under a clock that tests turn. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { createAuthorizer } from '../../../src/nhs/mesh/authorization.ts';
import type { Outgoing } from '../../../src/nhs/mesh/channel.ts';
import { createMeshClient } from '../../../src/nhs/mesh/client.ts';
import { contentKeeper } from '../../../src/nhs/mesh/keeping.ts';
import { createMailbox, type MailboxOptions, type MeshMailbox } from '../../../src/nhs/mesh/mailbox.ts';
import type { MeshSettings } from '../../../src/nhs/mesh/parts.ts';
import type { Store, WorkItem } from '../../../src/store/store.ts';
import { Circuit } from '../../../src/wire/circuit.ts';
import { createExchange, type Exchange, type TlsIdentity } from '../../../src/wire/exchange.ts';
import { type MeshOptions, type MeshServer, startMesh } from '../../servers/mesh.ts';

export const SHARED_KEY = 'BackBone';
export const PASSWORD = 'password';
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

export class Clock {
  nowMs = Date.UTC(2026, 4, 4, 13, 5);
  readonly read = (): number => this.nowMs;
  pass(ms: number): void {
    this.nowMs += ms;
  }
}

export async function meshServer(clock: Clock, options: Partial<MeshOptions> = {}): Promise<MeshServer> {
  const mailboxes = {
    OURS: { password: PASSWORD, ods: 'A1A1A', workflows: ['DOC', 'DOC_ACK', 'FILES'] },
    THEIRS: { password: 'other', ods: 'B2B2B', workflows: ['DOC', 'DOC_ACK', 'FILES'] },
  };
  const server = await startMesh({ clock: clock.read, sharedKey: SHARED_KEY, mailboxes, ...options });
  undo.push(() => server.close());
  return server;
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-mesh-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const SETTINGS: MeshSettings = {
  chunkBytes: 1_000_000,
  maxBytes: 10_000_000,
  pageSize: 500,
  pollMs: 5 * MINUTE_MS,
  unsureMs: 20 * MINUTE_MS,
  trackByLocalId: false,
  trackMs: 60 * MINUTE_MS,
  uncollectedMs: 6 * DAY_MS,
  transferMs: 5_000,
  ownerOrg: 'A1A1A',
};

export interface Given {
  readonly server: MeshServer;
  readonly store: Store;
  readonly clock: Clock;
  readonly mailbox?: string;
  readonly password?: string;
  readonly settings?: Partial<MeshSettings>;
  readonly folder?: string;
  readonly inStoreBytes?: number;
  readonly apiVersion?: 1 | 2;
  /** stands between the client and the network */
  readonly around?: (exchange: Exchange) => Exchange;
  readonly sharedKey?: () => string;
  readonly tls?: TlsIdentity;
  /** failures in a row after which nothing is sent for a while */
  readonly failures?: number;
  readonly parts?: Partial<MailboxOptions>;
}

/** A mailbox as one process has it: made anew, it is that process after a restart. */
export function mailbox(given: Given): MeshMailbox {
  const { server, store, clock } = given;
  const id = given.mailbox ?? 'OURS';
  const name = id.toLowerCase();
  const { tls } = given;
  const { exchange, close } = createExchange(tls ? { tls: () => tls } : {});
  undo.push(close);
  const credentials = () => ({
    password: given.password ?? (id === 'OURS' ? PASSWORD : 'other'),
    sharedKey: given.sharedKey?.() ?? SHARED_KEY,
  });
  const client = createMeshClient({
    baseUrl: server.url,
    mailbox: id,
    authorize: createAuthorizer(id, credentials, { clock: clock.read, uuid: randomUUID }),
    exchange: given.around?.(exchange) ?? exchange,
    circuit: new Circuit({ failures: given.failures ?? 1_000 }),
    clock: clock.read,
    deadlineMs: 5_000,
    transferMs: 5_000,
    apiVersion: given.apiVersion ?? 2,
    version: '0.1.0',
  });
  const made = createMailbox({
    ...{ name, mailbox: id, client, store, clock: clock.read, random: () => 0.5 },
    keeper: contentKeeper(given.folder ?? temporaryFolder(), given.inStoreBytes ?? 1_000_000),
    settings: { ...SETTINGS, ...given.settings },
    log: { info: () => {}, warn: () => {} },
    ...given.parts,
  });
  undo.push(() => made.stop());
  return made;
}

export function letter(localId: string, more: Partial<Outgoing> = {}): Outgoing {
  return {
    to: 'THEIRS',
    workflowId: 'DOC',
    localId,
    contentType: 'text/plain',
    content: Buffer.from(`letter ${localId}`),
    conversation: localId,
    ownerOrg: 'A1A1A',
    ...more,
  };
}

export const SIGNAL = new AbortController().signal;

/** @returns rule and text of each open item */
export async function open(
  store: Store,
): Promise<{ rule: string | undefined; text: string; item: WorkItem }[]> {
  const items = await store.worklist({ open: true, count: 200 });
  return items.map((item) => ({
    rule: ruleOf(item.outcome.issue[0]!),
    text: item.outcome.issue[0]!.diagnostics ?? '',
    item,
  }));
}

/** Turns the clock on in steps, and has everything done that is due. */
export async function live(clock: Clock, ms: number, ...mailboxes: readonly MeshMailbox[]): Promise<void> {
  const stepMs = 5 * MINUTE_MS;
  for (let left = ms; left > 0; left -= stepMs) {
    clock.pass(Math.min(stepMs, left));
    for (const one of mailboxes) {
      await one.poll();
      await one.tend();
    }
  }
}
