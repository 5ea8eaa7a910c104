/** Sends documents by MESH as GP Connect Send Document has them, and hears what comes back: reports, and acknowledgements of ITK. */
import type { Bundle } from '@medplum/fhirtypes';
import type { Checked } from '../../fhir/outcome.ts';
import { issueOf, outcomeOf, refuse } from '../../fhir/outcome.ts';
import { type ResponseRange, readAcknowledgement } from '../../nhs/gp-connect/acknowledgement.ts';
import { practiceAddress, subjectOf } from '../../nhs/gp-connect/routing.ts';
import { type ItkNames, sendDocumentMessage } from '../../nhs/gp-connect/send-document.ts';
import { stu3Json, stu3Xml } from '../../nhs/gp-connect/stu3-shape.ts';
import type { MeshChannel, Outgoing, Received, Report } from '../../nhs/mesh/channel.ts';
import { adviceOf } from '../../nhs/mesh/status-codes.ts';
import type { Said } from './answers.ts';
import type { Errand, Gone, Way } from './way.ts';

export interface MeshWayOptions {
  readonly channel: Pick<MeshChannel, 'send' | 'sent' | 'replace' | 'lookUp'>;
  /** `registered-practice`: MESH finds it by the person; `organisation`: its mailbox is looked up; else the id of a mailbox */
  readonly to: string;
  readonly workflowId: string;
  readonly subject: string;
  readonly format: 'xml' | 'json';
  readonly sender: { readonly odsCode: string; readonly name: string; readonly phone?: string | undefined };
  readonly source: { readonly name: string; readonly endpoint: string };
  readonly names: ItkNames;
  readonly businessAcknowledgement: boolean;
}

const AGAIN_MS = 60_000;

export function meshWay(options: MeshWayOptions): Way {
  return {
    kind: 'mesh',
    asksWhetherFiled: options.businessAcknowledgement,
    send: async (errand, signal) => await sendBy(options, errand, signal),
    // what the mailbox does not have yet never leaves it either: it asks before (`mayLeave`)
    stop: async (id) => (await options.channel.sent(id)) === undefined || (await options.channel.replace(id)),
  };
}

async function sendBy(options: MeshWayOptions, errand: Errand, signal: AbortSignal): Promise<Gone> {
  const { channel, format, workflowId, sender } = options;
  const { document } = errand;
  const to = await addressOf(options, errand, signal);
  if (!to.ok) return to.isPassing ? again(to.outcome) : { state: 'rejected', outcome: to.outcome };
  const { message, headerId } = sendDocumentMessage({
    ...options,
    document: JSON.parse(document.bundle) as Bundle,
    senderReference: document.reference,
    way: errand.way,
  });
  const text = format === 'xml' ? stu3Xml(message) : stu3Json(message);
  const outgoing: Outgoing = {
    to: to.value,
    workflowId,
    localId: errand.id,
    mexLocalId: sender.odsCode,
    subject: subjectOf(options.subject, {
      title: document.title,
      person: document.addressee.personName,
      nhsNumber: document.addressee.nhsNumber ?? '',
      location: document.addressee.location,
      odsCode: sender.odsCode,
      version: String(document.version),
    }),
    contentType: `application/fhir+${format}`,
    content: Buffer.from(text, 'utf8'),
    conversation: document.reference,
    about: errand.about,
    version: document.version,
    personId: errand.personId,
    ownerOrg: errand.ownerOrg,
  };
  const sent = await channel.send(outgoing, signal);
  if (!sent.ok) return { state: 'rejected', outcome: sent.outcome };
  if (sent.value.progress === 'failed')
    return { state: 'rejected', outcome: sent.value.outcome ?? outcomeOf(NOT_TAKEN) };
  // kept by the mailbox from here on, which sends it once and no more
  return { state: 'sent', remoteId: headerId };
}

type Address =
  | { ok: true; value: string }
  | (Extract<Checked<never>, { ok: false }> & { isPassing?: boolean });

async function addressOf(
  { to, channel, workflowId }: MeshWayOptions,
  { document }: Errand,
  signal: AbortSignal,
): Promise<Address> {
  if (to === 'registered-practice') return practiceAddress(document.addressee);
  if (to !== 'organisation') return { ok: true, value: to };
  const { odsCode } = document.addressee;
  if (odsCode === undefined) return noMailbox('it has no ODS code that is known here');
  const found = await channel.lookUp(odsCode, workflowId, signal);
  if (!found.ok) return { ...found, isPassing: true };
  const [only, ...others] = found.value;
  if (only === undefined || others.length > 0)
    return noMailbox(only === undefined ? 'it has no mailbox for this workflow' : 'it has several mailboxes');
  return { ok: true, value: only.mailbox };
}

function noMailbox(why: string): Address {
  return refuse({
    code: 'not-found',
    rule: 'document-address',
    diagnostics: `The organisation cannot be reached by MESH: ${why}. Name its mailbox as "to", or send another way.`,
  }) as Address;
}

const NOT_TAKEN = issueOf({
  code: 'processing',
  rule: 'document-mesh',
  diagnostics: 'MESH will not carry the document as it is: see the worklist item of the mailbox.',
});

function again(outcome: Extract<Gone, { state: 'again' }>['outcome']): Gone {
  return { state: 'again', waitMs: AGAIN_MS, outcome };
}

/** @param hear of every target that sends by this mailbox; true where the document is one of it */
export function acknowledgementHandler(
  ranges: readonly ResponseRange[],
  hear: (said: Said) => Promise<boolean>,
): (message: Pick<Received, 'read'>) => Promise<Checked<unknown>> {
  return async (message) => {
    const text = Buffer.from(await message.read()).toString('utf8');
    const read = readAcknowledgement(text, ranges);
    if (!read.ok) return read;
    const { senderReference, headerId, stage, verdict, code, advice } = read.value;
    const arrived = stage === 'business' ? 'filed' : 'arrived';
    const what = verdict === 'rejected' ? 'rejected' : arrived;
    const isKnown = await hear({ reference: senderReference, remoteId: headerId, what, code, advice });
    if (isKnown) return { ok: true, value: undefined };
    return refuse({
      code: 'not-found',
      rule: 'gp-connect-answer-unknown',
      diagnostics:
        'The acknowledgement names no document that was sent from here: ask its sender what it answers.',
      expression: 'MessageHeader.response',
    });
  };
}

/** A report that a message failed is a rejection; that it was collected says only that a mailbox took it. */
export function saidBy(report: Report): Said | undefined {
  if (report.progress !== 'failed') return undefined;
  const { localId, conversation, code } = report;
  return { id: localId, reference: conversation, what: 'rejected', code, advice: adviceOf(code) };
}
