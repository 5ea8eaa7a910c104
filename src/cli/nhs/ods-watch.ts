/** Looks at every organisation that the store names, and has what goes by practice follow those that closed. */
import type { Organization } from '@medplum/fhirtypes';
import type { Logger } from 'pino';
import type { TargetConfig } from '../../config.ts';
import { ODS_CODE_SYSTEM, parseOdsCode } from '../../fhir/identifiers.ts';
import { ruleOf } from '../../fhir/outcome.ts';
import { CLOSED_RULE, closedWork, UNKNOWN_RULE } from '../../nhs/ods/closed-work.ts';
import type { OdsDirectory } from '../../nhs/ods/directory.ts';
import { keepSuccessors, readSuccessors } from '../../nhs/ods/successors.ts';
import type { NewWork, Store, StoredVersion, WorkItem } from '../../store/store.ts';
import { takeBack } from '../../store/work-over.ts';
import { reroute } from './rerouting.ts';

export interface OdsWatch {
  readonly store: Pick<Store, 'search' | 'raiseWork' | 'resolveWork' | 'worklist' | 'job' | 'keepJob'>;
  readonly directory: Pick<OdsDirectory, 'follow'>;
  /** role that makes a practice */
  readonly practiceRole: string;
  readonly clock: () => number;
  readonly log: Logger;
}

/** What a look came to. */
export interface OdsLook {
  readonly codes: number;
  /** codes that somebody must look at */
  readonly raised: number;
  /** codes that ODS could not be asked of, and of which nothing is kept */
  readonly unanswered: number;
  /** codes of which what ODS said before was used */
  readonly stale: number;
  /** whether others are successors now than before */
  readonly changed: boolean;
}

const PAGE = 200;

/** A code that cannot be asked about keeps the successor that it had. */
export async function lookAtOrganisations(watch: OdsWatch, signal: AbortSignal): Promise<OdsLook> {
  const { store, directory, practiceRole, clock, log } = watch;
  const versions = await organisationsByCode(store, signal);
  const before = await readSuccessors(store);
  const successors = new Map(before);
  const work: NewWork[] = [];
  /** codes of which ODS told anew */
  const told = new Set<string>();
  const counts = { unanswered: 0, stale: 0 };
  for (const [code, version] of versions) {
    if (signal.aborted) break;
    const found = await directory.follow(code, signal);
    if (!found.ok) {
      counts.unanswered += 1;
      const [issue] = found.outcome.issue;
      if (counts.unanswered === 1) log.warn({ rule: issue && ruleOf(issue) }, 'ODS could not be asked');
      continue;
    }
    if (found.isStale) counts.stale += 1;
    else told.add(code);
    const { succession } = found;
    const heir = succession.kind === 'succeeded' ? succession.chain.at(-1) : undefined;
    if (heir) successors.set(code, heir.code);
    else successors.delete(code);
    const item = closedWork(version, code, succession, practiceRole);
    if (item) work.push(item);
  }
  if (!signal.aborted) for (const code of before.keys()) if (!versions.has(code)) successors.delete(code);
  if (work.length > 0) await store.raiseWork(work, clock());
  const standing = new Set(work.map(({ id }) => id));
  // What an organisation is called no more is over too, where all of them were looked at.
  const isOver = ({ id, recordKey = '' }: WorkItem): boolean =>
    !standing.has(id) && (told.has(recordKey) || !(signal.aborted || versions.has(recordKey)));
  await takeBackOthers(store, isOver, clock());
  const changed = await keepSuccessors(store, successors, clock());
  return { codes: versions.size, raised: work.length, ...counts, changed };
}

/** Takes back what was said of a code, and is so no more. */
async function takeBackOthers(
  store: OdsWatch['store'],
  isOver: (item: WorkItem) => boolean,
  nowMs: number,
): Promise<void> {
  for (const rule of [CLOSED_RULE, UNKNOWN_RULE]) {
    const over: WorkItem[] = [];
    let page: readonly WorkItem[] = [];
    do {
      const after = page.at(-1)?.id;
      page = await store.worklist({
        open: true,
        rule,
        count: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      over.push(...page.filter(isOver));
    } while (page.length === PAGE);
    for (const item of over) await takeBack(store, item, nowMs, 'ods');
  }
}

async function organisationsByCode(
  store: OdsWatch['store'],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, StoredVersion>> {
  const byCode = new Map<string, StoredVersion>();
  let after: string | undefined;
  do {
    const query = { type: 'Organization', clauses: [], count: PAGE, ...(after ? { after } : {}) };
    const page = await store.search(query);
    for (const version of page.versions)
      for (const { system, value } of (version.resource as Organization | undefined)?.identifier ?? []) {
        const code = system === ODS_CODE_SYSTEM ? parseOdsCode(value ?? '') : undefined;
        if (code !== undefined && !byCode.has(code)) byCode.set(code, version);
      }
    after = page.next;
  } while (after !== undefined && !signal.aborted);
  return byCode;
}

/** One look, and what follows from it for targets that take only some practices. */
export async function lookAndReroute(
  watch: OdsWatch & { readonly store: Store; readonly wake: () => void },
  targets: readonly TargetConfig[],
  signal: AbortSignal,
): Promise<OdsLook> {
  const { store, clock, log } = watch;
  const look = await lookAtOrganisations(watch, signal);
  log.info(look, 'organisations looked at in ODS');
  let sent = 0;
  for (const target of targets)
    if (target.send?.practices !== undefined) sent += await reroute(target, store, { clock, signal, log });
  if (sent > 0) watch.wake();
  return look;
}
