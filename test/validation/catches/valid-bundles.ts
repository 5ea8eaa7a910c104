/** Valid Bundles, Questionnaires and a response, as small as they can be with one of each thing in them that mutations break. */
import type { Json } from '../../../src/validation/run.ts';

const PATIENT_URN = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520';
const REQUEST_URN = 'urn:uuid:0f1e2d3c-4b5a-4697-8877-665544332211';

const person = { resourceType: 'Patient', active: true };
const request = {
  resourceType: 'ServiceRequest',
  status: 'active',
  intent: 'order',
  subject: { reference: PATIENT_URN },
  requester: { reference: 'Practitioner?identifier=https://fhir.hl7.org.uk/Id/gmc-number|7' },
};

const Transaction = {
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    {
      fullUrl: PATIENT_URN,
      resource: person,
      request: { method: 'POST', url: 'Patient', ifNoneExist: 'name=a' },
    },
    { fullUrl: REQUEST_URN, resource: request, request: { method: 'POST', url: 'ServiceRequest' } },
    {
      fullUrl: 'https://example.org/fhir/Organization/o-1',
      resource: { resourceType: 'Organization', id: 'o-1', name: 'Elm' },
      request: { method: 'PUT', url: 'Organization/o-1' },
    },
    { request: { method: 'DELETE', url: 'Task/t-1' } },
  ],
};

const Searchset = {
  resourceType: 'Bundle',
  type: 'searchset',
  total: 1,
  link: [{ relation: 'self', url: 'https://example.org/fhir/Patient?active=true' }],
  entry: [
    {
      fullUrl: 'https://example.org/fhir/Patient/p-1',
      resource: { ...person, id: 'p-1' },
      search: { mode: 'match', score: 0.5 },
    },
  ],
};

const Message = {
  resourceType: 'Bundle',
  type: 'message',
  timestamp: '2026-01-01T10:00:00Z',
  entry: [
    {
      fullUrl: 'urn:uuid:11111111-2222-4333-8444-555555555555',
      resource: {
        resourceType: 'MessageHeader',
        eventUri: 'https://example.org/event',
        source: { endpoint: 'https://example.org/from' },
        focus: [{ reference: PATIENT_URN }],
      },
    },
    { fullUrl: PATIENT_URN, resource: person },
  ],
};

const DocumentBundle = {
  resourceType: 'Bundle',
  type: 'document',
  identifier: { system: 'urn:ietf:rfc:3986', value: 'urn:uuid:99999999-2222-4333-8444-555555555555' },
  timestamp: '2026-01-01T10:00:00Z',
  entry: [
    {
      fullUrl: 'https://example.org/fhir/Composition/c-1',
      resource: {
        resourceType: 'Composition',
        id: 'c-1',
        status: 'final',
        type: { text: 'Summary' },
        subject: { reference: 'Patient/p-1' },
        date: '2026-01-01',
        author: [{ display: 'Elm' }],
        title: 'Summary',
      },
    },
    { fullUrl: 'https://example.org/fhir/Patient/p-1', resource: { ...person, id: 'p-1' } },
  ],
};

const Responses = {
  resourceType: 'Bundle',
  type: 'batch-response',
  entry: [{ response: { status: '201 Created', location: 'Patient/p-1/_history/1' } }],
};

const Questionnaire = {
  resourceType: 'Questionnaire',
  url: 'https://example.org/Questionnaire/home',
  status: 'active',
  item: [
    { linkId: 'alone', type: 'boolean', text: 'Alone?', required: true, initial: [{ valueBoolean: false }] },
    {
      linkId: 'since',
      type: 'date',
      enableWhen: [{ question: 'alone', operator: '=', answerBoolean: true }],
    },
    { linkId: 'mood', type: 'choice', answerOption: [{ valueString: 'low' }, { valueString: 'high' }] },
    { linkId: 'more', type: 'group', item: [{ linkId: 'words', type: 'string', maxLength: 10 }] },
    { linkId: 'thanks', type: 'display', text: 'Thank you' },
  ],
};

const QuestionnaireResponse = {
  resourceType: 'QuestionnaireResponse',
  contained: [{ ...Questionnaire, id: 'form' }],
  questionnaire: '#form',
  status: 'completed',
  item: [
    { linkId: 'alone', answer: [{ valueBoolean: true }] },
    { linkId: 'since', answer: [{ valueDate: '2024-05' }] },
    { linkId: 'mood', answer: [{ valueString: 'low' }] },
    { linkId: 'more', item: [{ linkId: 'words', answer: [{ valueString: 'quiet' }] }] },
  ],
};

export const VALID_BUNDLES: Readonly<Record<string, Json>> = {
  Transaction,
  Searchset,
  Message,
  DocumentBundle,
  Responses,
  Questionnaire,
  QuestionnaireResponse,
};
