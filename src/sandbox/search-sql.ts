/** Turns a parsed FHIR search into SQL over the sandbox EHR's index; what it cannot answer is refused, never ignored. */
import type { SQLInputValue } from 'node:sqlite';
import { badRequest, type Filter, OperationOutcomeError, Operator, type SearchRequest } from '@medplum/core';
import { INDEXED_PARAMS, REFERENCE_PARAMS } from './index-values.ts';

/** A FROM and WHERE with its values, and the page asked for. */
export interface SearchSql {
  readonly from: string;
  readonly values: readonly SQLInputValue[];
  readonly order: string;
  readonly limit: number;
  readonly offset: number;
}

const DEFAULT_COUNT = 50;
const MOST_COUNT = 1000;

/** @throws OperationOutcomeError (400) for a parameter, modifier or sort the sandbox does not know */
export function searchSql(request: SearchRequest): SearchSql {
  if (request.include || request.revInclude) throw refused('_include and _revinclude are not supported here');
  const isIndexed = request.filters?.some((filter) => INDEXED_PARAMS.has(filter.code)) === true;
  // The plus keeps SQLite from walking all resources of the type when a value of the index names the few.
  const conditions = [isIndexed ? '+r.type = ?' : 'r.type = ?', 'r.deleted = 0'];
  const values: SQLInputValue[] = [request.resourceType];
  for (const filter of request.filters ?? []) {
    const condition = conditionOf(request.resourceType, filter);
    conditions.push(condition.sql);
    values.push(...condition.values);
  }
  return {
    from: `FROM resource r WHERE ${conditions.join(' AND ')}`,
    values,
    order: orderOf(request),
    limit: Math.min(request.count ?? DEFAULT_COUNT, MOST_COUNT),
    offset: request.offset ?? 0,
  };
}

interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

function conditionOf(type: string, filter: Filter): Condition {
  if (filter.code === '_lastUpdated') return lastUpdatedCondition(filter);
  if (filter.operator !== Operator.EQUALS)
    throw refused(`The modifier of ${filter.code} is not supported here`);
  const alternatives = filter.value.split(',');
  if (filter.code === '_id')
    return { sql: `r.id IN (${alternatives.map(() => '?').join(', ')})`, values: alternatives };
  if (!INDEXED_PARAMS.has(filter.code))
    throw refused(`Unknown search parameter; known: _id, _lastUpdated, ${[...INDEXED_PARAMS].join(', ')}`);
  const parts = alternatives.map((text) =>
    REFERENCE_PARAMS.has(filter.code) ? referencePart(filter.code, text) : tokenPart(text),
  );
  return {
    sql: `r.key IN (SELECT key FROM search_value WHERE type = ? AND param = ? AND (${parts.map((part) => part.sql).join(' OR ')}))`,
    values: [type, filter.code, ...parts.flatMap((part) => part.values)],
  };
}

/** `system|code`, `|code` (no system), `code` (any system) or `system|` (any code) */
function tokenPart(text: string): Condition {
  const bar = text.indexOf('|');
  if (bar < 0) return { sql: 'code = ?', values: [text] };
  const system = text.slice(0, bar);
  const code = text.slice(bar + 1);
  return code === ''
    ? { sql: 'system = ?', values: [system] }
    : { sql: '(code = ? AND system = ?)', values: [code, system] };
}

/** `Type/id`, an absolute URL that ends so, or the bare id of a patient */
function referencePart(param: string, text: string): Condition {
  const segments = text.split('/');
  if (segments.length > 1) return { sql: 'code = ?', values: [segments.slice(-2).join('/')] };
  if (param !== 'patient') throw refused(`${param} needs Type/id`);
  return { sql: 'code = ?', values: [`Patient/${text}`] };
}

const COMPARISONS: Readonly<Record<string, (low: number, high: number) => Condition>> = {
  [Operator.EQUALS]: (low, high) => ({ sql: 'r.updated_ms >= ? AND r.updated_ms < ?', values: [low, high] }),
  [Operator.GREATER_THAN]: (_low, high) => ({ sql: 'r.updated_ms >= ?', values: [high] }),
  [Operator.STARTS_AFTER]: (_low, high) => ({ sql: 'r.updated_ms >= ?', values: [high] }),
  [Operator.GREATER_THAN_OR_EQUALS]: (low) => ({ sql: 'r.updated_ms >= ?', values: [low] }),
  [Operator.LESS_THAN]: (low) => ({ sql: 'r.updated_ms < ?', values: [low] }),
  [Operator.ENDS_BEFORE]: (low) => ({ sql: 'r.updated_ms < ?', values: [low] }),
  [Operator.LESS_THAN_OR_EQUALS]: (_low, high) => ({ sql: 'r.updated_ms < ?', values: [high] }),
};

function lastUpdatedCondition(filter: Filter): Condition {
  const compare = COMPARISONS[filter.operator];
  const range = instantRange(filter.value);
  if (!compare || !range)
    throw refused('_lastUpdated takes eq, gt, ge, lt, le, sa or eb with a date or an instant');
  return compare(range.low, range.high);
}

/** @returns the half-open range of a date or instant as precise as it is written; UTC where it names no zone */
function instantRange(text: string): { low: number; high: number } | undefined {
  const match = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(T\d\d:\d\d(?::\d\d(\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)?$/.exec(
    text,
  );
  if (!match) return undefined;
  const [, year, month, day, time, fraction] = match;
  if (time === undefined) {
    const low = Date.UTC(Number(year), Number(month ?? 1) - 1, Number(day ?? 1));
    if (day) return { low, high: low + 86_400_000 };
    return { low, high: month ? Date.UTC(Number(year), Number(month), 1) : Date.UTC(Number(year) + 1, 0, 1) };
  }
  const low = Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(time) ? text : `${text}Z`);
  const seconds = /^T\d\d:\d\d:\d\d/.test(time);
  return Number.isNaN(low) ? undefined : { low, high: low + (fraction ? 1 : seconds ? 1000 : 60_000) };
}

const SORT_COLUMNS: Readonly<Record<string, string>> = { _lastUpdated: 'r.updated_ms', _id: 'r.id' };

/** In the order of creation unless asked otherwise. */
function orderOf(request: SearchRequest): string {
  const columns = (request.sortRules ?? []).map((rule) => {
    const column = SORT_COLUMNS[rule.code];
    if (!column) throw refused('_sort takes _lastUpdated and _id');
    return column + (rule.descending ? ' DESC' : '');
  });
  return [...columns, 'r.key'].join(', ');
}

/** Names parameters only: a value searched for may be a patient's. */
function refused(text: string): OperationOutcomeError {
  return new OperationOutcomeError(badRequest(text));
}
