/** Turns the values of search parameters into what the store looks for; undefined where a value cannot be read. */
import { dateRange } from '../../store/date-range.ts';
import type {
  DateValue,
  Prefix,
  ResourceKey,
  TextValue,
  TokenValue,
  TypedIdentifier,
  UriValue,
} from '../../store/store.ts';
import type { ServedParameter } from './served.ts';

// a sign after an even number of backslashes, so not written as `\,`, `\|` or `\$`
const COMMA = /(?<=(?:^|[^\\])(?:\\\\)*),/;
const BAR = /(?<=(?:^|[^\\])(?:\\\\)*)\|/;
const DOLLAR = /(?<=(?:^|[^\\])(?:\\\\)*)\$/;

/** Values are parted by commas. Escapes stay until a value is read. @source FHIR R4, 3.1.1.4.1 */
export function splitValues(value: string): string[] {
  return value.split(COMMA);
}

/** The parts of a value of a composite. @source FHIR R4, 3.1.1.4.13 */
export function splitParts(value: string): string[] {
  return value.split(DOLLAR);
}

/** The parts of a value that bars divide, escapes read. */
export function splitBars(value: string): string[] {
  return value.split(BAR).map(plainOf);
}

/** @param text `code`, `system|code`, `|code` (no system) or `system|` @returns undefined for nothing and a bare `|` */
export function tokenOf(text: string): TokenValue | undefined {
  const bar = text.search(BAR);
  if (bar < 0) return text === '' ? undefined : { code: plainOf(text) };
  const [system, code] = [plainOf(text.slice(0, bar)), plainOf(text.slice(bar + 1))];
  if (code === '') return system === '' ? undefined : { system };
  return { system, code };
}

/** @param text `system|code|value`: the type of an identifier, and its value @source FHIR R4, 3.1.1.4.10 */
export function typedOf(text: string): TypedIdentifier | undefined {
  const [system = '', code = '', value = '', ...rest] = splitBars(text);
  return system === '' || code === '' || value === '' || rest.length > 0
    ? undefined
    : { system, code, value };
}

/** @param text words, case and accents apart @returns undefined where there is no letter or digit */
export function wordsOf(text: string): string | undefined {
  const plain = plainOf(text);
  return /[\p{L}\p{N}]/u.test(plain) ? plain : undefined;
}

/** @param how default: what begins with the text, case and accents apart */
export function textOf(text: string, how: TextValue['how'] = 'starts'): TextValue | undefined {
  const plain = plainOf(text);
  return plain.trim() === '' ? undefined : { text: plain, how };
}

/** @param text a canonical URL or another URI; above and below are of URLs alone @source FHIR R4, 3.1.1.4.12 */
export function uriOf(text: string, how: UriValue['how'] = 'exact'): UriValue | undefined {
  const uri = plainOf(text);
  return uri === '' || (how !== 'exact' && uri.startsWith('urn:')) ? undefined : { uri, how };
}

/** Types that a bare id is looked for in, where the parameter names many. */
type IsStored = (type: string) => boolean;

/**
 * @param text `id`, `Type/id`, a URL under `base`, or any canonical URL where the parameter holds those
 * @param asked FHIR base; the type of the target where the parameter's modifier names it; which types are here
 * @returns what it may stand for: a bare id is one of each type; undefined when it is none of these
 */
export function targetsOf(
  parameter: Pick<ServedParameter, 'targets' | 'isCanonical'>,
  text: string,
  { base, type, isStored }: { readonly base: string; readonly type?: string | undefined; isStored: IsStored },
): readonly ResourceKey[] | undefined {
  const plain = plainOf(text);
  if (parameter.isCanonical) return plain === '' ? undefined : [plain.replace(/\|.*$/, '') as ResourceKey];
  const local = plain.startsWith(`${base}/`) ? plain.slice(base.length + 1) : plain;
  const [, named, id] =
    /^(?:([A-Z][A-Za-z]{1,63})\/)?([A-Za-z0-9.-]{1,64})(?:\/_history\/\d+)?$/.exec(local) ?? [];
  if (id === undefined || (named !== undefined && type !== undefined && named !== type)) return undefined;
  const only = type ?? named;
  if (only !== undefined) return parameter.targets.includes(only) ? [`${only}/${id}`] : undefined;
  if (parameter.targets.length === 1) return [`${parameter.targets[0]!}/${id}`];
  const targets = parameter.targets.filter(isStored);
  return targets.length === 0 ? undefined : targets.map((target) => `${target}/${id}` as const);
}

/** @param text a FHIR date with a prefix or none: `ge2026-01`, `2026-06-30T12:00:00Z` @source FHIR R4, 3.1.1.4.7 */
export function dateOf(text: string): DateValue | undefined {
  const [prefix, date] = prefixOf(text);
  // a plus sign in a URL is a space: a zone such as +01:00 often arrives so
  const range = dateRange(date.replace(' ', '+'));
  return range && { prefix, ...range };
}

/** @returns what a value begins with, `eq` where it names none, and the rest */
export function prefixOf(text: string): readonly [prefix: Prefix, rest: string] {
  const [, prefix = 'eq', rest = ''] = /^(eq|ne|lt|le|gt|ge|sa|eb|ap)?(.*)$/s.exec(text)!;
  return [prefix as Prefix, rest];
}

function plainOf(text: string): string {
  return text.replaceAll(/\\([,$|\\])/g, '$1');
}
