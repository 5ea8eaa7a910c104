/** Turns what was collected of a referral into the document that is kept and sent: Bundle, PDF and page in one. */
import type { Organization, Patient } from '@medplum/fhirtypes';
import type { Definitions } from '../../fhir/definitions.ts';
import { canonicalJson, digestOf } from '../../fhir/digest.ts';
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import { verifiedNhsNumber } from '../../fhir/verified-number.ts';
import { type Successors, workedBy } from '../../nhs/ods/successors.ts';
import type { Summary } from '../../referral/summary/content.ts';
import { gatheredOf, odsOf, organizationOf } from '../../referral/summary/gathered.ts';
import { summaryOf } from '../../referral/summary/summary-of.ts';
import { type Displays, ukDateOf } from '../../referral/summary/words.ts';
import type { ResourceKey } from '../../store/store.ts';
import { documentBundle, partiesOf } from './bundle.ts';
import type { Collected } from './collect.ts';
import { documentHtml } from './html.ts';
import { documentPdf } from './pdf.ts';
import type { Trigger } from './trigger.ts';
import type { KeptDocument } from './way.ts';

/** To whom documents of a target go. */
export type Recipient = 'gp' | 'referrer';

export interface MakeOptions {
  readonly target: string;
  readonly recipient: Recipient;
  readonly type: { readonly code: string; readonly display: string };
  readonly displays: Displays;
  readonly definitions: Definitions;
}

export interface Draft {
  readonly summary: Summary;
  /** the same for a document and its corrections: (target, referral, cause) */
  readonly series: string;
  /** the same for the same content of a series */
  readonly content: string;
  /** of whom it goes to, or of who works in the place of one that has closed */
  readonly odsCode?: string | undefined;
  readonly location: string;
  readonly patient: Patient;
}

/** @returns undefined where there is nobody to write to: no referral, no person, or a referrer who is the practice itself */
export function draftOf(
  { resources, isCodedOnly }: Collected,
  requestKey: ResourceKey,
  { why, cause }: Trigger,
  { target, recipient, displays, definitions }: MakeOptions,
  successors: Successors,
): Draft | undefined {
  const summary = summaryOf({ requestKey, resources, trigger: why, isCodedOnly, displays, definitions });
  const gathered = gatheredOf(resources);
  const request = gathered.at({ reference: requestKey });
  if (summary === undefined || request?.resourceType !== 'ServiceRequest') return undefined;
  const patient = gathered.at(request.subject) as Patient;
  const { practice, service } = partiesOf(resources, requestKey);
  const referrer = organizationOf(gathered, request.requester);
  const isSame = referrer === undefined || referrer.id === practice?.id || referrer.id === service?.id;
  const codes = { gp: codeOf(practice, successors), referrer: codeOf(referrer, successors) };
  if (recipient === 'referrer' && (isSame || (codes.referrer !== undefined && codes.referrer === codes.gp)))
    return undefined;
  const series = uuidV5(PROJECT_NAMESPACE, JSON.stringify(['document', target, requestKey, cause]));
  const { odsCode } = summary.linkWorker;
  return {
    summary,
    series,
    content: uuidV5(series, digestOf(summary)),
    odsCode: codes[recipient],
    location: summary.linkWorker.organisation ?? odsCode ?? '',
    patient,
  };
}

function codeOf(organization: Organization | undefined, successors: Successors): string | undefined {
  const code = odsOf(organization);
  return code && workedBy(code, successors, undefined);
}

export interface Making {
  readonly draft: Draft;
  readonly collected: Collected;
  readonly requestKey: ResourceKey;
  readonly version: number;
  /** how often it was made before of the same content and version, and stopped; default 0 */
  readonly attempt?: number;
  readonly madeMs: number;
  readonly replaces?: string | undefined;
}

/** @returns the same for the same; `id` holds nothing of the person */
export async function makeDocument(
  { draft, collected, requestKey, version, attempt = 0, madeMs, replaces }: Making,
  { type }: Pick<MakeOptions, 'type'>,
): Promise<{ readonly id: string; readonly document: KeptDocument }> {
  const { summary, series, content, odsCode, location, patient } = draft;
  const which = `${content}.${version}${attempt === 0 ? '' : `-${attempt}`}`;
  const id = `${series}.${which}`;
  const reference = uuidV5(series, which);
  const facts = { reference, made: ukDateOf(madeMs)!, ...(replaces === undefined ? {} : { replaces }) };
  const pdf = await documentPdf(summary, { ...facts, madeMs });
  const html = documentHtml(summary, facts);
  const { resources } = collected;
  const bundle = documentBundle({ summary, requestKey, resources, facts, madeMs, type, pdf, html });
  const name = patient.name?.find(({ use }) => use === 'official') ?? patient.name?.[0];
  return {
    id,
    document: {
      reference,
      title: summary.title,
      bundle: canonicalJson(bundle),
      addressee: {
        odsCode,
        nhsNumber: verifiedNhsNumber(patient),
        birthDate: patient.birthDate,
        familyName: name?.family,
        personName: summary.person.name,
        location,
      },
      version,
      isCodedOnly: collected.isCodedOnly,
      replaces,
    },
  };
}
