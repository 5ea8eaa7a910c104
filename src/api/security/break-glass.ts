/** Turns the header by which somebody looks through labels and consents in an emergency into its reason, where the client may. */
import type { Request, Response } from 'express';
import { type Checked, refuse } from '../../fhir/outcome.ts';

export const BREAK_GLASS = 'X-Break-Glass';
const REASON = /^[\x20-\x7e]{10,500}$/;
const KEY = 'breakGlass';

/** @returns the reason; undefined where glass is not to be broken; a refusal (403) where it may not, or no reason is given */
export function breakGlassOf(
  request: Pick<Request, 'get'>,
  { mayBreakGlass }: { readonly mayBreakGlass: boolean },
): Checked<string | undefined> {
  const reason = request.get(BREAK_GLASS)?.trim();
  if (reason === undefined) return { ok: true, value: undefined };
  if (!mayBreakGlass)
    return refuse({
      code: 'forbidden',
      rule: 'access-break-glass',
      diagnostics: `This client may not look through labels and consents: leave ${BREAK_GLASS} out, or have "mayBreakGlass" set for it.`,
    });
  if (REASON.test(reason)) return { ok: true, value: reason };
  return refuse({
    code: 'value',
    rule: 'access-break-glass-reason',
    diagnostics: `${BREAK_GLASS} needs a reason that a person can judge later: 10 to 500 characters of ASCII, and no name of the patient.`,
  });
}

/** Keeps the reason for the audit. */
export function setBreakGlass(response: Response, reason: string): void {
  response.locals[KEY] = reason;
}

/** @returns why labels and consents are looked through for this request; undefined where they are not */
export function breakGlassReason(response: Response): string | undefined {
  return response.locals[KEY] as string | undefined;
}
