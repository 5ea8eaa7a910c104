/** Reads what a client subscribes to: a search of R4, or a topic with filters. */
import { STORED_TYPES, type StoredType } from '../../fhir/definitions.ts';
import { type Checked, issueOf, outcomeOf, refuse } from '../../fhir/outcome.ts';
import type { SearchClause } from '../../store/store.ts';
import { queryOf } from '../address.ts';
import { readConditions } from '../search/request.ts';
import type { ServedSearch } from '../search/served.ts';
import { isMatchable } from './match.ts';
import { TOPICS, type Topic, topicOf } from './topics.ts';

/** A search of one type that one version alone is held against. */
export interface Criteria {
  readonly type: StoredType;
  readonly clauses: readonly SearchClause[];
}

/** What is news to a subscriber. */
export interface Interest {
  /** undefined: every version for which the criteria hold */
  readonly topic: Topic | undefined;
  /** of which one must hold; a topic without filters has none, and all its events are news */
  readonly any: readonly Criteria[];
  /** types whose versions are looked at */
  readonly types: readonly StoredType[];
}

/** @param text `ServiceRequest?status=active` @param path of the element that says so */
export function readCriteria(
  served: ServedSearch,
  text: string,
  base: string,
  path = 'Subscription.criteria',
): Checked<Criteria> {
  const [, named = ''] = /^([A-Z][A-Za-z]{1,63})(?:\?|$)/.exec(text) ?? [];
  const type = STORED_TYPES.find((one) => one === named);
  if (!type) return wrong(path, 'write a search of a served type, such as ServiceRequest?status=active');
  const query = queryOf(text);
  if (!query.ok) return wrong(path, 'its percent-encoding cannot be decoded: write it as UTF-8');
  const conditions = readConditions({ served, base }, type, query.value);
  if (!conditions.ok)
    return {
      ok: false,
      outcome: outcomeOf(...conditions.outcome.issue.map((issue) => ({ ...issue, expression: [path] }))),
    };
  const clauses = conditions.value;
  if (clauses.every(isMatchable)) return { ok: true, value: { type, clauses } };
  return wrong(
    path,
    'only conditions on the resource itself are served here, on tokens, references, dates and ids: no chain, no _has, no text',
  );
}

/**
 * @param criteria the canonical of a topic, or a search
 * @param filters the `backport-filter-criteria`; one of them must hold
 */
export function readInterest(
  served: ServedSearch,
  criteria: string,
  filters: readonly string[],
  base: string,
): Checked<Interest> {
  const topic = topicOf(criteria);
  if (!topic) {
    if (/^https?:\/\/|^urn:/.test(criteria)) return unknownTopic();
    const read = readCriteria(served, criteria, base);
    return read.ok ? { ok: true, value: { topic, any: [read.value], types: [read.value.type] } } : read;
  }
  const any: Criteria[] = [];
  for (const [at, filter] of filters.entries()) {
    const path = `Subscription.criteria.extension[${at}]`;
    const read = readCriteria(served, filter, base, path);
    if (!read.ok) return read;
    if (read.value.type !== topic.focusType)
      return wrong(path, `events of this topic are about ${topic.focusType}: write ${topic.focusType}?…`);
    any.push(read.value);
  }
  return { ok: true, value: { topic, any, types: topic.types } };
}

function unknownTopic(): Checked<never> {
  return {
    ok: false,
    outcome: outcomeOf(
      issueOf({
        code: 'not-supported',
        rule: 'subscription-topic',
        diagnostics: `There is no such topic here. There are ${TOPICS.map(({ url }) => url).join(', ')}.`,
        expression: 'Subscription.criteria',
      }),
    ),
  };
}

function wrong(expression: string, what: string): Checked<never> {
  return refuse({
    code: 'value',
    rule: 'subscription-criteria',
    diagnostics: `${expression}: ${what}.`,
    expression,
  });
}
