/** Turns the header that says for which organisation a client of several asks into what it may do for that one alone. */
import type { Request } from 'express';
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { Access } from '../access.ts';
import type { ApiClient } from './clients.ts';

/** @source NHS England API catalogue: header of PDS, e-RS and others, with an ODS code */
export const ON_BEHALF = 'NHSD-End-User-Organisation-ODS';
const CODE = /^[A-Za-z0-9._-]{1,64}$/;

/** @returns the organisation; undefined where none is named; refusal `access-organisation` (403) where the client does not act for it */
export function onBehalfOf(
  request: Pick<Request, 'get'>,
  { organisations }: Pick<ApiClient, 'organisations'>,
): Checked<string | undefined> {
  const code = request.get(ON_BEHALF)?.trim();
  if (code === undefined) return { ok: true, value: undefined };
  const isOwn = organisations === 'all' ? CODE.test(code) : organisations.includes(code);
  if (isOwn) return { ok: true, value: code };
  return refuse({
    code: 'forbidden',
    rule: 'access-organisation',
    diagnostics: `This client does not act for the organisation in ${ON_BEHALF}: name one of its "organisations", or leave the header out.`,
    expression: `http.${ON_BEHALF}`,
  });
}

/** @returns the same access, for one of the client's organisations: it sees what is that one's, which owns what it creates */
export function actingFor(access: Access, organisation: string): Access {
  return { ...access, organisation, viewer: { ...access.viewer, organisations: [organisation] } };
}
