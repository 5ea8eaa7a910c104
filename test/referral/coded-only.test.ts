/** What is left of a resource where consent covers codes only. */
import type { Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { consent, sent, words } from './sharing.ts';

const narrative: readonly (readonly [string, Resource, unknown])[] = [
  [
    'a referral’s note and instruction',
    {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/p1' },
      note: [{ text: words }],
      patientInstruction: words,
    },
    {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/p1' },
    },
  ],
  [
    'answers in words',
    {
      resourceType: 'QuestionnaireResponse',
      status: 'completed',
      item: [
        { linkId: 'concern-1-text', text: words, answer: [{ valueString: words }] },
        { linkId: 'concern-1', answer: [{ valueInteger: 4 }] },
      ],
    },
    {
      resourceType: 'QuestionnaireResponse',
      status: 'completed',
      item: [{ linkId: 'concern-1-text' }, { linkId: 'concern-1', answer: [{ valueInteger: 4 }] }],
    },
  ],
  [
    'words in extensions and contained resources',
    {
      resourceType: 'Task',
      status: 'requested',
      intent: 'order',
      description: words,
      statusReason: { text: words },
      extension: [
        { url: 'https://example.org/a', valueString: words },
        { url: 'https://example.org/b', valueCode: 'x' },
        { url: 'https://example.org/c', extension: [{ url: 'd', valueMarkdown: words }] },
      ],
      contained: [
        { resourceType: 'Condition', id: 'n', subject: { reference: 'Patient/p1' }, note: [{ text: words }] },
      ],
    },
    {
      resourceType: 'Task',
      status: 'requested',
      intent: 'order',
      extension: [{ url: 'https://example.org/b', valueCode: 'x' }],
      contained: [{ resourceType: 'Condition', id: 'n', subject: { reference: 'Patient/p1' } }],
    },
  ],
  [
    'a score keeps its number and unit',
    {
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ code: 'a', display: words }], text: words },
      valueQuantity: { value: 3, unit: 'score' },
      note: [{ text: words }],
    },
    {
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ code: 'a' }] },
      valueQuantity: { value: 3, unit: 'score' },
    },
  ],
];

test.each(narrative)('coded only: %s', (_, resource, expected) => {
  const consents = [consent({}, 'coded-only')];
  expect(sent({ consents, resource })).toEqual(expected);
  expect(JSON.stringify(sent({ consents, resource }))).not.toContain(words);
});

test.each<[string, Resource]>([
  [
    'a goal in the person’s own words',
    {
      resourceType: 'Goal',
      lifecycleStatus: 'active',
      description: { text: words },
      subject: { reference: 'Patient/p1' },
    },
  ],
  [
    'a flag in words',
    { resourceType: 'Flag', status: 'active', code: { text: words }, subject: { reference: 'Patient/p1' } },
  ],
  [
    'an observation that is a note',
    {
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ code: 'contact-note' }] },
      note: [{ text: words }],
    },
  ],
  [
    'an observation whose value is words',
    {
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ code: 'own-words' }] },
      valueString: words,
    },
  ],
])('coded only: %s is not sent at all', (_, resource) => {
  expect(sent({ consents: [consent({}, 'coded-only')], resource })).toBeUndefined();
});
