/** Turns the links between entries of a transaction into what they lead to here: other entries, and what a search finds. */

import type { Expectation } from '../../store/store.ts';
import { queryOf } from '../address.ts';
import { isStored } from '../search/served.ts';
import { type Attempt, placed, refuseWith, type WriteParts, type Writer } from './asked.ts';
import { type Links, referencesIn } from './rewrite.ts';
import type { Target } from './target.ts';

export interface Resolved {
  /** full URL of an entry → `Type/id` */
  readonly entries: ReadonlyMap<string, string>;
  /** reference with conditions → `Type/id` */
  readonly found: ReadonlyMap<string, string>;
  /** what was found must still be found */
  readonly expects: readonly Expectation[];
}

const CONDITIONAL = /^([A-Z][A-Za-z]+)\?(.+)$/s;

/** @returns what the links of entries lead to; or refusal: 400 (two of one name), 412 (a search that does not find just one) */
export async function resolveLinks(
  parts: WriteParts,
  writer: Writer,
  targets: readonly Target[],
): Promise<Attempt<Resolved>> {
  const entries = new Map<string, string>();
  for (const { asked, key, does } of targets) {
    if (asked.fullUrl === undefined || does === 'nothing') continue;
    const known = entries.get(asked.fullUrl);
    if (known !== undefined && known !== key) return refuseWith(400, SAME_NAME, asked.place);
    entries.set(asked.fullUrl, key);
  }
  const found = new Map<string, string>();
  const expects: Expectation[] = [];
  for (const { asked } of targets) {
    if (asked.place === '' || !asked.body) continue;
    for (const [reference, expression] of referencesIn(asked.body)) {
      const written = CONDITIONAL.exec(reference);
      if (!written || found.has(reference)) continue;
      const one = await findOne(parts, writer, written, { place: asked.place, expression });
      if (!one.ok) return one;
      found.set(reference, one.value.key);
      expects.push(one.value.expects);
    }
  }
  return { ok: true, value: { entries, found, expects } };
}

async function findOne(
  { store, conditions }: WriteParts,
  { access, base }: Writer,
  [, type = '', query = '']: RegExpExecArray,
  { place, expression }: { readonly place: string; readonly expression: string },
): Promise<Attempt<{ readonly key: string; readonly expects: Expectation }>> {
  const diagnostics = `${expression} is to be searched for, and the search does not find just one: correct its parameters.`;
  const fault = { code: 'not-found', rule: 'api-reference-search', diagnostics, expression } as const;
  if (!isStored(type) || !access.may(type, 'search')) return refuseWith(412, fault, place);
  const pairs = queryOf(`?${query}`);
  const clauses = pairs.ok ? conditions(type, pairs.value, base) : pairs;
  if (!clauses.ok) return placed({ ok: false, status: 400, outcome: clauses.outcome }, place);
  if (clauses.value.length === 0) return refuseWith(412, fault, place);
  const { versions } = await store.seenBy(access.viewer).search({ type, clauses: clauses.value, count: 2 });
  const [only] = versions;
  if (!only || versions.length > 1) return refuseWith(412, fault, place);
  const expects: Expectation = { kind: 'matches', type, clauses: clauses.value, ids: [only.id] };
  return { ok: true, value: { key: `${type}/${only.id}`, expects } };
}

/** @param fullUrl of the entry that the links stand in: by it a relative one may mean another entry */
export function linksOf({ entries, found }: Resolved, base: string, fullUrl: string | undefined): Links {
  const root = /^(https?:\/\/.*\/)[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.exec(fullUrl ?? '')?.[1];
  const own = `${base}/`;
  return {
    reference: (link) => {
      const named = entries.get(link) ?? found.get(link) ?? (root && entries.get(root + link));
      if (named) return named;
      return link.startsWith(own) ? link.slice(own.length) : link;
    },
    address: (link) => entries.get(link) ?? link,
  };
}

const SAME_NAME = {
  code: 'invalid',
  rule: 'api-full-url',
  diagnostics: 'Another entry has the same fullUrl: give each resource one of its own.',
} as const;
