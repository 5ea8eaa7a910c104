/** A whole referral as requests that follow each other: what they send, and what of an answer the next ones need. */

export interface Step {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** below the FHIR base; `{{name}}` stands for what an earlier step kept */
  readonly path: string;
  readonly body?: object;
  readonly media?: string;
  /** status that it is answered with */
  readonly status: number;
  /** name under which the id of the answer is kept */
  readonly keep?: string;
}

const TOPIC = 'https://hedgerow.example/fhir/SubscriptionTopic/referral-status-changed';
const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
const PATIENT = { reference: 'Patient/{{patient}}' };
const REFERRAL = { reference: 'ServiceRequest/{{referral}}' };

/** Made-up people; the identifier is of nobody. */
export const REFERRAL_STEPS: readonly Step[] = [
  {
    ...{
      name: 'Subscribe to the referral',
      method: 'POST',
      path: '/Subscription',
      status: 201,
      keep: 'subscription',
    },
    body: {
      resourceType: 'Subscription',
      meta: { profile: [`${BACKPORT}/backport-subscription`] },
      status: 'off',
      reason: 'To be told of referrals; write requested in place of off to begin',
      criteria: TOPIC,
      channel: {
        type: 'rest-hook',
        endpoint: '{{hook}}',
        payload: 'application/fhir+json',
        _payload: { extension: [{ url: `${BACKPORT}/backport-payload-content`, valueCode: 'id-only' }] },
      },
    },
  },
  {
    ...{ name: 'Create the person', method: 'POST', path: '/Patient', status: 201, keep: 'patient' },
    body: {
      resourceType: 'Patient',
      identifier: [{ system: 'https://vendor.example/person', value: 'example-1' }],
      name: [{ use: 'official', family: 'Example', given: ['Robin'] }],
    },
  },
  {
    ...{ name: 'Refer the person', method: 'POST', path: '/ServiceRequest', status: 201, keep: 'referral' },
    body: {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      code: { coding: [{ system: 'http://snomed.info/sct', code: '871731000000106' }] },
      subject: PATIENT,
      authoredOn: '2026-03-01',
    },
  },
  {
    ...{ name: 'Record a contact', method: 'POST', path: '/Encounter', status: 201, keep: 'contact' },
    body: {
      resourceType: 'Encounter',
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'VR' },
      subject: PATIENT,
      basedOn: [REFERRAL],
      period: { start: '2026-03-05T10:00:00Z', end: '2026-03-05T10:30:00Z' },
    },
  },
  {
    name: 'Find the contacts of the referral',
    method: 'GET',
    path: '/Encounter?based-on=ServiceRequest/{{referral}}',
    status: 200,
  },
  {
    name: 'Ask where the referral stands',
    method: 'GET',
    path: '/ServiceRequest/{{referral}}/$status',
    status: 200,
  },
  {
    ...{ name: 'Add a note', method: 'PATCH', path: '/ServiceRequest/{{referral}}', status: 200 },
    media: 'application/json-patch+json',
    body: [{ op: 'add', path: '/patientInstruction', value: 'Bring a friend.' }],
  },
  {
    name: 'See how it came to be',
    method: 'GET',
    path: '/ServiceRequest/{{referral}}/_history',
    status: 200,
  },
  {
    name: 'See everything of the person',
    method: 'GET',
    path: '/Patient/{{patient}}/$everything',
    status: 200,
  },
  { name: 'End the subscription', method: 'DELETE', path: '/Subscription/{{subscription}}', status: 204 },
];
