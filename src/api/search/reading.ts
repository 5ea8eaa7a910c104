/** Reads the values of one parameter into a condition, or says what is wrong with them. */
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { SearchClause } from '../../store/store.ts';
import { splitValues } from './values.ts';

/** A search is one SQL statement with a part for each value: this keeps it within what SQL takes. */
const MOST_VALUES = 100;

export const TOKEN_FORMS = 'write code, system|code, |code or system|';

/** @param name of the parameter, for what is said @param hint what to write instead */
export function read<T>(
  name: string,
  value: string,
  readOne: (text: string) => T | undefined,
  hint: string,
  clauseOf: (values: T[]) => SearchClause,
): Checked<SearchClause> {
  const texts = splitValues(value);
  if (texts.length > MOST_VALUES) return costly(name, `give at most ${MOST_VALUES} values`);
  const values = texts.map(readOne).filter((one) => one !== undefined);
  return values.length === texts.length ? { ok: true, value: clauseOf(values) } : faultOf(name, hint);
}

/** A value that cannot be read. @param name of the parameter, never what was sent for it */
export function faultOf(name: string, what: string): ReturnType<typeof refuse> {
  return refuse({
    code: 'value',
    rule: 'api-search-value',
    diagnostics: `Search parameter ${name}: ${what}.`,
    expression: `http.${name}`,
  });
}

/** @param name of the parameter, with its modifier where that matters */
export function costly(name: string, what: string): ReturnType<typeof refuse> {
  return refuse({
    code: 'too-costly',
    rule: 'api-search-cost',
    diagnostics: `${name}: ${what}.`,
    expression: `http.${name.replace(/:.*$/, '')}`,
  });
}
