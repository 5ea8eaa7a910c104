/** Answers the command line's questions about MESH in the running adapter: how mailboxes stand, files to send, content to save. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import express, { type Response, type Router } from 'express';
import { z } from 'zod';
import { requireToken } from '../../api/control-token.ts';
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { Sent } from '../../nhs/mesh/channel.ts';
import type { MeshMailbox } from '../../nhs/mesh/mailbox.ts';
import type { Store } from '../../store/store.ts';
import type { Mesh } from './mesh.ts';

/** How a mailbox stands. */
export interface MailboxStatus {
  readonly name: string;
  readonly mailbox: string;
  /** ISO 8601; undefined before the first time */
  readonly looked: string | undefined;
  readonly shookHands: string | undefined;
  /** open items of its messages */
  readonly open: readonly { readonly id: string; readonly message: string; readonly text: string }[];
}

const sendSchema = z.strictObject({
  mailbox: z.string(),
  /** absolute */
  path: z.string(),
  to: z.string(),
  workflow: z.string(),
  localId: z.string(),
  contentType: z.string(),
  subject: z.string().optional(),
});
const saveSchema = z.strictObject({ mailbox: z.string(), id: z.string(), path: z.string() });

const OPEN_SHOWN = 50;

export interface MeshControl {
  readonly mesh: Mesh;
  readonly store: Pick<Store, 'job' | 'worklist'>;
  readonly token: string;
}

/** @returns routes below /control/mesh, for whoever can read the lock file in the data folder */
export function meshControlRoutes(options: MeshControl): Router {
  const routes = express.Router({ caseSensitive: true });
  routes.use('/control/mesh', requireToken(options.token), express.json());
  routes.get('/control/mesh', async (_request, response) => {
    response.json(
      await Promise.all([...options.mesh.mailboxes.values()].map((one) => statusOf(options, one))),
    );
  });
  routes.post('/control/mesh/send', async (request, response) =>
    answer(response, await sendFile(options, request.body)),
  );
  routes.post('/control/mesh/save', async (request, response) =>
    answer(response, await save(options, request.body)),
  );
  return routes;
}

function answer(response: Response, done: Checked<unknown>): void {
  if (done.ok) response.json(done.value ?? {});
  else response.status(422).json(done.outcome);
}

async function statusOf(
  { store }: MeshControl,
  { name, mailbox, turns }: MeshMailbox,
): Promise<MailboxStatus> {
  const { lookedMs, shookMs } = await turns();
  const items = await store.worklist({ target: name, open: true, count: OPEN_SHOWN });
  return {
    ...{ name, mailbox, looked: shown(lookedMs), shookHands: shown(shookMs) },
    open: items.map(({ id, recordKey, outcome }) => ({
      ...{ id, message: recordKey ?? '', text: outcome.issue[0]?.diagnostics ?? '' },
    })),
  };
}

function shown(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}

async function sendFile({ mesh }: MeshControl, body: unknown): Promise<Checked<Sent>> {
  const asked = sendSchema.safeParse(body);
  if (!asked.success) return refuse(WORDS);
  const { mailbox, path, to, workflow, localId, contentType, subject } = asked.data;
  const channel = mesh.mailboxes.get(mailbox);
  if (!channel) return refuse(unknown(mesh));
  const content = await readFile(path).catch(() => undefined);
  if (!content) return refuse(UNREADABLE);
  return await channel.send(
    {
      ...{ to, workflowId: workflow, localId, contentType, subject, content },
      ownerOrg: channel.ownerOrg,
      ...{ fileName: basename(path), conversation: localId },
    },
    AbortSignal.timeout(LONGEST_SEND_MS),
  );
}

/** The command line waits as long; what is not sent by then goes on by itself. */
const LONGEST_SEND_MS = 25_000;

async function save({ mesh }: MeshControl, body: unknown): Promise<Checked<{ readonly bytes: number }>> {
  const asked = saveSchema.safeParse(body);
  if (!asked.success) return refuse(WORDS);
  const { mailbox, id, path } = asked.data;
  const channel = mesh.mailboxes.get(mailbox);
  if (!channel) return refuse(unknown(mesh));
  const kept = await channel.kept(id);
  if (!kept) return refuse(NOT_KEPT);
  const content = await kept.read();
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600 });
  } catch {
    return refuse(UNWRITABLE);
  }
  return { ok: true, value: { bytes: content.length } };
}

const WORDS = { rule: 'mesh-words', diagnostics: 'The request lacks a word, or has one too many.' };
const UNREADABLE = {
  code: 'not-found' as const,
  rule: 'mesh-file',
  diagnostics: 'The file cannot be read by the running adapter: name one that its user may read.',
};
const UNWRITABLE = {
  code: 'exception' as const,
  rule: 'mesh-file',
  diagnostics: 'The file is there already, or its folder cannot be written by the running adapter.',
};
const NOT_KEPT = {
  code: 'not-found' as const,
  rule: 'mesh-not-kept',
  diagnostics:
    'No content is kept of a received message of this id: it was taken in, or its item was resolved.',
};

function unknown({ mailboxes }: Mesh): Parameters<typeof refuse>[0] {
  const known = [...mailboxes.keys()].join(', ') || 'none';
  return {
    code: 'not-found',
    rule: 'mesh-mailbox',
    diagnostics: `There is no such mailbox; there are: ${known}.`,
  };
}
