/** Turns an answer about consent into a Consent. */
import type { Consent, ConsentProvision } from '@medplum/fhirtypes';
import { concept, type Draft, toPerson } from './parts.ts';
import { codeOf, codes, codingOf, codings, conceptOf } from './tables.ts';

const STATUS = codes<Consent['status']>('prsb/consent-decision-to-status');
const PROVISION = codes<NonNullable<ConsentProvision['type']>>('prsb/consent-decision-to-provision');
const SCOPE = codings('prsb/consent-purpose-to-scope');
const PURPOSE = codings('prsb/consent-purpose-coding');
const REASON = codings('prsb/consent-purpose-to-reason');
const EXTENT = codings('prsb/consent-extent-coding');

export interface ConsentFacts {
  readonly purpose: string | undefined;
  readonly decision: string | undefined;
  readonly date: string | undefined;
  readonly extent: string | undefined;
}

export function consentOf(
  { purpose, decision, date, extent }: ConsentFacts,
  personKey: string,
): Draft<Consent> {
  const consent: Draft<Consent> = {
    resourceType: 'Consent',
    patient: toPerson(personKey),
    policyRule: concept('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'OPTIN', 'opt-in'),
    provision: provisionOf(purpose, decision, extent),
  };
  if (purpose !== undefined) {
    consent.id = `Consent:${purpose}:${personKey}`;
    const scope = conceptOf(SCOPE, purpose);
    if (scope) consent.scope = scope;
    const category = conceptOf(PURPOSE, purpose);
    if (category) consent.category = [category];
  }
  const status = codeOf(STATUS, decision);
  if (status !== undefined) consent.status = status;
  if (date !== undefined) consent.dateTime = date;
  return consent;
}

function provisionOf(
  purpose: string | undefined,
  decision: string | undefined,
  extent: string | undefined,
): ConsentProvision {
  const code =
    extent === undefined
      ? concept('https://hedgerow.example/fhir/CodeSystem/consent-extent', 'full', 'Full record')
      : conceptOf(EXTENT, extent);
  const provision: ConsentProvision = {};
  if (code) provision.code = [code];
  const type = codeOf(PROVISION, decision);
  if (type !== undefined) provision.type = type;
  const reason = codingOf(REASON, purpose);
  if (reason) provision.purpose = [reason];
  return provision;
}
