/** Turns a schema's `x-date` pattern (`dd/MM/yyyy HH:mm`) into a strict reader of local dates and times. */
import type { LocalTime } from './zoned-time.ts';

/** A compiled `x-date`. */
export interface DatePattern {
  /** as the schema writes it, for messages */
  readonly text: string;
  readonly hasTime: boolean;
  /** @returns the parts as written, not yet checked against a calendar; undefined when the text has another form */
  readonly read: (text: string) => LocalTime | undefined;
}

type Part = Exclude<keyof LocalTime, 'fraction'>;

/** Doubled letters want two digits, single letters take one or two. Two-digit years say too little for a date of birth. */
const TOKENS: Readonly<Record<string, readonly [Part, string]>> = {
  dd: ['day', '(\\d{2})'],
  d: ['day', '(\\d{1,2})'],
  MM: ['month', '(\\d{2})'],
  M: ['month', '(\\d{1,2})'],
  yyyy: ['year', '(\\d{4})'],
  HH: ['hour', '(\\d{2})'],
  H: ['hour', '(\\d{1,2})'],
  mm: ['minute', '(\\d{2})'],
  ss: ['second', '(\\d{2})'],
};

/** @returns a reader of times by a pattern of HH or H, mm and perhaps ss, such as `HH:mm`; undefined for any other pattern */
export function compileTimePattern(text: string): DatePattern | undefined {
  const form = /^(HH?)([^A-Za-z0-9]?)mm(?:([^A-Za-z0-9]?)ss)?$/.exec(text);
  const whole = form ? compileDatePattern(`dd MM yyyy ${text}`) : undefined;
  return whole && { ...whole, text, read: (cell) => whole.read(`01 01 2000 ${cell}`) };
}

/**
 * Compiles a pattern of dd, d, MM, M, yyyy, HH, H, mm, ss and any signs between them.
 * @returns undefined when a token is unknown or twice there, or day, month or year is missing
 */
export function compileDatePattern(text: string): DatePattern | undefined {
  const parts: Part[] = [];
  let source = '';
  for (const [piece] of text.matchAll(/([A-Za-z])\1*|[^A-Za-z]/g)) {
    const token = TOKENS[piece];
    if (!token && /[A-Za-z]/.test(piece)) return undefined;
    if (token) parts.push(token[0]);
    source += token ? token[1] : piece.replace(/[^0-9]/, '\\$&');
  }
  if (new Set(parts).size !== parts.length) return undefined;
  if (!(['day', 'month', 'year'] as const).every((part) => parts.includes(part))) return undefined;
  const hasTime = parts.includes('hour');
  if (hasTime !== parts.includes('minute')) return undefined;
  const expression = new RegExp(`^${source}$`);
  return { text, hasTime, read: (cell) => readParts(expression.exec(cell), parts) };
}

function readParts(match: RegExpExecArray | null, parts: readonly Part[]): LocalTime | undefined {
  if (!match) return undefined;
  const local = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0, fraction: '' };
  parts.forEach((part, i) => {
    local[part] = Number(match[i + 1]);
  });
  return local;
}
