/** Turns the X-Provenance header of a write into the Provenance that is written with it. */
import { randomUUID } from 'node:crypto';
import type { Provenance } from '@medplum/fhirtypes';
import type { Request } from 'express';
import type { Fault } from '../../fhir/outcome.ts';
import type { Identified } from '../../store/store.ts';
import { jsonIn } from '../resource-body.ts';
import { type Attempt, placed, type Refusal, refuseWith, type Writer } from './asked.ts';

/** Where it stands, in outcomes. @source FHIR R4, OperationOutcome.issue.expression */
export const HEADER = 'http.X-Provenance';
/** Node takes 16 KB of headers in all, and a token is among them. */
const LONGEST_BYTES = 8_192;
const DEEPEST = 40;

/**
 * @returns the Provenance under an id of ours, without targets: these are the versions that are written; undefined where
 *   there is no header. Refusals: 400 (no Provenance, or one that names its targets), 403 (no right to create it), 413
 * @source FHIR R4, 3.1.0.1.5 and provenance.html (X-Provenance header)
 */
export function provenanceIn(
  request: Pick<Request, 'get'>,
  { access }: Pick<Writer, 'access'>,
): Attempt<Identified | undefined> {
  const header = request.get('x-provenance');
  if (header === undefined) return { ok: true, value: undefined };
  if (!access.may('Provenance', 'create')) return refused(403, NO_RIGHT);
  if (header.length > LONGEST_BYTES) return refused(413, TOO_LONG);
  const text = textOf(header);
  if (text === undefined) return refused(400, NO_TEXT);
  const parsed = jsonIn(text, { jsonBytes: LONGEST_BYTES, depth: DEEPEST });
  if (!parsed.ok) return placed({ ok: false, status: 400, outcome: parsed.outcome }, HEADER);
  const value = parsed.value as Partial<Provenance> | null;
  if (value?.resourceType !== 'Provenance') return refused(400, NO_PROVENANCE);
  if (value.target !== undefined) return refused(400, HAS_TARGET);
  return { ok: true, value: { ...value, id: randomUUID() } as Identified };
}

/** For what the header does not go with. */
export function noProvenance(request: Pick<Request, 'get'>): Attempt<undefined> {
  return request.get('x-provenance') === undefined ? { ok: true, value: undefined } : refused(400, MISPLACED);
}

/** HTTP gives a byte a character. @returns undefined for what is no UTF-8 */
function textOf(header: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(header, 'latin1'));
  } catch {
    return undefined;
  }
}

function refused(status: number, fault: Fault): Refusal {
  return refuseWith(status, fault, HEADER);
}

const NO_RIGHT = {
  code: 'forbidden',
  rule: 'api-right',
  diagnostics:
    'The scopes of this client do not let it create a resource of type Provenance: leave the header out.',
} as const;
const TOO_LONG = {
  code: 'too-long',
  rule: 'api-provenance-size',
  diagnostics: `The header is longer than ${LONGEST_BYTES} bytes: write the Provenance with POST, or in one transaction with the resource.`,
} as const;
const NO_TEXT = {
  code: 'structure',
  rule: 'api-provenance',
  diagnostics: 'The header is no UTF-8: write what is no ASCII as \\u and four hexadecimal digits.',
} as const;
const NO_PROVENANCE = {
  code: 'structure',
  rule: 'api-provenance',
  diagnostics:
    'The header holds one resource of type Provenance, as JSON: write it, or leave the header out.',
} as const;
const HAS_TARGET = {
  code: 'business-rule',
  rule: 'api-provenance-target',
  diagnostics: 'The server fills target in, with the versions that are written: leave it out.',
  expression: 'Provenance.target',
} as const;
const MISPLACED = {
  code: 'not-supported',
  rule: 'api-provenance',
  diagnostics: 'The header goes with create, update, patch and transaction: leave it out here.',
} as const;
