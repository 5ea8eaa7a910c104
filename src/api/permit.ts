/** Refuses what the scopes of a client do not allow, and names the scope that would. */
import { type Checked, refuse } from '../fhir/outcome.ts';
import type { Access, Right } from './access.ts';

/** Letters of the rights in a scope. @source SMART App Launch 2, scopes-and-launch-context */
const LETTERS: Readonly<Record<Right, string>> = {
  create: 'c',
  read: 'r',
  update: 'u',
  delete: 'd',
  search: 's',
};

/** @returns refusal `api-scope` (status 403) where the client may not do this with one of the types */
export function permit(access: Access, types: Iterable<string>, right: Right): Checked<true> {
  const missing = [...types].filter((type) => !access.may(type, right));
  if (missing.length === 0) return { ok: true, value: true };
  const scopes = missing.map((type) => `system/${type}.${LETTERS[right]}`).join(' ');
  return refuse({
    code: 'forbidden',
    rule: 'api-scope',
    diagnostics: `The token of this client does not allow this: it needs the scope ${scopes}.`,
    expression: 'http',
  });
}
