/** Brings the coded entries of a person in step with what is stored of them: after each commit, and before each list. */
import type { Consent, Patient, Provenance, Reference, Resource } from '@medplum/fhirtypes';
import { isInError } from '../../fhir/in-error.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { readSuccessors, type Successors, workedBy } from '../../nhs/ods/successors.ts';
import type { Deliver } from '../../outbox/worker.ts';
import { type CodedContent, factOf } from '../../referral/coded/entry.ts';
import { type CodedEvent, eventsOf, type KeptResource } from '../../referral/coded/event.ts';
import { planEntries, type Standing } from '../../referral/coded/plan.ts';
import type { ReadyRules } from '../../referral/coded/rule.ts';
import { asRestricted } from '../../referral/restriction.ts';
import type { ClaimedGroup, ResourceKey, Settlement, Store } from '../../store/store.ts';
import { authorOf, furtherKeys, staffKeys } from './author.ts';
import { type FiledPerson, filedPerson, type PersonRules, practiceReferences } from './person.ts';

export interface CodedActivityOptions extends PersonRules {
  readonly store: Pick<Store, 'readPerson' | 'readMany' | 'restricted' | 'codedEntries' | 'job'>;
  readonly rules: ReadyRules;
  /** days before it were recorded some other way, `yyyy-MM-dd` */
  readonly since: string;
  readonly timeZone: string;
  readonly clock: () => number;
  /** a rule whose path ended in an error */
  readonly onFault?: (fault: { readonly rule: string; readonly key: string }) => void;
}

export interface CodedActivity {
  /** Plans and writes; what another process changed meanwhile is planned anew. */
  refresh(personId: string): Promise<void>;
  /** @returns whose record entries of a person go into now, where, and what stands in the way of it */
  filedAs(personId: string): Promise<FiledPerson>;
  /** for the outbox: a group ends delivered when its person's entries are in step */
  readonly deliver: Deliver;
}

/** Types that rules may resolve references to, beside those that they look at. */
const JOURNEY = ['ServiceRequest', 'Task', 'Encounter', 'EpisodeOfCare', 'QuestionnaireResponse'];
const MOST_TURNS = 20;
const BUSY = issueOf({
  code: 'conflict',
  rule: 'coded-busy',
  diagnostics: 'Other processes change the coded entries of one person again and again; it is tried again.',
});

export function createCodedActivity(options: CodedActivityOptions): CodedActivity {
  const refresh = async (personId: string): Promise<void> => {
    for (let turn = 0; turn < MOST_TURNS; turn++) if (await bringInStep(options, personId)) return;
    throw new AdapterError('transient', BUSY);
  };
  return {
    refresh,
    filedAs: async (personId) =>
      await personIn(
        options,
        personId,
        await resourcesOf(options, personId),
        await readSuccessors(options.store),
      ),
    deliver: async (group) => {
      if (!group.deliveryKey.includes('/')) await refresh(group.deliveryKey);
      return settlementsOf(group, options.clock());
    },
  };
}

function settlementsOf({ entries }: ClaimedGroup, nowMs: number): readonly Settlement[] {
  const newest = new Map(entries.map((entry) => [`${entry.type}/${entry.id}`, entry.seq]));
  return entries.map((entry): Settlement => {
    const { seq, type, id, version, target } = entry;
    if (newest.get(`${type}/${id}`) !== seq) return { kind: 'superseded', seq };
    if (entry.action === 'delete') return { kind: 'removed', seq };
    const link = { target, type, id, version, remoteId: id, remoteVersion: undefined, digest: '' };
    return { kind: 'delivered', seq, link: { ...link, deliveredMs: nowMs } };
  });
}

/** @returns false when another process was quicker */
async function bringInStep(options: CodedActivityOptions, personId: string): Promise<boolean> {
  const { store, rules, since, timeZone, clock, onFault, practices } = options;
  const resources = await resourcesOf(options, personId);
  const kept = await store.codedEntries.ofPerson(
    personId,
    resources.map(({ type, id }): ResourceKey => `${type}/${id}`),
  );
  if (kept.length === 0 && !resources.some(({ type }) => rules.types.includes(type))) return true;
  const { events, faults } = eventsOf(rules, resources, timeZone);
  for (const fault of faults) onFault?.(fault);
  const successors = await readSuccessors(store);
  const filed = await personIn(options, personId, resources, successors);
  const standing = await standingIn(
    options,
    personId,
    events.filter(({ day }) => day === undefined || day >= since),
    filed,
  );
  const changes = planEntries({
    now: standing,
    kept,
    numbers: filed.numbers,
    workedBy: (practice) => workedBy(practice, successors, practices),
    standingOf: (content, isTakenOut) =>
      lastingIn(options, { resources, standing, filed }, content) ??
      (isTakenOut ? undefined : firstDayIn(options, standing, content)),
    governs: ({ rule, day }) =>
      rules.rules.some(({ id }) => id === rule) && (day === undefined || day >= since),
  });
  if (changes.length === 0) return true;
  return await store.codedEntries.change(personId, changes, clock());
}

async function resourcesOf(
  { store, rules }: CodedActivityOptions,
  personId: string,
): Promise<readonly KeptResource[]> {
  const resolves = rules.rules.some((rule) => `${rule.when}${rule.author}${rule.date}`.includes('resolve('));
  const types = new Set(['Patient', 'Consent', ...rules.types, ...(resolves ? JOURNEY : [])]);
  const read = await Promise.all([...types].map((type) => store.readPerson(personId, type)));
  return read
    .flat()
    .flatMap(({ type, id, version, ownerOrg, resource, state }) =>
      resource && state === 'current' ? [{ type, id, version, ownerOrg, resource }] : [],
    );
}

async function personIn(
  options: CodedActivityOptions,
  personId: string,
  resources: readonly KeptResource[],
  successors: Successors,
): Promise<FiledPerson> {
  const all = resources.map(({ resource }) => resource);
  const restricted = new Set(await options.store.restricted(personId));
  const patients = all
    .filter((one): one is Patient => one.resourceType === 'Patient')
    .map((one) => (restricted.has(one.id ?? '') ? asRestricted(one) : one));
  const consents = all.filter((one): one is Consent => one.resourceType === 'Consent');
  const read = await readWith(options, practiceReferences(patients));
  return filedPerson(patients, consents, read, { ...options, successors, nowMs: options.clock() });
}

/** Reads resources and what roles among them lead to. */
async function readWith(
  { store }: Pick<CodedActivityOptions, 'store'>,
  keys: readonly ResourceKey[],
): Promise<ReadonlyMap<string, Resource>> {
  const found = new Map<string, Resource>();
  const read = async (wanted: readonly ResourceKey[]): Promise<readonly Resource[]> => {
    const missing = [...new Set(wanted)].filter((key) => !found.has(key));
    const versions = missing.length === 0 ? [] : await store.readMany(missing);
    for (const { type, id, resource } of versions) if (resource) found.set(`${type}/${id}`, resource);
    return versions.flatMap(({ resource }) => resource ?? []);
  };
  await read(furtherKeys(await read(keys)));
  return found;
}

async function standingIn(
  options: CodedActivityOptions,
  personId: string,
  events: readonly CodedEvent[],
  filed: FiledPerson,
): Promise<readonly Standing[]> {
  const read = await readWith(options, staffKeys(events.flatMap(({ authors }) => authors)));
  return await Promise.all(
    events.map(async (event) => {
      const { authors, ...content } = event;
      const author = authorOf(authors, read) ?? (await authorOfCommit(options, personId, event));
      return standingOf({ ...content, person: filed.person, author }, filed);
    }),
  );
}

function standingOf(content: CodedContent, { practice, blocked }: FiledPerson): Standing {
  const own = content.day === undefined ? 'no-date' : blocked;
  return { content, practice, blocked: own ?? (content.author === undefined ? 'no-author' : undefined) };
}

/** Where the resource itself names nobody, the Provenance of its commit may: whoever made the record. */
async function authorOfCommit(
  options: CodedActivityOptions,
  personId: string,
  { source }: CodedEvent,
): Promise<CodedContent['author']> {
  const version = new RegExp(`^${source.type}/${source.id}(/_history/|$)`);
  const authors = (await options.store.readPerson(personId, 'Provenance'))
    .flatMap(({ resource }) => (resource?.resourceType === 'Provenance' ? [resource] : []))
    .filter(({ target }) => target.some(({ reference = '' }) => version.test(reference)))
    .sort((a, b) => b.recorded.localeCompare(a.recorded))
    .flatMap(authorsIn);
  return authorOf(authors, await readWith(options, staffKeys(authors)));
}

function authorsIn({ agent }: Provenance): readonly Reference[] {
  return agent
    .filter(({ type }) => type?.coding?.some(({ code }) => code === 'author'))
    .map(({ who }) => who);
}

/** What has happened stays as it was first known, as long as its resource is there and not in error. */
function lastingIn(
  { rules, since }: CodedActivityOptions,
  now: {
    readonly resources: readonly KeptResource[];
    readonly standing: readonly Standing[];
    readonly filed: FiledPerson;
  },
  content: CodedContent,
): Standing | undefined {
  const { rule, source, subject } = content;
  const lasts = rules.rules.some(({ id, lasting }) => id === rule && lasting);
  if (!lasts || (content.day !== undefined && content.day < since)) return undefined;
  const isThat = (one: { readonly type: string; readonly id: string }): boolean =>
    one.type === source.type && one.id === source.id;
  const current = now.resources.find(isThat);
  if (!current || !isOf(current.resource, subject) || isInError(current.resource)) return undefined;
  const same = now.standing.find((one) => one.content.rule === rule && isThat(one.content.source));
  // nothing was known of the day before: it is now
  if (content.day === undefined && same) return undefined;
  const author = same?.content.author ?? content.author;
  const version = { ...source, version: current.version };
  return standingOf({ ...content, source: version, author, person: now.filed.person }, now.filed);
}

/** What is stamped anew with nothing else said stays on the day that was known first; an earlier day is a correction. */
function firstDayIn(
  { rules }: CodedActivityOptions,
  standing: readonly Standing[],
  { rule, source, date, day, ...kept }: CodedContent,
): Standing | undefined {
  if (day === undefined || !rules.rules.some(({ id, keepsFirstDay }) => id === rule && keepsFirstDay))
    return undefined;
  const same = standing.find(
    ({ content }) =>
      content.rule === rule &&
      factOf({ ...content, date, day }) === factOf({ ...kept, rule, source, date, day }),
  );
  if (!same || (same.content.day ?? day) < day) return undefined;
  const blocked = same.blocked === 'no-date' ? undefined : same.blocked;
  return { ...same, blocked, content: { ...same.content, date, day } };
}

function isOf(resource: Resource, subject: string): boolean {
  const { subject: a, patient: b, for: c } = resource as unknown as Record<string, Reference | undefined>;
  return [a, b, c].some((one) => one?.reference === subject);
}
