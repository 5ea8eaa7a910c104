/** Turns pages of the store into searchset Bundles with links that a client can follow. */
import type { BundleLink, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Definitions } from '../../fhir/definitions.ts';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { SearchQuery, SeenStore, StoredVersion } from '../../store/store.ts';
import type { Access } from '../access.ts';
import type { Pairs } from '../address.ts';
import { type Bound, CURSOR, type Cursors } from '../cursor.ts';
import { partText } from '../subset.ts';
import { bundleText, entryText, outcomeText, textOf } from './bundle-text.ts';
import { type IncludeParts, includedWith, MOST_INCLUDED } from './included.ts';
import type { SearchRequest } from './request.ts';

/** What a search runs on. */
export interface SearchParts extends IncludeParts {
  readonly cursors: Cursors;
  /** base R4, for summaries */
  readonly definitions: Definitions;
}

/** A search that was read, and where its pages are. */
export interface Listed {
  readonly request: SearchRequest;
  /** FHIR base that links start with */
  readonly base: string;
  /** of the list, from the base on: `Patient`, `Patient/1/Observation`; empty for all types */
  readonly path: string;
  readonly access: Access;
  /** place of the page, and the cursor that said it */
  readonly after?: string | undefined;
  readonly cursor?: string | undefined;
  /** by POST: its parameters are sealed into the links, and do not stand in them */
  readonly posted?: Pairs | undefined;
}

/** A page as it is sent. */
export interface PageText {
  readonly text: string;
  /** what it shows, for the audit */
  readonly shown: readonly StoredVersion[];
}

/** Runs a search and lays its page out, with what comes along where asked. */
export async function searchset(parts: SearchParts, listed: Listed): Promise<PageText> {
  const { request, base, after } = listed;
  const { queries, controls, warnings } = request;
  const isCounted = controls.count === 0 || controls.summary === 'count';
  const page = isCounted
    ? { versions: [], next: undefined }
    : await pageOf(parts.store, queries, controls.count, after);
  const included = await includedWith(parts, page.versions, controls.includes);
  const issues = [...warnings, ...(included.isCut ? [cutOff()] : [])];
  const shownAs = (version: StoredVersion): string => partText(version, controls, parts.definitions);
  const includeAs = controls.elements ? textOf : shownAs; // names of elements are those of the matches
  const isOnlyPage = !isCounted && after === undefined && page.next === undefined;
  const isTold = isCounted || controls.total !== 'none';
  const counted = isOnlyPage ? page.versions.length : undefined;
  const most = isCounted || controls.total === 'accurate' ? undefined : MOST_COUNTED;
  const total = isTold ? (counted ?? (await totalOf(parts.store, queries, most))) : undefined;
  return {
    text: bundleText({
      type: 'searchset',
      total,
      link: await linksOf(parts.cursors, listed, page.next),
      entries: [
        ...page.versions.map((one) => entryText(one, base, 'match', shownAs(one))),
        ...included.versions.map((one) => entryText(one, base, 'include', includeAs(one))),
        ...(issues.length === 0 ? [] : [outcomeText(outcomeOf(...issues))]),
      ],
    }),
    shown: [...page.versions, ...included.versions],
  };
}

/** Beyond it a total is counted only for who asks for it: it takes as long as there are matches. */
const MOST_COUNTED = 5_000;

/** @returns undefined where there are more than `most` */
async function totalOf(
  store: SeenStore,
  queries: readonly SearchQuery[],
  most: number | undefined,
): Promise<number | undefined> {
  let total = 0;
  for (const query of queries) {
    total += await store.countMatches(query, most && most + 1 - total);
    if (most !== undefined && total > most) return undefined;
  }
  return total;
}

/**
 * Goes through the types one after the other, or through all of them at once where they are in one order. A place is the number
 * of the type, and the store's own place in it.
 */
async function pageOf(
  store: SeenStore,
  queries: readonly SearchQuery[],
  count: number,
  after: string | undefined,
): Promise<{ readonly versions: readonly StoredVersion[]; readonly next: string | undefined }> {
  const colon = after?.indexOf(':') ?? -1;
  let inner = after === undefined ? undefined : after.slice(colon + 1) || undefined;
  let at = after === undefined ? 0 : Number(after.slice(0, colon));
  const [first, ...others] = queries;
  if (first?.sort && others.length > 0) {
    const place = inner === undefined ? {} : { after: inner };
    const asked = (query: SearchQuery): SearchQuery => ({ ...query, count, ...place });
    const page = await store.search(asked(first), ...others.map(asked));
    return { ...page, next: page.next && `0:${page.next}` };
  }
  const versions: StoredVersion[] = [];
  for (; at < queries.length; at++) {
    const room = count - versions.length;
    // one is enough to say that there is a next page
    const place = inner === undefined ? {} : { after: inner };
    const page = await store.search({ ...queries[at]!, count: Math.max(room, 1), ...place });
    inner = undefined;
    if (room === 0 && page.versions.length > 0) return { versions, next: `${at}:` };
    versions.push(...page.versions);
    if (page.next !== undefined) return { versions, next: `${at}:${page.next}` };
  }
  return { versions, next: undefined };
}

function cutOff(): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'too-costly',
    rule: 'api-search-included',
    diagnostics: `More than ${MOST_INCLUDED} resources would come along with this page; the rest is left out. Ask for smaller pages with _count, or for fewer includes.`,
    expression: 'http',
  });
}

async function linksOf(cursors: Cursors, listed: Listed, next: string | undefined): Promise<BundleLink[]> {
  const { cursor, after, posted } = listed;
  const self = cursor ?? (posted ? await sealed(cursors, listed, after ?? '') : undefined);
  const links = [{ relation: 'self', url: urlOf(listed, self) }];
  if (next !== undefined)
    links.push({ relation: 'next', url: urlOf(listed, await sealed(cursors, listed, next)) });
  return links;
}

function sealed(cursors: Cursors, listed: Listed, after: string): Promise<string> {
  const { posted, path, access, request } = listed;
  return posted
    ? cursors.seal({ after, query: posted }, postedBound(path, access))
    : cursors.seal({ after }, { list: request.paged, access });
}

/** What a search by POST binds its cursors to: it has no parameters in the address. */
export function postedBound(path: string, access: Access): Bound {
  return { list: ['posted', path], access };
}

function urlOf({ base, path, request, posted }: Listed, cursor: string | undefined): string {
  const query = posted ? [] : request.used;
  return linkOf(base, path, cursor === undefined ? query : [...query, [CURSOR, cursor]]);
}

/** @returns an absolute address with a query */
export function linkOf(base: string, path: string, query: Pairs): string {
  const text = query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  return `${base}${path === '' ? '' : `/${path}`}${text === '' ? '' : `?${text}`}`;
}
