/** Turns the values of search parameters into what the store looks for; undefined where a value cannot be read. */
import { dateRange } from '../store/date-range.ts';
import type { DatePrefix, ResourceKey } from '../store/store.ts';
import type { ServedParameter } from './served-search.ts';

export interface DateValue {
  readonly prefix: DatePrefix;
  readonly lowMs: number;
  readonly highMs: number;
}

// a sign after an even number of backslashes, so not written as `\,` or `\|`
const COMMA = /(?<=(?:^|[^\\])(?:\\\\)*),/;
const BAR = /(?<=(?:^|[^\\])(?:\\\\)*)\|/;

/** Values are parted by commas. Escapes stay until a value is read. @source FHIR R4, 3.1.1.4.1 */
export function splitValues(value: string): string[] {
  return value.split(COMMA);
}

/** @param text `code`, `system|code`, `|code` (no system) or `system|` @returns undefined for nothing and a bare `|` */
export function tokenOf(text: string): { system?: string; code?: string } | undefined {
  const bar = text.search(BAR);
  if (bar < 0) return text === '' ? undefined : { code: plainOf(text) };
  const [system, code] = [plainOf(text.slice(0, bar)), plainOf(text.slice(bar + 1))];
  if (code === '') return system === '' ? undefined : { system };
  return { system, code };
}

/** @param text a canonical URL or another URI @returns a token without a system, as the store keeps it */
export function uriOf(text: string): { code: string } | undefined {
  return text === '' ? undefined : { code: plainOf(text) };
}

/**
 * @param text `id`, `Type/id`, a URL under `base`, or any canonical URL where the parameter holds those
 * @param type of the target, where the parameter's modifier names it
 * @returns undefined when it is none of these, or a bare id that may be of several types
 */
export function targetOf(
  parameter: ServedParameter,
  text: string,
  base: string,
  type?: string,
): ResourceKey | undefined {
  const plain = plainOf(text);
  if (parameter.isCanonical) return plain === '' ? undefined : (plain.replace(/\|.*$/, '') as ResourceKey);
  const local = plain.startsWith(`${base}/`) ? plain.slice(base.length + 1) : plain;
  const [, named, id] =
    /^(?:([A-Z][A-Za-z]{1,63})\/)?([A-Za-z0-9.-]{1,64})(?:\/_history\/\d+)?$/.exec(local) ?? [];
  const only = parameter.targets.length === 1 ? parameter.targets[0] : undefined;
  const target = type ?? named ?? only;
  if (id === undefined || target === undefined || !parameter.targets.includes(target)) return undefined;
  if (named !== undefined && named !== target) return undefined;
  return `${target}/${id}`;
}

/** @param text a FHIR date with a prefix or none: `ge2026-01`, `2026-06-30T12:00:00Z` @source FHIR R4, 3.1.1.4.7 */
export function dateOf(text: string): DateValue | undefined {
  const [, prefix = 'eq', date = ''] = /^(eq|ne|lt|le|gt|ge|sa|eb|ap)?(.*)$/s.exec(text)!;
  // a plus sign in a URL is a space: a zone such as +01:00 often arrives so
  const written = date.replace(' ', '+');
  const range = isCalendarDay(written) ? dateRange(written) : undefined;
  return range && { prefix: prefix as DatePrefix, ...range };
}

/** `Date.parse` takes 31 February for 3 March. */
function isCalendarDay(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})/.exec(text) ?? [];
  return day === undefined || Number(day) <= new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
}

function plainOf(text: string): string {
  return text.replaceAll(/\\([,$|\\])/g, '$1');
}
