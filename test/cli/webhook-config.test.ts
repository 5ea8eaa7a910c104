/** What the configuration says of a webhook: its defaults, and what makes no sense of one. */
import { expect, test } from 'vitest';
import { targetOf } from '../../src/config.ts';
import { configSchema } from '../../src/config-schema.ts';

const WEBHOOK = {
  name: 'cases',
  url: 'https://cases.example/hook',
  kind: 'webhook',
  secretEnv: 'S',
} as const;

test('a webhook gets what EHRs say of referrals, by the consent to refer', () => {
  const { purpose, send, sources } = targetOf(WEBHOOK);
  expect([purpose, send?.origin, send?.codedOnly, sources]).toEqual(['refer', 'ehr', false, []]);
  expect(send?.types).toEqual(expect.arrayContaining(['ServiceRequest', 'Task', 'Patient']));
  expect(send?.types).not.toContain('Encounter');
});

test('what is said of it goes before its defaults', () => {
  const target = targetOf({
    ...WEBHOOK,
    purpose: 'research',
    send: { types: ['Task'], origin: 'elsewhere' },
  });
  expect([target.purpose, target.send?.types, target.send?.origin]).toEqual([
    'research',
    ['Task'],
    'elsewhere',
  ]);
});

test('a FHIR server keeps its own defaults', () => {
  const { kind, purpose, send } = targetOf({ name: 'ehr', url: 'https://ehr.example/fhir' });
  expect([kind, purpose, send]).toEqual(['fhir', 'share-with-gp', undefined]);
});

const EHR = { name: 'ehr', url: 'https://ehr.example/fhir' };
test.each([
  [{ targets: [{ ...WEBHOOK, secretEnv: undefined }] }, 'targets.0.secretEnv'],
  [{ targets: [{ ...WEBHOOK, receive: {} }] }, 'targets.0.receive'],
  [{ targets: [{ ...WEBHOOK, ids: 'server' }] }, 'targets.0.ids'],
  [{ targets: [{ ...EHR, secretEnv: 'S' }] }, 'targets.0.secretEnv'],
  [{ targets: [{ ...EHR, sources: ['platform'] }] }, 'targets.0.sources'],
  [{ targets: [WEBHOOK], reconcile: [{ target: 'cases' }] }, 'reconcile.0.target'],
])('%j is refused at %s', (file, path) => {
  const parsed = configSchema.safeParse(file);
  expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
});
