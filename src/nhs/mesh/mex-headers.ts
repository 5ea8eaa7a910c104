/** Turns a message into Mex headers that MESH takes, and the headers of a received one into what they say. */
import { type Checked, refuse } from '../../fhir/outcome.ts';
import { plainLetters } from '../../wire/plain-letters.ts';
import type { Outgoing } from './channel.ts';

/** What is said of a message that is sent, beside its content. */
export type Envelope = Pick<
  Outgoing,
  'to' | 'workflowId' | 'localId' | 'mexLocalId' | 'subject' | 'fileName' | 'contentType'
>;

/** What a received message says of itself. */
export interface MexReceived {
  readonly type: 'DATA' | 'REPORT';
  readonly messageId: string | undefined;
  readonly workflowId: string;
  readonly from: string;
  readonly to: string;
  readonly localId: string | undefined;
  readonly subject: string | undefined;
  readonly fileName: string | undefined;
  readonly contentType: string | undefined;
  /** of a REPORT: the message that it is about */
  readonly linkedMessageId: string | undefined;
  readonly statusCode: string | undefined;
  readonly isSuccess: boolean;
  /** chunks of all */
  readonly chunks: number;
}

/** Longest value of each header. @source MESH API, message headers */
const LONGEST = {
  'Mex-To': 100,
  'Mex-WorkflowID': 300,
  'Mex-LocalID': 300,
  'Mex-Subject': 500,
  'Mex-FileName': 300,
} as const;
type Name = keyof typeof LONGEST;

/**
 * @param chunk which of how many; one alone is not numbered
 * @returns headers of the request for one chunk; or a refusal that names the header, never its value
 */
export function mexHeaders(
  envelope: Envelope,
  chunk: { readonly number: number; readonly of: number },
): Checked<Readonly<Record<string, string>>> {
  const { to, workflowId, localId, mexLocalId, subject, fileName, contentType } = envelope;
  const exact = { 'Mex-To': to, 'Mex-WorkflowID': workflowId, 'Mex-LocalID': mexLocalId ?? localId };
  const shown = {
    ...(subject ? { 'Mex-Subject': plain(subject) } : {}),
    ...(fileName ? { 'Mex-FileName': plain(fileName) } : {}),
  };
  for (const [name, value] of Object.entries({ ...exact, ...shown })) {
    const fault = faultOf(name as Name, value);
    if (fault) return refuse({ rule: 'mesh-header', code: 'value', diagnostics: `${name}: ${fault}` });
  }
  if (!/^[\x21-\x7e ]{1,200}$/.test(contentType))
    return refuse({
      rule: 'mesh-header',
      code: 'value',
      diagnostics: 'Content-Type: it holds what no header may; name a media type such as text/csv',
    });
  return {
    ok: true,
    value: {
      ...exact,
      ...shown,
      'Content-Type': contentType,
      'Mex-Content-Type': contentType,
      ...(chunk.of > 1 ? { 'Mex-Chunk-Range': `${chunk.number}:${chunk.of}` } : {}),
    },
  };
}

function faultOf(name: Name, value: string): string | undefined {
  if (value.trim() === '') return 'it is empty; give it a value';
  if (value.length > LONGEST[name])
    return `it has ${value.length} characters, and ${LONGEST[name]} may be sent; shorten it`;
  if (!/^[\x20-\x7e]*$/.test(value)) return 'it holds control characters, or letters that no header may hold';
  const isName = name === 'Mex-To' || name === 'Mex-WorkflowID';
  return isName && /^https?:\/\//i.test(value)
    ? 'it begins as a web address; name a mailbox, or a workflow'
    : undefined;
}

/** Headers carry ASCII: letters lose their accents, and what has no plain letter becomes `?`. Line breaks are spaces. */
function plain(text: string): string {
  return plainLetters(text.replaceAll(/[\r\n\t]+/g, ' ')).replaceAll(/[^\x20-\x7e\p{Control}]/gu, '?');
}

/** @param headers names in lower case */
export function readMexHeaders(headers: Readonly<Record<string, string | undefined>>): MexReceived {
  const of = (name: string): string | undefined => headers[name]?.trim() || undefined;
  const total = of('mex-total-chunks') ?? of('mex-chunk-range')?.split(':')[1];
  return {
    type: of('mex-messagetype')?.toUpperCase() === 'REPORT' ? 'REPORT' : 'DATA',
    messageId: of('mex-messageid'),
    workflowId: of('mex-workflowid') ?? '',
    from: of('mex-from') ?? '',
    to: of('mex-to') ?? '',
    localId: of('mex-localid'),
    subject: of('mex-subject'),
    fileName: of('mex-filename'),
    contentType: of('mex-content-type') ?? of('content-type'),
    linkedMessageId: of('mex-linkedmsgid'),
    statusCode: of('mex-statuscode'),
    isSuccess: of('mex-statussuccess')?.toUpperCase() === 'SUCCESS',
    chunks: Number.parseInt(total ?? '1', 10) || 1,
  };
}
