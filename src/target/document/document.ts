/** Delivers documents: entries of Tasks and Flags make one where there is something to tell; everything else is only noted. */
import type { Flag, ServiceRequest, Task } from '@medplum/fhirtypes';
import { isInError } from '../../fhir/in-error.ts';
import { issueOf } from '../../fhir/outcome.ts';
import { readSuccessors } from '../../nhs/ods/successors.ts';
import type { SummaryTrigger } from '../../referral/summary/content.ts';
import type { Message } from '../../store/messages.ts';
import type { ResourceKey, Store } from '../../store/store.ts';
import { InOrder } from '../in-order.ts';
import type { Delivered, Delivery, Target } from '../target.ts';
import { type CollectOptions, collectReferral, extentOf } from './collect.ts';
import { begin } from './course.ts';
import { type CourseOptions, errandId, wayOf } from './errand.ts';
import { type Draft, draftOf, type MakeOptions, makeDocument } from './make.ts';
import { hasLeft, isGoingOn, recall } from './recall.ts';
import { currentRequest, type Trigger, triggerOf } from './trigger.ts';

export interface DocumentOptions extends MakeOptions, Omit<CollectOptions, 'store'> {
  readonly store: Pick<Store, 'readMany' | 'readPerson' | 'messages' | 'job'>;
  readonly course: CourseOptions;
  readonly messages: ReadonlySet<SummaryTrigger>;
  readonly ownerOrg: string;
  readonly clock: () => number;
  /** something was kept that can go */
  readonly onKept: () => void;
}

/** A delivery is made when its document is kept: from then on it goes by itself, and its states are those of `store.messages`. */
export function createDocumentTarget(options: DocumentOptions): Target {
  return {
    name: options.target,
    deliver: async (deliveries, signal) => {
      const order = new InOrder(signal);
      const closing = closingIn(deliveries, options.messages);
      for (const delivery of deliveries)
        if (order.maySend(delivery)) order.settle(delivery, await tell(options, delivery, closing));
      return deliveries.map((delivery) => order.answer(delivery));
    },
    close: async () => {},
  };
}

/** What closes in the same breath: its document says what is asked of the practice too. */
function closingIn(
  deliveries: readonly Delivery[],
  wanted: ReadonlySet<SummaryTrigger>,
): ReadonlySet<ResourceKey> {
  return new Set(
    deliveries.flatMap(({ resource }) => {
      const trigger = resource && triggerOf(resource, wanted);
      return trigger?.why === 'closed' ? [trigger.requestKey!] : [];
    }),
  );
}

async function tell(
  options: DocumentOptions,
  delivery: Delivery,
  closing: ReadonlySet<ResourceKey>,
): Promise<Delivered> {
  const { entry, resource } = delivery;
  const done = noted(delivery, options.clock());
  if (resource === undefined) return done;
  const { resourceType: type } = resource;
  if ((type === 'Task' || type === 'Flag') && isInError(resource))
    return await toldInError(options, delivery, resource, done);
  const trigger = triggerOf(resource, options.messages);
  if (trigger === undefined) return done;
  const requestKey = trigger.requestKey ?? (await requestOf(options, entry.deliveryKey));
  if (requestKey === undefined) return { ...done, report: NO_REFERRAL };
  if (trigger.why === 'action' && closing.has(requestKey)) return done;
  const told = await closingFor(options, entry, trigger, requestKey);
  const kept = await keep(options, entry, told, requestKey);
  if (kept === 'too-much') return { ...done, report: TOO_MUCH };
  return kept === 'open' && told.about === `${entry.type}/${entry.id}` ? { ...done, filing: 'sent' } : done;
}

type Done = Extract<Delivered, { ok: true }>;

function noted({ entry, digest }: Delivery, nowMs: number): Done {
  const { target, type, id, version } = entry;
  const link = { target, type, id, remoteId: id, remoteVersion: undefined, version, digest };
  return { ok: true, link: { ...link, deliveredMs: nowMs } };
}

type Told = Trigger & { readonly about: ResourceKey };

/** What is asked of the practice as a referral ends is told where it ends: one document says both. */
async function closingFor(
  { store, messages }: DocumentOptions,
  { type, id, deliveryKey }: Delivery['entry'],
  trigger: Trigger,
  requestKey: ResourceKey,
): Promise<Told> {
  const about: ResourceKey = `${type}/${id}`;
  if (trigger.why !== 'action' || type !== 'Task' || !messages.has('closed')) return { ...trigger, about };
  for (const { resource } of await store.readPerson(deliveryKey, 'Task')) {
    const ended = resource && triggerOf(resource, messages);
    if (ended?.why === 'closed' && ended.requestKey === requestKey)
      return { ...ended, about: `Task/${resource!.id}` };
  }
  return { ...trigger, about };
}

async function requestOf({ store }: DocumentOptions, personId: string): Promise<ResourceKey | undefined> {
  const of = async (type: string) =>
    (await store.readPerson(personId, type)).flatMap(({ resource }) => resource ?? []);
  const found = currentRequest(
    (await of('ServiceRequest')) as ServiceRequest[],
    (await of('Task')) as Task[],
  );
  return found && `ServiceRequest/${found.id}`;
}

/** `open`: its receipt is still to come. `none`: nothing is, or nothing was written. */
type Kept = 'open' | 'none' | 'too-much';

/** Keeps a document, unless the last one of its series says the same; a later one replaces it. */
async function keep(
  options: DocumentOptions,
  entry: Delivery['entry'],
  trigger: Told,
  requestKey: ResourceKey,
): Promise<Kept> {
  const { course, clock, ownerOrg, target, onKept } = options;
  const collected = await collectReferral(requestKey, entry.deliveryKey, options);
  if (collected?.isCut) return 'too-much';
  const draft =
    collected && draftOf(collected, requestKey, trigger, options, await readSuccessors(options.store));
  if (collected === undefined || draft === undefined) return 'none';
  const { about } = trigger;
  const series = await seriesOf(options, about, draft);
  const former = standingIn(series);
  // that it was accepted is told once: what happens later is told at the end
  if (former.length > 0 && (saysTheSame(former[0]!, draft.content) || trigger.why === 'accepted'))
    return former.some(({ state }) => OPEN.has(state)) ? 'open' : 'none';
  const { version } = entry;
  const replaces = series[0]?.conversation;
  const attempt = attemptsOf(series, `${draft.series}.${draft.content}.${version}`);
  const { id, document } = await makeDocument(
    { draft, collected, requestKey, version, attempt, madeMs: clock(), replaces },
    options,
  );
  // first, so that a process that dies in between leaves no two: this delivery comes again
  for (const one of former) if (isGoingOn(one)) await recall(course, one);
  await begin(course, {
    ...{ channel: target, direction: 'out', id: errandId(id, 0), conversation: document.reference },
    ...{ about, version, personId: entry.deliveryKey, ownerOrg },
    what: `${collected.isCodedOnly ? CODED : WHOLE} ${requestKey}`,
    body: JSON.stringify(document),
  });
  onKept();
  return 'open';
}

const OPEN: ReadonlySet<Message['state']> = new Set(['prepared', 'sent', 'acknowledged']);

/** @returns all copies of a document and its corrections, newest first */
async function seriesOf(
  { store, target }: DocumentOptions,
  about: ResourceKey,
  { series }: Draft,
): Promise<readonly Message[]> {
  return (await store.messages.about(about, target)).filter(({ id }) => id.startsWith(`${series}.`));
}

/** @returns the copies, on all of its ways, of the last document that was neither called back nor stopped before its end */
function standingIn(series: readonly Message[]): readonly Message[] {
  const copiesOf = (one: Message): readonly Message[] =>
    series.filter(({ conversation }) => conversation === one.conversation);
  const standing = series.find((one) => isStanding(copiesOf(one)));
  return standing === undefined ? [] : copiesOf(standing);
}

/** Where it came to the end of its ways a person was told; where it was stopped on the last that it went, it did not. */
function isStanding(copies: readonly Message[]): boolean {
  const last = copies.toSorted((a, b) => wayOf(b) - wayOf(a))[0]!;
  return last.state !== 'replaced' || copies.some(({ state }) => OPEN.has(state) || state === 'answered');
}

/** @returns how many documents of one content and version were made */
function attemptsOf(series: readonly Message[], name: string): number {
  const made = series.filter(({ id }) => id.startsWith(`${name}.`) || id.startsWith(`${name}-`));
  return new Set(made.map(({ conversation }) => conversation)).size;
}

function saysTheSame({ id }: Message, content: string): boolean {
  return id.split('.')[1] === content;
}

/** What was written cannot be unwritten from here: whoever holds it must be told. */
async function toldInError(
  options: DocumentOptions,
  { entry }: Delivery,
  wrong: Task | Flag,
  done: Done,
): Promise<Done> {
  const { store, target, course } = options;
  const about: ResourceKey = `${wrong.resourceType}/${wrong.id}`;
  const all = (): Promise<readonly Message[]> => store.messages.about(about, target);
  for (const one of await all()) if (isGoingOn(one)) await recall(course, one);
  const left = (await all()).some((one) => one.state !== 'replaced' || hasLeft(one));
  if (wrong.resourceType === 'Flag') await writeAnew(options, entry);
  return left ? { ...done, report: inError(wrong.resourceType) } : done;
}

/** A concern may stand in documents of something else too: those that say otherwise without it are corrected. */
async function writeAnew(options: DocumentOptions, entry: Delivery['entry']): Promise<void> {
  const { store, target, messages } = options;
  for (const type of ['Task', 'Flag'])
    for (const { resource, version, id } of await store.readPerson(entry.deliveryKey, type)) {
      const trigger = resource && triggerOf(resource, messages);
      if (trigger === undefined || trigger.why === 'accepted') continue;
      const about: ResourceKey = `${type}/${id}`;
      if ((await store.messages.about(about, target)).length === 0) continue;
      const requestKey = trigger.requestKey ?? (await requestOf(options, entry.deliveryKey));
      if (requestKey) await keep(options, { ...entry, version }, { ...trigger, about }, requestKey);
    }
}

/** @returns whether a kept document may go now, as much of it as it holds */
export function mayGo(
  options: Omit<CollectOptions, 'store'> & { readonly store: Pick<Store, 'readMany' | 'readPerson'> },
) {
  return async ({ what, personId }: Message): Promise<boolean> => {
    const [holds, requestKey] = what?.split(' ') ?? [];
    if (requestKey === undefined) return false;
    const extent = await extentOf(requestKey as ResourceKey, personId, options);
    return extent !== undefined && (holds === CODED || !extent.isCodedOnly);
  };
}

/** How much a document says, and of which referral, stands in its `what`: it outlasts the bytes. */
const [CODED, WHOLE] = ['coded', 'whole'];

const NO_REFERRAL = issueOf({
  severity: 'warning',
  code: 'incomplete',
  rule: 'document-no-referral',
  diagnostics:
    'A concern for the person is raised, and no referral is known that a document could be written of: tell the practice by telephone.',
  expression: 'Flag',
});
function inError(type: 'Task' | 'Flag') {
  const what = type === 'Task' ? 'A referral' : 'A concern for the person';
  return issueOf({
    severity: 'warning',
    code: 'business-rule',
    rule: 'document-in-error',
    diagnostics: `${what} was entered in error, and a document of it was sent: ask its receiver to take it out of the record.`,
    expression: `${type}.status`,
  });
}
const TOO_MUCH = issueOf({
  severity: 'warning',
  code: 'too-long',
  rule: 'document-too-much',
  diagnostics:
    'More belongs to the referral than a document is written of, so none was made: write to the practice by hand.',
  expression: 'Task.focus',
});
