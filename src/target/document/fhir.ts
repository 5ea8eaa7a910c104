/** Sends documents to a FHIR R4 server as a DocumentReference with its Bundle in one transaction, under ids of ours: the same again is the same. */
import type { Bundle, BundleEntry, DocumentReference } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM, SNOMED_SYSTEM } from '../../fhir/identifiers.ts';
import { uuidV5 } from '../../fhir/ids.ts';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { Exchange } from '../../wire/exchange.ts';
import { send } from '../../wire/http.ts';
import { classify, retryAfterMs } from '../../wire/retry-class.ts';
import { type Refused, type Reply, refusalOf } from '../answers.ts';
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
      return await putTogether(options, [bundle, referenceTo(errand, bundle)], signal);
    },
    stop: async () => false,
  };
}

/** Both are taken or none is, so that who refuses it holds nothing of it. */
async function putTogether(
  options: FhirWayOptions,
  resources: readonly (Bundle | DocumentReference)[],
  signal: AbortSignal,
): Promise<Gone> {
  const { baseUrl, token, deadlineMs, exchange, clock } = options;
  const headers = {
    'content-type': 'application/fhir+json',
    accept: 'application/fhir+json',
    prefer: 'return=minimal',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const base = baseUrl.replace(/\/$/, '');
  const transaction: Bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: resources.map((resource) => {
      const url = `${resource.resourceType}/${resource.id}`;
      return { fullUrl: `${base}/${url}`, resource, request: { method: 'PUT', url } };
    }),
  };
  const request = { method: 'POST', url: base, headers, body: JSON.stringify(transaction) };
  const answer = await send(request, { deadlineMs, signal, exchange });
  if (!answer.ok) return { state: 'again', waitMs: AGAIN_MS, outcome: answer.outcome };
  const { status, body } = answer;
  if (isTaken(status)) return takenOf(options, transaction.entry!, body);
  const { outcome } = refusedBy(options, 'the transaction with the document', { status, body });
  if (isFinal(status)) return { state: 'rejected', outcome };
  return {
    state: 'again',
    waitMs: retryAfterMs(answer.headers['retry-after'], clock()) ?? AGAIN_MS,
    outcome,
  };
}

/** Each entry counts by its own status: where one is missing, or only one was taken, what the server holds is not known. */
function takenOf(options: FhirWayOptions, asked: readonly BundleEntry[], body: unknown): Gone {
  const answers = (body as Bundle | undefined)?.entry ?? [];
  const statuses = asked.map((_, at) => Number.parseInt(answers[at]?.response?.status ?? '', 10));
  const failed = statuses.findIndex((status) => !isTaken(status));
  if (failed === -1) return { state: 'answered' };
  const status = statuses[failed]!;
  if (Number.isNaN(status)) return { state: 'again', waitMs: AGAIN_MS, outcome: outcomeOf(UNPROVEN) };
  const what = `PUT ${asked[failed]!.request!.url}`;
  const { outcome } = refusedBy(options, what, { status, body: answers[failed]!.response!.outcome });
  return statuses.every(isFinal)
    ? { state: 'rejected', outcome }
    : { state: 'again', waitMs: AGAIN_MS, outcome };
}

function isTaken(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Credentials and locks are nobody's document's fault. */
function isFinal(status: number): boolean {
  const isPassing = status === 401 || status === 403 || status === 423;
  return !isTaken(status) && !Number.isNaN(status) && classify(status) === 'permanent' && !isPassing;
}

function refusedBy({ target }: FhirWayOptions, what: string, reply: Reply): Refused {
  return refusalOf(what, reply, { target, lockedStatuses: [423], lockedCodes: [] });
}

const UNPROVEN = issueOf({
  severity: 'warning',
  code: 'exception',
  rule: 'document-unproven',
  diagnostics:
    'The server took the transaction with the document, and does not say what became of each entry: it is sent again.',
});

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
