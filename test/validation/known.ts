/** The validator as the adapter has it: base R4 and what is in `profiles/`. */

import { knownCanonicals, ROOT } from '../../src/cli/load.ts';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { createValidator, type Validator } from '../../src/validation/validator.ts';

let known: Validator | undefined;

/** @returns one validator for all tests of a file: what it compiled stays compiled */
export function knownValidator(): Validator {
  if (known) return known;
  const canonicals = knownCanonicals(ROOT);
  known = createValidator({ canonicals, definitions: loadBaseDefinitions(canonicals) });
  return known;
}
