/** Sends documents to a FHIR R4 server as a DocumentReference with its Bundle, under ids of ours: the same again is the same. */
import type { Bundle, DocumentReference } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM, SNOMED_SYSTEM } from '../../fhir/identifiers.ts';
import { uuidV5 } from '../../fhir/ids.ts';
import type { Exchange } from '../../wire/exchange.ts';
import { send } from '../../wire/http.ts';
import { classify, retryAfterMs } from '../../wire/retry-class.ts';
import { refusalOf } from '../answers.ts';
import { DOCUMENT_SYSTEM } from './bundle.ts';
import { pdfIn } from './folder.ts';
import type { Errand, Gone, Way } from './way.ts';

export interface FhirWayOptions {
  /** of the target, for messages */
  readonly target: string;
  readonly baseUrl: string;
  readonly token?: string | undefined;
  readonly deadlineMs: number;
  readonly exchange: Exchange;
  readonly clock: () => number;
}

const AGAIN_MS = 60_000;

/** A server that has the document has it for good: nothing is recalled. */
export function fhirWay(options: FhirWayOptions): Way {
  return {
    kind: 'fhir',
    send: async (errand, signal) => {
      const bundle = JSON.parse(errand.document.bundle) as Bundle;
      const whole = await put(options, `Bundle/${errand.document.reference}`, bundle, signal);
      if (whole.state !== 'answered') return whole;
      const reference = referenceTo(errand, bundle);
      return await put(options, `DocumentReference/${reference.id}`, reference, signal);
    },
    stop: async () => false,
  };
}

async function put(options: FhirWayOptions, path: string, body: object, signal: AbortSignal): Promise<Gone> {
  const { baseUrl, token, deadlineMs, exchange, clock, target } = options;
  const headers = {
    'content-type': 'application/fhir+json',
    accept: 'application/fhir+json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const request = {
    method: 'PUT',
    url: `${baseUrl.replace(/\/$/, '')}/${path}`,
    headers,
    body: JSON.stringify(body),
  };
  const answer = await send(request, { deadlineMs, signal, exchange });
  if (!answer.ok) return { state: 'again', waitMs: AGAIN_MS, outcome: answer.outcome };
  const { status } = answer;
  if (status >= 200 && status < 300) return { state: 'answered' };
  const { outcome } = refusalOf(
    `PUT ${path}`,
    { status, body: answer.body },
    { target, lockedStatuses: [423], lockedCodes: [] },
  );
  // credentials and locks are nobody's document's fault
  const passes = classify(status) !== 'permanent' || status === 401 || status === 403 || status === 423;
  if (!passes) return { state: 'rejected', outcome };
  return {
    state: 'again',
    waitMs: retryAfterMs(answer.headers['retry-after'], clock()) ?? AGAIN_MS,
    outcome,
  };
}

/** @returns what a record lists: whose it is, what kind, and the PDF beside the Bundle */
export function referenceTo({ document }: Errand, bundle: Bundle): DocumentReference {
  const { reference, title, addressee, replaces } = document;
  const composition = bundle.entry?.[0]?.resource as {
    type?: DocumentReference['type'];
    confidentiality?: string;
  };
  const number = addressee.nhsNumber;
  return {
    resourceType: 'DocumentReference',
    id: uuidV5(reference, 'DocumentReference'),
    masterIdentifier: { system: DOCUMENT_SYSTEM, value: reference },
    status: 'current',
    docStatus: 'final',
    type: composition.type ?? { coding: [{ system: SNOMED_SYSTEM, code: '371531000' }] },
    ...(number === undefined
      ? {}
      : { subject: { identifier: { system: NHS_NUMBER_SYSTEM, value: number } } }),
    date: bundle.timestamp!,
    ...(replaces === undefined
      ? {}
      : {
          relatesTo: [
            { code: 'replaces', target: { identifier: { system: DOCUMENT_SYSTEM, value: replaces } } },
          ],
        }),
    description: title,
    content: [
      {
        attachment: {
          contentType: 'application/pdf',
          language: 'en-GB',
          data: pdfIn(bundle).toString('base64'),
          title,
          creation: bundle.timestamp!,
        },
      },
      { attachment: { contentType: 'application/fhir+json', url: `Bundle/${reference}`, title } },
    ],
  };
}
