/** Turns NHS numbers into the tokens under which Patients with them are found: numbers in use, and those given up. */
import { FORMER_NHS_NUMBER_SYSTEM, NHS_NUMBER_SYSTEM } from '../../fhir/identifiers.ts';
import type { Names } from './index-rows.ts';
import type { Step } from './statement.ts';

/** Parameter, code and system of a search row. */
export type NumberToken = readonly [param: number, code: string, system: number];

/** @returns none where nobody here has had a number yet */
export function* numberTokens(names: Names, numbers: Iterable<string>): Step<NumberToken[]> {
  const param = yield* names.find('Patient.identifier');
  if (param === undefined) return [];
  const tokens: NumberToken[] = [];
  for (const name of [NHS_NUMBER_SYSTEM, FORMER_NHS_NUMBER_SYSTEM]) {
    const system = yield* names.find(name);
    if (system !== undefined) for (const number of numbers) tokens.push([param, number, system]);
  }
  return tokens;
}
