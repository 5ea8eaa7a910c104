/** Turns value sets, and what stands above or below a code, into the codes that a search finds. */
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { SearchClause, TokenValue } from '../../store/store.ts';
import type { Validator } from '../../validation/validator.ts';
import { costly, faultOf } from './reading.ts';
import type { ServedParameter } from './served.ts';
import { splitValues, tokenOf } from './values.ts';

/** Knows value sets and code systems. */
export type SearchTerms = Pick<Validator, 'codesOf' | 'relatedCodes'>;

/** Of a value set, or of what stands above or below: they go to the store as values. */
const MOST_CODES = 200;

/** `:in` and `:not-in`. */
export function inClause(
  terms: SearchTerms | undefined,
  { code }: ServedParameter,
  modifier: 'in' | 'not-in',
  value: string,
): Checked<SearchClause> {
  const name = `${code}:${modifier}`;
  const codes = terms?.codesOf(value.replaceAll('\\', ''));
  if (!codes)
    return refuse({
      code: 'not-supported',
      rule: 'api-search-value-set',
      diagnostics: `${name}: this value set is not known whole here; name the codes themselves, or another value set.`,
      expression: `http.${code}`,
    });
  if (codes.length > MOST_CODES)
    return costly(name, `the value set has more than ${MOST_CODES} codes; name those that are meant`);
  return clauseOf(code, codes, modifier === 'not-in');
}

/** `:above` and `:below`: a code and its relatives in the hierarchy of its system. */
export function relatedClause(
  terms: SearchTerms | undefined,
  { code }: ServedParameter,
  modifier: 'above' | 'below',
  value: string,
): Checked<SearchClause> {
  const name = `${code}:${modifier}`;
  const found: TokenValue[] = [];
  for (const text of splitValues(value)) {
    const { system = '', code: start } = tokenOf(text) ?? {};
    if (system === '' || start === undefined) return faultOf(name, 'write system|code');
    const codes = terms?.relatedCodes(system, start, modifier);
    if (!codes)
      return refuse({
        code: 'not-supported',
        rule: 'api-search-hierarchy',
        diagnostics: `${name}: the code system is not known whole here, or has no such code, so that it is not known what stands ${modifier} it; name the codes themselves, or install a package that has the whole CodeSystem (profiles add).`,
        expression: `http.${code}`,
      });
    found.push(...codes.map((one) => ({ system, code: one })));
    if (found.length > MOST_CODES)
      return costly(name, `more than ${MOST_CODES} codes stand ${modifier} it; name those that are meant`);
  }
  return clauseOf(code, found, false);
}

/**
 * @returns the values; where the parameter is on elements of type `code`, one of a code system that has the code also without
 *   the system, as such an element has it @source FHIR R4, 3.1.1.4.10
 */
export function withImplied(
  terms: SearchTerms | undefined,
  { holds }: ServedParameter,
  values: readonly TokenValue[],
): readonly TokenValue[] {
  if (holds !== 'codes') return values;
  return values.flatMap((one) => {
    const { system = '', code } = one;
    const isKnown = system !== '' && code !== undefined && terms?.relatedCodes(system, code, 'below');
    return isKnown ? [one, { ...one, system: '' }] : [one];
  });
}

/** An element of type `code` stands in the index without the system that its value set says. */
function clauseOf(param: string, codes: readonly TokenValue[], not: boolean): Checked<SearchClause> {
  const values = codes.flatMap((one) => [one, { ...one, system: '' }]);
  return { ok: true, value: { kind: 'token', param, values, ...(not ? { not: true } : {}) } };
}
