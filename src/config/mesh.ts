/** What hedgerow.config.json may say of MESH: our mailboxes there, how we are let in, and what becomes of what they receive. */
import { z } from 'zod';
import { locatedTls, tlsFilesSchema } from './access.ts';
import { serviceUrlSchema } from './service-url.ts';

/** MESH allows one look at an inbox in five minutes, and asks for one a day. */
const SHORTEST_POLL_MINUTES = 5;
const LONGEST_POLL_MINUTES = 1_440;
/** MESH takes 100 MB a request. */
const MOST_CHUNK_BYTES = 99_000_000;

const receiveSchema = z.strictObject({
  workflow: z.string().min(1).max(300).describe('Workflow id of the messages'),
  source: z
    .string()
    .min(1)
    .describe('Name of the source whose files they are: each is read like a file in its drop folder'),
  kind: z
    .string()
    .min(1)
    .optional()
    .describe('Kind of the records; default as the file name, its sheets or its columns tell'),
});

const mailboxSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens')
    .describe('Name of the mailbox here; never changes'),
  mailbox: z
    .string()
    .regex(/^[A-Za-z0-9]{4,40}$/, 'letters and digits')
    .transform((id) => id.toUpperCase())
    .describe('Id of the mailbox, such as X26ABC1'),
  passwordEnv: z
    .string()
    .min(1)
    .describe('Name of the environment variable with the password of the mailbox'),
  ownerOrg: z.string().min(1).default('local').describe('Organisation that owns what is received'),
  pollMinutes: z
    .number()
    .positive()
    .max(LONGEST_POLL_MINUTES)
    .default(10)
    .describe('Minutes between two looks at the inbox, of all processes together; at least 5'),
  receive: z.array(receiveSchema).default([]).describe('Workflows whose messages are files of a source'),
  chunkBytes: z
    .int()
    .min(1_000)
    .max(MOST_CHUNK_BYTES)
    .default(20_000_000)
    .describe('Larger content is sent in chunks of so many bytes, before they are compressed'),
  maxBytes: z
    .int()
    .min(1_000)
    .default(500_000_000)
    .describe('Larger messages are left at MESH, and put on the worklist'),
  inStoreBytes: z
    .int()
    .min(0)
    .max(50_000_000)
    .default(8_000_000)
    .describe('Larger content is kept in files of the data folder, and not in the store'),
  trackByLocalId: z
    .boolean()
    .default(false)
    .describe(
      'After a POST without an answer, ask MESH for the message by its local id before a person is asked. MESH calls that request deprecated',
    ),
  unsureMinutes: z
    .number()
    .positive()
    .default(30)
    .describe('After a POST without an answer, how long a report is waited for'),
  trackMinutes: z
    .number()
    .positive()
    .default(60)
    .describe('Minutes between two questions whether a message was collected'),
  uncollectedDays: z
    .number()
    .positive()
    .default(6)
    .describe('Not collected for so long: an item on the worklist; MESH itself reports it after five days'),
});

const meshMembers = z.strictObject({
  url: serviceUrlSchema
    .optional()
    .describe('Address of the server; default that of the environment. The environment sandbox has none'),
  apiVersion: z
    .union([z.literal(1), z.literal(2)])
    .default(2)
    .describe('Version of the API that is asked for; both are understood'),
  sharedKeyEnv: z
    .string()
    .min(1)
    .describe('Name of the environment variable with the shared key of the MESH environment'),
  tls: tlsFilesSchema
    .optional()
    .describe('Client certificate for MESH; default that of "access". MESH itself asks for one'),
  deadlineMs: z.int().min(100).default(30_000).describe('Longest wait for one answer, in milliseconds'),
  transferMinutes: z.number().positive().max(120).default(10).describe('Longest that one chunk may take'),
  mailboxes: z.array(mailboxSchema).min(1).max(100),
});

/** What one setting says of another is checked here. */
export const meshSchema = meshMembers.superRefine(({ url, mailboxes }, context) => {
  const names = mailboxes.map(({ name }) => name);
  if (new Set(names).size < names.length)
    context.addIssue({ code: 'custom', path: ['mailboxes'], message: 'two mailboxes have the same name' });
  for (const [at, { pollMinutes, receive }] of mailboxes.entries()) {
    const fault = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: ['mailboxes', at, path], message });
    if (pollMinutes < SHORTEST_POLL_MINUTES && !isThisMachine(url))
      fault('pollMinutes', 'MESH allows one look at an inbox in five minutes: set it to 5 or more');
    if (new Set(receive.map(({ workflow }) => workflow)).size < receive.length)
      fault('receive', 'a workflow is named twice');
  }
});

/** A server for tests may be asked as often as one likes. */
function isThisMachine(url: string | undefined): boolean {
  return url !== undefined && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(url).hostname);
}

export type MeshConfig = z.infer<typeof meshSchema>;
export type MailboxConfig = MeshConfig['mailboxes'][number];

/** @returns the section with absolute paths of its files @param cwd folder that relative ones are in */
export function locatedMesh(mesh: MeshConfig, cwd: string): MeshConfig {
  return {
    ...mesh,
    ...(mesh.tls === undefined ? {} : { tls: locatedTls(mesh.tls, cwd) }),
    ...(mesh.url === undefined ? {} : { url: mesh.url.replace(/\/+$/, '') }),
  };
}
