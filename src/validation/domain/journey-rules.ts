/** Turns a record's resources into the faults of a journey: contacts outside their episode (hr-3), bare referrals (hr-7), impossible lives (hr-9). */
import type { Encounter, OperationOutcomeIssue, Patient, ServiceRequest } from '@medplum/fhirtypes';
import { issueOf } from '../../fhir/outcome.ts';
import { isBefore } from '../../referral/fhir-time.ts';
import type { Journey } from './journey.ts';

/** hr-3: a contact lies within its episode. */
export function checkContactInEpisode(encounter: Encounter, journey: Journey): OperationOutcomeIssue[] {
  if (encounter.status === 'entered-in-error') return [];
  const { start, end } = encounter.period ?? {};
  return (encounter.episodeOfCare ?? []).flatMap(({ reference }) => {
    const episode = journey.find('EpisodeOfCare', reference)?.period;
    if (isBefore(start, episode?.start)) return [outside('start', 'before its episode of care begins')];
    if (isBefore(episode?.end, start)) return [outside('start', 'after its episode of care has ended')];
    return isBefore(episode?.end, end) ? [outside('end', 'after its episode of care has ended')] : [];
  });
}

function outside(edge: 'start' | 'end', when: string): OperationOutcomeIssue {
  const path = `Encounter.period.${edge}`;
  return issueOf({
    severity: 'warning',
    code: 'business-rule',
    rule: 'hr-3',
    diagnostics: `${path} is ${when}: correct the contact, or the episode’s dates.`,
    expression: path,
  });
}

/**
 * hr-7: a referral names a person, a need, a referrer and a service. Drafts, withdrawn ones and those entered in error
 * may be bare: nobody acts on them. An onward referral has the need of the referral it is based on. One without a subject
 * is a part that adds to a referral of another record: of a whole one, base R4 itself asks for the person.
 */
export function checkReferral(referral: ServiceRequest): OperationOutcomeIssue[] {
  if (!referral.subject || ['draft', 'revoked', 'entered-in-error'].includes(referral.status)) return [];
  const need = referral.reasonCode?.length || referral.reasonReference?.length || referral.basedOn?.length;
  const parts = [
    [need, 'reasonCode', 'need'],
    [referral.requester, 'requester', 'referrer'],
    [referral.performer?.length, 'performer', 'service'],
  ] as const;
  return parts.flatMap(([present, element, word]) =>
    present
      ? []
      : [
          issueOf({
            severity: 'warning',
            code: 'required',
            rule: 'hr-7',
            diagnostics: `ServiceRequest.${element} is missing, so the referral names no ${word}: supply it in the source.`,
            expression: `ServiceRequest.${element}`,
          }),
        ],
  );
}

/** Contacts that have taken place: one planned before a death is cancelled after it, and that is no fault. */
const TOOK_PLACE = new Set(['arrived', 'triaged', 'in-progress', 'onleave', 'finished']);

/** hr-9, contacts: none before the person was born; the first is not after the person died. */
export function checkContactInLife(encounter: Encounter, journey: Journey): OperationOutcomeIssue[] {
  const start = encounter.period?.start;
  if (!TOOK_PLACE.has(encounter.status ?? '') || start === undefined) return [];
  const { birthDate, deceasedDateTime } = lifeOf(encounter, journey);
  if (isBefore(start, birthDate))
    return [impossible('Encounter.period.start', 'is before the person was born')];
  return isBefore(deceasedDateTime, firstContact(encounter, journey))
    ? [impossible('Encounter.period.start', 'is the first contact and is after the person died')]
    : [];
}

/** hr-9, the person: no death before birth. */
export function checkLife({ birthDate, deceasedDateTime }: Patient): OperationOutcomeIssue[] {
  return isBefore(deceasedDateTime, birthDate)
    ? [impossible('Patient.deceasedDateTime', 'is before the person was born')]
    : [];
}

/** The record may hold only a part of the person: what it lacks comes from the store. */
function lifeOf(encounter: Encounter, journey: Journey): Pick<Patient, 'birthDate' | 'deceasedDateTime'> {
  const reference = encounter.subject?.reference;
  const here = journey.inRecord('Patient', reference);
  const known = journey.find('Patient', reference);
  return {
    birthDate: here?.birthDate ?? known?.birthDate,
    deceasedDateTime: here?.deceasedDateTime ?? known?.deceasedDateTime,
  };
}

/** The earliest moment known at which the service had met the person: a call to the family after a death is no first contact. */
function firstContact(encounter: Encounter, journey: Journey): string | undefined {
  const starts = (encounter.episodeOfCare ?? []).map(
    ({ reference }) => journey.find('EpisodeOfCare', reference)?.period?.start,
  );
  return [encounter.period?.start, ...starts].reduce((first, next) => (isBefore(next, first) ? next : first));
}

function impossible(path: string, text: string): OperationOutcomeIssue {
  return issueOf({
    code: 'business-rule',
    rule: 'hr-9',
    diagnostics: `${path} ${text}: check the dates of birth, death and contact with the source.`,
    expression: path,
  });
}
