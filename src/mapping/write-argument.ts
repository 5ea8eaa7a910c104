/** Turns arguments and paths of the tree into text of the mapping language. */
import { nameText, numberText, quoted } from './quote.ts';
import type { Argument, Literal, Word } from './tree.ts';

const LITERAL_NAMES: ReadonlySet<string> = new Set(['true', 'false']);

/** @returns what stands between the brackets of a call; the same text is FHIRPath */
export function argumentText(argument: Argument): string {
  if (argument.kind === 'expression') return argument.text;
  if (argument.kind === 'path') return pathText(argument.words);
  return literalText(argument);
}

/** @returns `src.name`; a first name that would be a literal stands in back quotes */
export function pathText(words: readonly Word[]): string {
  return words.map(({ text }, index) => nameText(text, index === 0 ? LITERAL_NAMES : undefined)).join('.');
}

export function literalText({ type, value }: Literal): string {
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return numberText(value, type === 'integer' ? 'integer' : 'decimal');
  if (type === 'date') return `@${value}`;
  if (type === 'dateTime') return value.includes('T') ? `@${value}` : `@${value}T`;
  if (type === 'time') return `@T${value}`;
  return quoted(value, "'");
}
