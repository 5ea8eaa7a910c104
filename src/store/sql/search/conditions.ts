/** Turns searched values into conditions on the columns of a search row, prefix by prefix. */
import { indexText } from '../../index-text.ts';
import type {
  CompositePart,
  DateValue,
  NumberValue,
  Prefix,
  QuantityValue,
  TextValue,
  TokenValue,
  UriValue,
} from '../../search-query.ts';
import { afterAll, folded, writtenAs } from '../../search-text.ts';
import { allOf, among, anyOf, type Sql, sql } from '../sql-text.ts';

/** How the number of a code system is known, or its text where rows are read from content. */
export type SystemOf = (system: string) => string | number;

export function tokenSql({ system, code }: TokenValue, systemOf: SystemOf): Sql {
  return allOf([
    ...(code === undefined ? [] : [sql('code = ?', indexText(code))]),
    ...(system === undefined ? [] : [sql('system = ?', systemOf(indexText(system)))]),
  ]);
}

/** A URI stands as a token without a system. */
export function uriSql({ uri, how }: UriValue): Sql {
  if (how === 'exact') return sql('code = ?', indexText(uri));
  if (how === 'below') {
    const under = uri.endsWith('/') ? uri : `${uri}/`;
    return sql('code >= ? AND code < ? AND (code = ? OR code >= ?)', uri, afterAll(under), uri, under);
  }
  return among('code', [...startsOf(uri)].map(indexText));
}

/** The URI, and what it begins with, up to each slash: a segment of the path is above or it is not. */
export function startsOf(uri: string): Set<string> {
  const starts = new Set([uri]);
  for (let at = uri.lastIndexOf('/'); at > 0; at = uri.lastIndexOf('/', at - 1)) {
    starts.add(uri.slice(0, at));
    starts.add(uri.slice(0, at + 1));
  }
  return starts;
}

export function textSql({ text, how }: TextValue, place: 'instr' | 'strpos'): Sql {
  const norm = folded(text);
  if (how === 'exact') return sql('norm = ? AND written = ?', norm, writtenAs(text));
  if (how === 'contains') return sql(`${place}(norm, ?) > 0`, norm);
  return sql('norm >= ? AND norm < ?', norm, afterAll(norm));
}

/** A word of the text begins so, or several in a row. */
export function wordSql(text: string, place: 'instr' | 'strpos'): Sql {
  return sql(`${place}(' ' || norm, ?) > 0`, ` ${folded(text)}`);
}

/**
 * What each prefix asks of a row's range [low_ms, high_ms) against the searched [low, high).
 * @source FHIR R4, 3.1.1.4.7; `ap` here means that the ranges overlap
 */
const DATE_SQL: Readonly<Record<Prefix, (low: number, high: number) => Sql>> = {
  eq: (low, high) => sql('low_ms >= ? AND low_ms < ? AND high_ms <= ?', low, high, high),
  ne: (low, high) => sql('(low_ms < ? OR high_ms > ?)', low, high),
  lt: (low) => sql('low_ms < ?', low),
  gt: (_low, high) => sql('high_ms > ?', high),
  le: (low, high) => sql('low_ms < ? AND (low_ms < ? OR high_ms <= ?)', high, low, high),
  ge: (low, high) => sql('(high_ms > ? OR low_ms >= ?)', high, low),
  sa: (_low, high) => sql('low_ms >= ?', high),
  eb: (low) => sql('high_ms <= ? AND low_ms < ?', low, low),
  ap: (low, high) => sql('low_ms < ? AND high_ms > ?', high, low),
};

export function dateSql({ prefix, lowMs, highMs }: DateValue): Sql {
  return DATE_SQL[prefix](lowMs, highMs);
}

/** A version's time is an instant: a range of one millisecond. */
const UPDATED_SQL: Readonly<Record<Prefix, (low: number, high: number, column: string) => Sql>> = {
  eq: (low, high, at) => sql(`(${at} >= ? AND ${at} < ?)`, low, high),
  ne: (low, high, at) => sql(`(${at} < ? OR ${at} >= ?)`, low, high),
  lt: (low, _high, at) => sql(`${at} < ?`, low),
  gt: (_low, high, at) => sql(`${at} >= ?`, high),
  le: (_low, high, at) => sql(`${at} < ?`, high),
  ge: (low, _high, at) => sql(`${at} >= ?`, low),
  sa: (_low, high, at) => sql(`${at} >= ?`, high),
  eb: (low, _high, at) => sql(`${at} < ?`, low),
  ap: (low, high, at) => sql(`(${at} >= ? AND ${at} < ?)`, low, high),
};

export function updatedSql({ prefix, lowMs, highMs }: DateValue, column: string): Sql {
  return UPDATED_SQL[prefix](lowMs, highMs, column);
}

/**
 * What each prefix asks of a row's numbers, from low to high with both ends, against the searched [from, to); where the
 * precision does not count, against the number in its middle.
 * @source FHIR R4, 3.1.1.4.8
 */
const NUMBER_SQL: Readonly<Record<Prefix, (from: number, to: number, middle: number) => Sql>> = {
  eq: (from, to) => sql('low >= ? AND low < ? AND high < ?', from, to, to),
  ne: (from, to) => sql('(low < ? OR high >= ?)', from, to),
  lt: (_from, _to, middle) => sql('low < ?', middle),
  gt: (_from, _to, middle) => sql('high > ?', middle),
  le: (_from, _to, middle) => sql('low <= ?', middle),
  ge: (_from, _to, middle) => sql('high >= ?', middle),
  sa: (_from, _to, middle) => sql('low > ?', middle),
  eb: (_from, _to, middle) => sql('high < ?', middle),
  ap: (from, to) => sql('low <= ? AND high >= ?', to, from),
};

export function numberSql({ prefix, low, high }: NumberValue): Sql {
  return NUMBER_SQL[prefix](low, high, low === high ? low : (low + high) / 2);
}

export function quantitySql(value: QuantityValue, systemOf: SystemOf): Sql {
  const { system, code } = value;
  const unit = code === undefined ? undefined : indexText(code);
  return allOf([
    numberSql(value),
    ...(system === undefined ? [] : [sql('system = ?', systemOf(indexText(system)))]),
    ...(unit === undefined
      ? []
      : [system === undefined ? sql('(code = ? OR unit = ?)', unit, unit) : sql('code = ?', unit)]),
  ]);
}

/** A row of both parts of a composite: the first is a token, the second a token or an amount. */
export function pairSql([first, second]: readonly CompositePart[], systemOf: SystemOf): Sql {
  if (first?.kind !== 'token') throw new TypeError('The first part of such a composite is a token');
  return allOf([tokenSql(first, systemOf), secondSql(second, systemOf)]);
}

function secondSql(second: CompositePart | undefined, systemOf: SystemOf): Sql {
  if (second?.kind !== 'token' && second?.kind !== 'quantity')
    throw new TypeError('The second part of such a composite is a token or a quantity');
  const { system, code } = second;
  const unit = allOf([
    ...(code === undefined ? [] : [sql('value_code = ?', indexText(code))]),
    ...(system === undefined ? [] : [sql('value_system = ?', systemOf(indexText(system)))]),
  ]);
  return second.kind === 'token' ? unit : allOf([numberSql(second), unit]);
}

/** Alternatives of one condition. */
export function eitherOf<T>(values: readonly T[], of: (value: T) => Sql): Sql {
  return anyOf(values.map(of));
}
