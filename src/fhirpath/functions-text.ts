/** The functions of FHIRPath on text. Each takes and gives undefined for empty. */
import { EvaluationFault } from './fault.ts';
import { build, visit } from './limits.ts';
import { replaced, search, wholeOf } from './pattern.ts';

/** @throws EvaluationFault when the value is there and is no text */
function text(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string')
    throw new EvaluationFault('a function on text is applied to a value that is no text');
  return value;
}

function whole(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new EvaluationFault('an integer is expected');
  return value;
}

function onTwo<T>(first: unknown, second: unknown, run: (a: string, b: string) => T): T | undefined {
  const a = text(first);
  const b = text(second);
  return a === undefined || b === undefined ? undefined : run(a, b);
}

export function indexOf(value: unknown, part: unknown): number | undefined {
  return onTwo(value, part, (a, b) => a.indexOf(b));
}

export function lastIndexOf(value: unknown, part: unknown): number | undefined {
  return onTwo(value, part, (a, b) => a.lastIndexOf(b));
}

/** @returns empty when `start` lies outside the text */
export function substring(value: unknown, start: unknown, length?: unknown): string | undefined {
  const from = whole(start);
  const all = text(value);
  const size = whole(length);
  if (all === undefined || from === undefined || from < 0 || from >= all.length) return undefined;
  return size === undefined ? all.slice(from) : all.slice(from, from + Math.max(0, size));
}

export function startsWith(value: unknown, part: unknown): boolean | undefined {
  return onTwo(value, part, (a, b) => a.startsWith(b));
}

export function endsWith(value: unknown, part: unknown): boolean | undefined {
  return onTwo(value, part, (a, b) => a.endsWith(b));
}

export function contains(value: unknown, part: unknown): boolean | undefined {
  return onTwo(value, part, (a, b) => a.includes(b));
}

export function upper(value: unknown): string | undefined {
  return text(value)?.toUpperCase();
}

export function lower(value: unknown): string | undefined {
  return text(value)?.toLowerCase();
}

export function trim(value: unknown): string | undefined {
  return text(value)?.trim();
}

export function length(value: unknown): number | undefined {
  return text(value)?.length;
}

export function toChars(value: unknown): string[] {
  const all = text(value) ?? '';
  visit(all.length);
  return [...all];
}

export function split(value: unknown, separator: unknown): string[] {
  return (
    onTwo(value, separator, (a, b) => {
      visit(a.length);
      return a.split(b);
    }) ?? []
  );
}

export function join(values: readonly unknown[], separator: unknown): string | undefined {
  if (values.length === 0) return undefined;
  const parts = values.map((value) => text(value) ?? '');
  const between = text(separator) ?? '';
  build(parts.reduce((sum, part) => sum + part.length + between.length, 0));
  return parts.join(between);
}

export function replace(value: unknown, pattern: unknown, substitution: unknown): string | undefined {
  const put = text(substitution);
  if (put === undefined) return undefined;
  return onTwo(value, pattern, (a, b) => {
    build(a.length + Math.ceil((a.length + 1) / Math.max(1, b.length)) * put.length);
    return a.replaceAll(b, () => put);
  });
}

/** True when any part of the text matches; `.` matches line breaks too. */
export function matches(value: unknown, pattern: unknown): boolean | undefined {
  return onTwo(value, pattern, (a, b) => search(b, a));
}

export function matchesFull(value: unknown, pattern: unknown): boolean | undefined {
  return onTwo(value, pattern, (a, b) => search(wholeOf(b), a));
}

/** `$1`, `${name}` and `$<name>` in the substitution stand for groups. */
export function replaceMatches(value: unknown, pattern: unknown, substitution: unknown): string | undefined {
  const put = text(substitution);
  if (put === undefined) return undefined;
  return onTwo(value, pattern, (a, b) => (b === '' ? a : replaced(b, a, put)));
}

/** `&`: empty counts as an empty text */
export function concatenate(left: unknown, right: unknown): string {
  const a = text(left) ?? '';
  const b = text(right) ?? '';
  build(a.length + b.length);
  return a + b;
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const HTML_BACK: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  apos: "'",
};

export function escapeText(value: unknown, target: unknown): string | undefined {
  return onTwo(value, target, (a, kind) => {
    build(a.length * 6);
    if (kind === 'html') return a.replaceAll(/[&<>"']/g, (char) => HTML[char]!);
    return kind === 'json' ? JSON.stringify(a).slice(1, -1) : undefined;
  });
}

export function unescapeText(value: unknown, target: unknown): string | undefined {
  return onTwo(value, target, (a, kind) => {
    if (kind === 'html')
      return a.replaceAll(/&(amp|lt|gt|quot|apos|#39);/g, (_, name: string) => HTML_BACK[name]!);
    if (kind !== 'json') return undefined;
    try {
      return String(JSON.parse(`"${a.replaceAll(/(?<!\\)"/g, '\\"')}"`));
    } catch {
      throw new EvaluationFault('unescape is applied to a text that is no JSON string');
    }
  });
}

export function encode(value: unknown, format: unknown): string | undefined {
  return onTwo(value, format, (a, kind) => {
    build(a.length * 6);
    const bytes = Buffer.from(a, 'utf8');
    if (kind === 'hex' || kind === 'base64') return bytes.toString(kind);
    return kind === 'urlbase64'
      ? bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
      : undefined;
  });
}

export function decode(value: unknown, format: unknown): string | undefined {
  return onTwo(value, format, (a, kind) => {
    if (kind === 'hex' || kind === 'base64') return Buffer.from(a, kind).toString('utf8');
    return kind === 'urlbase64' ? Buffer.from(a, 'base64url').toString('utf8') : undefined;
  });
}
