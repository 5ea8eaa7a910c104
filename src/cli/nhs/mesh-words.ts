/** Adds the word `mesh` to the command line: status of the mailboxes, a file to send, the content of a message to save. */
import { randomUUID } from 'node:crypto';
import { extname, resolve } from 'node:path';
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { Command } from 'commander';
import type { Config } from '../../config.ts';
import type { Sent } from '../../nhs/mesh/channel.ts';
import { readLock } from '../lock.ts';
import type { Words } from '../words.ts';
import type { MailboxStatus } from './mesh-control.ts';

type Out = { write(text: string): unknown };

export function addMeshWords(program: Command, { withConfig, configured }: Words): void {
  const mesh = program.command('mesh').description('Look after the MESH mailboxes of the running adapter.');
  withConfig(mesh.command('status'))
    .description('Show when each mailbox was looked at, and its messages that wait for a person.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      process.exitCode = await meshStatus(configured(options), options.json === true, process.stdout);
    });
  withConfig(mesh.command('send <file>'))
    .description(
      'Send a file. It is kept first, goes by itself from then on, and is never sent twice unasked.',
    )
    .requiredOption('-m, --mailbox <name>', 'name of the mailbox in the configuration')
    .requiredOption('--to <mailbox>', 'id of the receiving mailbox')
    .requiredOption('-w, --workflow <id>', 'workflow id')
    .option('--type <media type>', 'media type of the content (default: by the name of the file)')
    .option('--local-id <id>', 'id of the message: the same again is the same message (default: a new one)')
    .option('--subject <text>', 'subject that the receiver is shown')
    .action(async (file: string, options: SendWords) => {
      process.exitCode = await meshSend(file, options, configured(options), process.stdout);
    });
  withConfig(mesh.command('save <message> <file>'))
    .description('Write the content of a received message that waits for a person into a new file.')
    .requiredOption('-m, --mailbox <name>', 'name of the mailbox in the configuration')
    .action(async (id: string, file: string, options: { mailbox: string }) => {
      const body = { mailbox: options.mailbox, id, path: resolve(file) };
      const saved = await ask<{ bytes: number }>(configured(options), 'mesh/save', body);
      process.exitCode = told(saved, process.stdout, ({ bytes }) => `${bytes} bytes written to ${file}`);
    });
}

interface SendWords {
  readonly mailbox: string;
  readonly to: string;
  readonly workflow: string;
  readonly type?: string;
  readonly localId?: string;
  readonly subject?: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.json': 'application/json',
  '.ndjson': 'application/x-ndjson',
  '.pdf': 'application/pdf',
  '.xml': 'application/xml',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

async function meshSend(file: string, words: SendWords, config: Config, out: Out): Promise<number> {
  const { mailbox, to, workflow, subject, localId = randomUUID() } = words;
  const contentType = words.type ?? TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream';
  const body = { mailbox, to, workflow, localId, contentType, path: resolve(file), subject };
  const sent = await ask<Sent>(config, 'mesh/send', body);
  return told(sent, out, ({ progress, messageId }) =>
    [`${localId}: ${progress}`, ...(messageId === undefined ? [] : [`id at MESH: ${messageId}`])].join('\n'),
  );
}

async function meshStatus(config: Config, asJson: boolean, out: Out): Promise<number> {
  const found = await ask<readonly MailboxStatus[]>(config, 'mesh');
  return told(found, out, (mailboxes) => {
    if (asJson) return JSON.stringify(mailboxes, undefined, 2);
    if (mailboxes.length === 0) return 'No mailbox is configured: see "nhs.mesh" in docs/mesh.md.';
    return mailboxes.flatMap(linesOf).join('\n');
  });
}

function linesOf({ name, mailbox, looked, shookHands, open }: MailboxStatus): string[] {
  const waiting =
    open.length === 0 ? 'nothing waits for a person' : `${open.length} messages wait for a person:`;
  return [
    `${name} (${mailbox}): looked at ${looked ?? 'never'}, handshake ${shookHands ?? 'never'}; ${waiting}`,
    ...open.map(({ id, message, text }) => `  ${message}  ${text}  [item ${id}]`),
  ];
}

/** @returns the answer of the running adapter, or why there is none */
async function ask<T>(config: Config, path: string, body?: object): Promise<T | string> {
  const lock = readLock(config.dataDir);
  if (!lock)
    return 'The adapter does not run: MESH is spoken to by the running adapter alone. Run "start" first.';
  const response = await fetch(`${lock.url}/control/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${lock.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (response.ok) return (await response.json()) as T;
  const { issue } = (await response.json().catch(() => ({}))) as Partial<OperationOutcome>;
  return issue?.[0]?.diagnostics ?? `The adapter answered ${response.status}.`;
}

function told<T>(answer: T | string, out: Out, text: (value: T) => string): number {
  if (typeof answer === 'string') {
    process.stderr.write(`${answer}\n`);
    return 1;
  }
  out.write(`${text(answer)}\n`);
  return 0;
}
