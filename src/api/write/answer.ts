/** Turns what became of a write into the answer to its client, as the client prefers it. */
import { STATUS_CODES } from 'node:http';
import type { BundleEntry, OperationOutcome } from '@medplum/fhirtypes';
import type { Response } from 'express';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { StoredVersion } from '../../store/store.ts';
import { etagOf } from '../conditional.ts';
import type { Preferences } from '../prefer.ts';
import { sendFhir, sendFhirText } from '../respond.ts';
import { exactOf, textOf } from '../search/bundle-text.ts';
import type { Refusal, Writer, Written } from './asked.ts';

/** Answers a request of its own. @source FHIR R4, 3.1.0.1.7 (Prefer), 3.1.0.8 (create) */
export function sendWritten(
  response: Response,
  { access, base }: Writer,
  written: Written,
  { returns = 'representation' }: Pick<Preferences, 'returns'>,
): void {
  const { version, interaction, others = [] } = written;
  response.set('Cache-Control', 'no-store');
  // what several are in has no version
  if (version && others.length === 0) {
    response.set('ETag', etagOf(version.version));
    if (interaction !== 'delete')
      response.set({
        Location: addressOf(base, version),
        'Last-Modified': new Date(version.lastUpdatedMs).toUTCString(),
      });
  }
  if (returns === 'OperationOutcome')
    return sendFhir(response, written.status === 204 ? 200 : written.status, outcomeFor(written));
  const isShown = returns === 'representation' && version?.resource && access.may(version.type, 'read');
  if (isShown) return sendFhirText(response, written.status, textOf(version));
  response.status(written.status).end();
}

/** Answers an entry of a Bundle; what was written comes back where the client asked for it. */
export function entryOf(
  { access, base }: Writer,
  written: Written,
  { returns = 'minimal' }: Pick<Preferences, 'returns'>,
): BundleEntry {
  const { version, interaction, status, others = [] } = written;
  const isShown = returns === 'representation' && version?.resource && access.may(version.type, 'read');
  return {
    ...(version?.resource ? { fullUrl: `${base}/${version.type}/${version.id}` } : {}),
    ...(isShown ? { resource: exactOf(version) } : {}),
    response: {
      status: statusLine(status),
      ...(version && interaction !== 'delete' ? { location: addressOf(base, version) } : {}),
      ...(version && others.length === 0
        ? { etag: etagOf(version.version), lastModified: new Date(version.lastUpdatedMs).toISOString() }
        : {}),
      ...(returns === 'OperationOutcome' || written.warnings.length > 0
        ? { outcome: outcomeFor(written) }
        : {}),
    },
  };
}

export function refusedEntry({ status, outcome }: Omit<Refusal, 'ok'>): BundleEntry {
  return { response: { status: statusLine(status), outcome } };
}

export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`.trim();
}

function addressOf(base: string, { type, id, version }: StoredVersion): string {
  return `${base}/${type}/${id}/_history/${version}`;
}

function outcomeFor({ warnings, interaction, status, version, others = [] }: Written): OperationOutcome {
  if (warnings.length > 0) return outcomeOf(...warnings);
  const of = version ? `${version.type}/${version.id}` : 'The resource';
  const left = version ? 'is deleted' : 'is not here';
  const word = interaction === 'delete' ? left : status === 201 ? 'was created' : 'stands as sent';
  return outcomeOf(
    issueOf({
      severity: 'information',
      code: 'informational',
      rule: 'api-written',
      diagnostics:
        others.length > 0
          ? `${others.length + 1} resources of type ${version?.type} were deleted.`
          : version
            ? `${of} ${word}, in version ${version.version}.`
            : `${of} ${word}.`,
    }),
  );
}
