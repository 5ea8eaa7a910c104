/** Jobs of the word `directory`: reads a directory now, and says what speaks against the activities of a referral. */
import type { Patient, ServiceRequest } from '@medplum/fhirtypes';
import { z } from 'zod';
import { AdapterError, issueOf, ruleOf } from '../../fhir/outcome.ts';
import { fitOf } from '../../referral/activity-fit.ts';
import { londonDay } from '../../referral/fhir-time.ts';
import type { DirectoryTrouble } from '../../source/directory/client.ts';
import { type Looked, lookAtDirectory } from '../../source/directory/run.ts';
import { storedActivities } from '../../store/activities.ts';
import type { ResourceKey, Store } from '../../store/store.ts';
import { createExchange } from '../../wire/exchange.ts';
import type { Workshop } from '../again/workshop.ts';
import { directoryOptions, fitRulesOf } from './directories.ts';

export const syncSchema = z.strictObject({ name: z.string().min(1), full: z.boolean().optional() });
export const fitSchema = z.strictObject({
  request: z.string().regex(/^(?:ServiceRequest\/)?[A-Za-z0-9.-]{1,64}$/, 'the id of a ServiceRequest'),
});

/** What the jobs tell. */
export type DirectoryEvent =
  | ({ readonly event: 'looked'; readonly name: string } & Looked)
  | {
      readonly event: 'trouble';
      readonly name: string;
      readonly rule: string | undefined;
      readonly text: string;
    }
  | { readonly event: 'busy'; readonly name: string }
  | { readonly event: 'misfit'; readonly rule: string | undefined; readonly text: string }
  | { readonly event: 'judged'; readonly activities: number; readonly misfits: number };

/** Reads a directory now: what changed, or all of it. */
export async function* syncJob(
  shop: Workshop,
  wish: z.infer<typeof syncSchema>,
  signal: AbortSignal,
): AsyncGenerator<DirectoryEvent> {
  const { config } = shop;
  const directory = config?.directories.find((one) => one.name === wish.name);
  if (!config || !directory) throw unknown(wish.name, config?.directories.map(({ name }) => name) ?? []);
  const { exchange, close } = createExchange({
    maxResponseBytes: Math.ceil(directory.maxMegabytes * 1024 * 1024),
  });
  let done: Looked | DirectoryTrouble | undefined;
  try {
    const parts = { ...shop, config, exchange, pipeline: shop.pipelineOf() };
    const options = directoryOptions(directory, parts);
    const nowMs = await shop.store.sharedNowMs(shop.clock());
    await shop.store.runOnce(`directory ${wish.name}`, { dueMs: nowMs, nowMs: shop.clock() }, async () => {
      done = await lookAtDirectory(options, signal, wish.full);
    });
  } finally {
    close();
  }
  if (!done) yield { event: 'busy', name: wish.name };
  else if ('outcome' in done) {
    const issue = done.outcome.issue[0]!;
    yield { event: 'trouble', name: wish.name, rule: ruleOf(issue), text: issue.diagnostics ?? '' };
  } else yield { event: 'looked', name: wish.name, ...done };
}

/** Says what speaks against the activities that a stored referral goes to, as they are now. */
export async function* fitJob(
  { store, config, clock }: Workshop,
  { request: asked }: z.infer<typeof fitSchema>,
): AsyncGenerator<DirectoryEvent> {
  const id = asked.replace('ServiceRequest/', '');
  const request = (await store.read('ServiceRequest', id))?.resource as
    | (ServiceRequest & { id: string })
    | undefined;
  if (!request) {
    const diagnostics = 'There is no such ServiceRequest here: name one by its id, as the API has it.';
    throw new AdapterError(
      'permanent',
      issueOf({ code: 'not-found', rule: 'directory-no-referral', diagnostics }),
    );
  }
  const activities = await storedActivities(store, [[{ resource: request, partial: false }]]);
  const patient = await personOf(store, request);
  const rules = config ? fitRulesOf(config.activities) : { requiredChecks: [], postcodesOf: {} };
  const today = londonDay(clock());
  const issues = [...activities.values()].flatMap((around) => fitOf(request, patient, around, rules, today));
  for (const issue of issues) yield { event: 'misfit', rule: ruleOf(issue), text: issue.diagnostics ?? '' };
  yield { event: 'judged', activities: activities.size, misfits: issues.length };
}

async function personOf(store: Store, { subject }: ServiceRequest): Promise<Patient | undefined> {
  const [found] = subject?.reference ? await store.readMany([subject.reference as ResourceKey]) : [];
  return found?.resource as Patient | undefined;
}

function unknown(name: string, known: readonly string[]): AdapterError {
  const diagnostics = `There is no directory ${name}. Known are: ${known.join(', ') || 'none; add one to "directories" in the configuration'}.`;
  return new AdapterError(
    'permanent',
    issueOf({ code: 'not-found', rule: 'directory-unknown', diagnostics }),
  );
}
