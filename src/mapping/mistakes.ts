/** Says what to write where a rule goes on in a way that the language does not have. */
import type { Cursor } from './cursor.ts';

const FHIRPATH = 'FHIRPath in brackets, such as = (src.name.first()),';
const ARROW = '"->" between source and target';
const GROUPS_FIRST = 'groups before rules: then Group(a, b) { … },';
const ORDER = 'the parts of a source in their order: src.a : Type 0..1 default (x) first as v where (…),';

/** What is expected instead of a sign or word behind a source. */
const BEHIND_SOURCE: ReadonlyMap<string, string> = new Map([
  ['=', `${ARROW}, as in src.a as a -> tgt.b = a,`],
  ['-', ARROW],
  ['--', ARROW],
  ['make', `${ARROW}, which drafts of the language wrote as make,`],
  ['(', 'a condition by where: src.name where (use = "usual"); a source has names only,'],
  ['[', 'first, last, or a condition by where: a source has no index,'],
  ['then', GROUPS_FIRST],
  ['search', 'where (…): search is no part of the language,'],
  ...[':', '..', 'default', 'as', 'first', 'not_first', 'last', 'not_last', 'only_one'].map(
    (text): [string, string] => [text, ORDER],
  ),
  ...['share', 'single', 'collate'].map((text): [string, string] => {
    return [text, 'first, last or only_one: this list mode is for targets,'];
  }),
]);

/** What is expected instead of a sign or word behind a target. */
const BEHIND_TARGET: ReadonlyMap<string, string> = new Map([
  ['==', '"=" before the value of a target'],
  ['=', 'one value for each target, with "as" and list modes behind it,'],
  ['->', 'one "->" in a rule, and "," between its targets'],
  ['[', 'the name of an element alone: an index, or [x], is left out,'],
  [':', 'no type, which a target has by = create("Type"),'],
  [')', '";": this ")" closes no bracket,'],
  ['as', 'one "as", before list modes,'],
  ['then', GROUPS_FIRST],
  ...['(', '.', '+', '-', '*', '/', '&', '|', '<', '>', '<=', '>=', '!=', '~'].map(
    (text): [string, string] => {
      return [text, FHIRPATH];
    },
  ),
  ...['where', 'check', 'log'].map((text): [string, string] => {
    return [text, `${text} before "->", as a part of the source,`];
  }),
]);

/** What is expected instead of a sign where a value is. */
const IN_VALUE: ReadonlyMap<string, string> = new Map([
  ['%', FHIRPATH],
  ['$', FHIRPATH],
  ['{', FHIRPATH],
  ['#', 'a text in quotes, such as "#codes",'],
  ['=', 'one "=" before a value'],
]);

/** @returns what is expected where a source is */
export function mistakeInSource({ token }: Cursor): string {
  if (token.text === '%') return 'a source without "%", such as src.name,';
  if (token.kind === 'string') return 'a source, such as src; a value stands behind "=" of a target,';
  return 'a source, such as src.name,';
}

/** @returns what is expected where a value is, behind `=` of a target or in a call */
export function mistakeInValue({ token: { text } }: Cursor): string {
  return IN_VALUE.get(text) ?? 'a value, a variable or a transform';
}

/** @param isNamed the name of the rule has been taken @returns what is expected behind a source, before any target */
export function mistakeBehindSource(cursor: Cursor, isNamed: boolean): string {
  const { kind, text } = cursor.token;
  const known = isNamed ? behindName(text) : (inSmallLetters(text) ?? BEHIND_SOURCE.get(text));
  if (known !== undefined) return known;
  if (kind === 'number') return ORDER;
  if (kind === 'name') return '"as" before a variable, or "->", then or ";"';
  return '"->", then, ";" or the name of the rule';
}

/** @param isNamed the name of the rule has been taken @returns what is expected behind a target */
export function mistakeBehindTarget(cursor: Cursor, isNamed: boolean): string {
  const { kind, text } = cursor.token;
  const known = isNamed ? behindName(text) : (inSmallLetters(text) ?? BEHIND_TARGET.get(text));
  if (known !== undefined) return known;
  if (kind === 'name' && cursor.isAhead('(')) return 'then before the name of a group';
  if (kind === 'name' && cursor.isAhead('.')) return '"," between two targets, or ";" at the end of the rule';
  return '",", then, ";" or the name of the rule';
}

/** `AS`, `Then`: words that are keywords but for their capitals. */
function inSmallLetters(text: string): string | undefined {
  const small = text.toLowerCase();
  return small !== text && /^(?:as|where|check|log|then|default)$/.test(small)
    ? `${small} in small letters`
    : undefined;
}

function behindName(text: string): string {
  const goesOn = text === '->' || text === ',' || text === 'then' || text === '{';
  return goesOn ? '";", as the name of a rule stands at its end,' : '";" behind the name of the rule';
}
