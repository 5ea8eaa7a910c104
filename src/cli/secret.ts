/** Turns the name of an environment variable into the secret that it holds, which whoever names it cannot do without. */
import { secretOf } from '../config.ts';
import { AdapterError } from '../fhir/outcome.ts';

/** @returns undefined where none is named @throws AdapterError when the environment variable is empty */
export function neededSecret(name: string | undefined): string | undefined {
  const secret = secretOf(name);
  if (!secret.ok) throw new AdapterError('permanent', secret.outcome.issue[0]!);
  return secret.value;
}
