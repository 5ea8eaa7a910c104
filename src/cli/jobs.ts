/** Turns long commands into streams of events: one JSON object a line, from the running adapter or from beside its store. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { AdapterError, type Checked, issueOf, type outcomeOf, refuse } from '../fhir/outcome.ts';
import type { ResourceKey } from '../store/store.ts';
import { decideJob } from './again/decide-job.ts';
import { reconcileTarget } from './again/reconcile.ts';
import { remapAll } from './again/remap.ts';
import { replayAll } from './again/replay.ts';
import { prune } from './again/retention.ts';
import { unlinkJob } from './again/unlink.ts';
import type { Workshop } from './again/workshop.ts';
import { exportJob, exportSchema, verifyJob } from './audit/jobs.ts';
import {
  batchJob,
  batchSchema,
  listJob,
  listSchema,
  receiptsJob,
  receiptsSchema,
  reportJob,
  reportSchema,
} from './coded/jobs.ts';
import { fitJob, fitSchema, syncJob, syncSchema } from './directory/jobs.ts';
import type { Lock } from './lock.ts';
import { noteAccessJob, noteAccessSchema } from './research/note-access.ts';

/** Something that a job tells; `event` names its kind. */
export interface JobEvent {
  readonly event: string;
}

/** Who asks through the command line, as the audit names them. */
const OPERATOR = 'operator';

const replaySchema = z.strictObject({
  resource: z
    .string()
    .regex(/^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/, 'a type and an id, such as ServiceRequest/5f0a')
    .transform((text) => text as ResourceKey)
    .optional(),
  patient: z.string().min(1).optional(),
  target: z.string().min(1).optional(),
  fromMs: z.number().optional(),
  untilMs: z.number().optional(),
  rule: z.string().min(1).optional(),
  work: z.uuid().optional(),
  state: z.enum(['parked', 'held', 'refused', 'delivered']).optional(),
  preview: z.boolean().optional(),
  withTodaysMap: z.boolean().optional(),
  confirm: z.string().optional(),
});
const remapSchema = z.strictObject({
  source: z.string().min(1).optional(),
  kind: z.string().min(1).optional(),
  preview: z.boolean().optional(),
  records: z.int().min(1).optional(),
});

const decideSchema = z.strictObject({
  work: z.uuid(),
  choice: z.enum(['ours', 'theirs', 'merge', 'restore', 'entered-in-error']).optional(),
  elements: z.record(z.string(), z.enum(['ours', 'theirs'])).optional(),
  content: z.record(z.string(), z.unknown()).optional(),
});

const unlinkSchema = z.strictObject({
  patient: z.string().regex(/^(Patient\/)?[A-Za-z0-9.-]{1,64}$/, 'the id of a Patient'),
});

const reconcileSchema = z.strictObject({
  target: z.string().min(1),
  heal: z.array(z.enum(['missing', 'twin', 'changed', 'extra'])).optional(),
  perSecond: z.number().positive().max(1_000).optional(),
  fresh: z.boolean().optional(),
});

type Job = (shop: Workshop, signal: AbortSignal) => AsyncGenerator<JobEvent>;

/** Jobs by name: each checks what is asked of it, and gives what runs it. */
const JOBS: Readonly<Record<string, (asked: unknown) => Checked<Job>>> = {
  replay: (asked) => checked(replaySchema, asked, (wish) => (shop) => replayAll(shop, wish, OPERATOR)),
  remap: (asked) => checked(remapSchema, asked, (wish) => (shop, signal) => remapAll(shop, wish, signal)),
  vacuum: (asked) =>
    checked(
      z.strictObject({}),
      asked,
      () => (shop) => prune(shop, shop.retention, shop.archiveDir, OPERATOR),
    ),
  decide: (asked) => checked(decideSchema, asked, (wish) => (shop) => decideJob(shop, wish, OPERATOR)),
  unlink: (asked) => checked(unlinkSchema, asked, (wish) => (shop) => unlinkJob(shop, wish, OPERATOR)),
  'audit-verify': (asked) => checked(z.strictObject({}), asked, () => verifyJob),
  'audit-export': (asked) => checked(exportSchema, asked, (wish) => (shop) => exportJob(shop, wish)),
  'coded-activity': (asked) => checked(listSchema, asked, (wish) => (shop) => listJob(shop, wish)),
  'coded-batch': (asked) => checked(batchSchema, asked, (wish) => (shop) => batchJob(shop, wish)),
  'coded-report': (asked) => checked(reportSchema, asked, (wish) => (shop) => reportJob(shop, wish)),
  'coded-receipts': (asked) => checked(receiptsSchema, asked, (wish) => (shop) => receiptsJob(shop, wish)),
  'directory-sync': (asked) =>
    checked(syncSchema, asked, (wish) => (shop, signal) => syncJob(shop, wish, signal)),
  'directory-check': (asked) => checked(fitSchema, asked, (wish) => (shop) => fitJob(shop, wish)),
  'note-access': (asked) => checked(noteAccessSchema, asked, (wish) => (shop) => noteAccessJob(shop, wish)),
  reconcile: (asked) =>
    checked(
      reconcileSchema,
      asked,
      (wish) => (shop, signal) => reconcileTarget(shop, wish, OPERATOR, signal),
    ),
};

function checked<T>(schema: z.ZodType<T>, asked: unknown, jobOf: (wish: T) => Job): Checked<Job> {
  const parsed = schema.safeParse(asked);
  if (parsed.success) return { ok: true, value: jobOf(parsed.data) };
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  return refuse({ rule: 'job-words', diagnostics: faults.join('; ') });
}

/** @returns what runs the job; or a refusal that names the words at fault */
export function jobOf(name: string, asked: unknown): Checked<Job> {
  const known = JOBS[name];
  if (known) return known(asked);
  const diagnostics = `There is no such job. Known are ${Object.keys(JOBS).join(', ')}.`;
  return refuse({ code: 'not-found', rule: 'job-unknown', diagnostics });
}

/** Answers with the job's events as they come; whoever goes away ends it behind what is under way. */
export async function streamJob(shop: Workshop, request: Request, response: Response): Promise<void> {
  const job = jobOf(String(request.params.name), request.body);
  if (!job.ok) return void response.status(400).json(job.outcome);
  const end = new AbortController();
  response.once('close', () => end.abort());
  response.status(200).type('application/x-ndjson');
  try {
    for await (const event of job.value(shop, end.signal)) {
      if (end.signal.aborted) return;
      if (!response.write(`${JSON.stringify(event)}\n`)) await drained(response, end.signal);
    }
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    response.write(`${JSON.stringify({ event: 'failed', outcome: error.outcome })}\n`);
  }
  response.end();
}

async function drained(response: Response, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    response.once('drain', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** @returns events of a job that runs in the adapter @throws AdapterError where it does not answer as it should, or failed */
export async function* askJob(lock: Lock, name: string, asked: unknown): AsyncGenerator<JobEvent> {
  const response = await fetch(`${lock.url}/control/jobs/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${lock.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  });
  if (!response.ok || !response.body) throw failure(await response.text(), name, response.status);
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line) as JobEvent;
      if (event.event === 'failed') throw failure(line, name, 200);
      yield event;
    }
  }
}

/** @param text an OperationOutcome, or an event that holds one */
function failure(text: string, name: string, status: number): AdapterError {
  const fallback = issueOf({
    code: 'exception',
    rule: 'control-answer',
    diagnostics: `The adapter answered ${status} to ${name}.`,
  });
  try {
    const parsed = JSON.parse(text);
    const { issue } = (parsed.outcome ?? parsed) as ReturnType<typeof outcomeOf>;
    return new AdapterError('permanent', issue[0] ?? fallback);
  } catch {
    return new AdapterError('permanent', fallback);
  }
}
