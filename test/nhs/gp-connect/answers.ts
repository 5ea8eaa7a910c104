/** Writes the answers that a practice's system would send to a document, in XML and in JSON. */
import { stu3Json, stu3Xml } from '../../../src/nhs/gp-connect/stu3-shape.ts';
import { NAMES } from './names.ts';

export interface Answer {
  readonly reference: string;
  readonly headerId?: string;
  readonly code: string;
  readonly response?: string;
  readonly format?: 'xml' | 'json';
  readonly asksBack?: boolean;
}

export function answerOf({
  reference,
  headerId = 'unknown',
  code,
  response,
  format = 'xml',
  asksBack = false,
}: Answer): string {
  const header = {
    resourceType: 'MessageHeader',
    id: 'answer',
    extension: [
      {
        url: NAMES.handlingExtension,
        extension: [
          { url: 'BusAckRequested', valueBoolean: asksBack },
          { url: 'InfAckRequested', valueBoolean: false },
          { url: 'SenderReference', valueString: reference },
        ],
      },
    ],
    event: { system: NAMES.event.system, code: 'ITK008M' },
    timestamp: '2026-06-11T10:00:00Z',
    source: { endpoint: 'urn:practice' },
    response: {
      identifier: headerId,
      ...(response ? { code: response } : {}),
      details: { reference: 'urn:uuid:outcome' },
    },
  };
  const outcome = {
    resourceType: 'OperationOutcome',
    id: 'outcome',
    issue: [{ severity: 'information', code: 'informational', details: { coding: [{ code }] } }],
  };
  const bundle = {
    resourceType: 'Bundle',
    type: 'message',
    entry: [{ resource: header }, { resource: outcome }],
  };
  return format === 'xml' ? stu3Xml(bundle) : stu3Json(bundle);
}
