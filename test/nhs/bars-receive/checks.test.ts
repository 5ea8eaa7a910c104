/** The checks of a BaRS message that came: each fault alone, each with a later one, and every published example. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMBINATIONS, caseOf } from '../../../src/nhs/bars/combinations.ts';
import { checkMessage, type ReceiveRules } from '../../../src/nhs/bars/receive-checks.ts';
import { type Act, type Json, messageOf, newReferral, SERVICE } from '../../servers/bars-sender.ts';

const DOS = 'https://fhir.nhs.uk/Id/dos-service-id';
const HERE = { system: DOS, value: SERVICE };
const RULES: ReceiveRules = { services: [HERE], versions: ['1'], strictNhsNumbers: true };

type Message = Json & { meta: Json; entry: { fullUrl: string; resource: Json }[] };

const headerOf = ({ entry }: Message): Json => entry[0]!.resource;
const of = ({ entry }: Message, type: string): Json =>
  entry.find(({ resource }) => resource.resourceType === type)!.resource;

function verdict(message: unknown, rules = RULES, target = HERE): string {
  const checked = checkMessage(message, target, rules);
  return checked.ok ? checked.value.asks : `${checked.fault.code} ${checked.fault.issue}`;
}

function placeIn(message: unknown): string | undefined {
  const checked = checkMessage(message, HERE, RULES);
  return checked.ok ? undefined : checked.fault.expression;
}

/** In the order in which they are looked for. */
const FAULTS: readonly (readonly [name: string, verdict: string, spoil: (message: Message) => void])[] = [
  [
    'no message Bundle',
    'REC_BAD_REQUEST structure',
    (m) => {
      m.type = 'batch';
    },
  ],
  [
    'no id',
    'REC_BAD_REQUEST required',
    (m) => {
      delete m.id;
    },
  ],
  [
    'no version',
    'REC_BAD_REQUEST invariant',
    (m) => {
      delete m.meta.versionId;
    },
  ],
  [
    'another destination',
    'REC_NOT_FOUND not-found',
    (m) => {
      headerOf(m).destination = [{ endpoint: `${DOS}|1` }];
    },
  ],
  [
    'another definition',
    'REC_BAD_REQUEST not-supported',
    (m) => {
      headerOf(m).definition = 'https://fhir.nhs.uk/MessageDefinition/bars-message-booking-request';
    },
  ],
  [
    'an entry too few',
    'REC_BAD_REQUEST required',
    (m) => {
      m.entry = m.entry.filter(({ resource }) => resource.resourceType !== 'HealthcareService');
      of(m, 'ServiceRequest').performer = [];
    },
  ],
  [
    'no profile',
    'REC_BAD_REQUEST value',
    (m) => {
      m.meta.profile = [];
    },
  ],
  [
    'a reference that leads nowhere',
    'REC_BAD_REQUEST invariant',
    (m) => {
      of(m, 'CarePlan').author = { reference: 'Practitioner/1' };
    },
  ],
  [
    'another intent',
    'REC_BAD_REQUEST value',
    (m) => {
      of(m, 'ServiceRequest').intent = 'order';
    },
  ],
  [
    'an NHS number that is none',
    'REC_BAD_REQUEST value',
    (m) => {
      (of(m, 'Patient').identifier as Json[])[0]!.value = '4857773456';
    },
  ],
  [
    'a combination that is none',
    'REC_BAD_REQUEST invariant',
    (m) => {
      of(m, 'ServiceRequest').status = 'draft';
    },
  ],
  [
    'a focus that is no referral',
    'REC_BAD_REQUEST invariant',
    (m) => {
      headerOf(m).focus = [{ reference: m.entry[2]!.fullUrl }];
    },
  ],
];

for (const [at, [name, wanted, spoil]] of FAULTS.entries())
  test(`refuses a message with ${name}, alone and before any later fault`, () => {
    const alone = messageOf(newReferral(), 'new') as Message;
    spoil(alone);
    expect(verdict(alone)).toBe(wanted);
    for (const [, , later] of FAULTS.slice(at + 1)) {
      const both = structuredClone(alone);
      later(both);
      expect([verdict(both), placeIn(both)]).toEqual([wanted, placeIn(alone)]);
    }
  });

test('takes each combination of the standard, and no other', () => {
  const acts: Act[] = ['new', 'update', 'cancel', 'in-error', 'in-error by delete'];
  expect(acts.map((act) => verdict(messageOf(newReferral(), act)))).toEqual([
    'new',
    'update',
    'cancel',
    'in-error',
    'in-error',
  ]);
  const statuses = ['draft', 'active', 'on-hold', 'revoked', 'completed', 'entered-in-error', undefined];
  const taken: string[] = [];
  for (const event of ['servicerequest-request', 'servicerequest-response', 'booking-request', undefined])
    for (const reason of ['new', 'update', 'delete', undefined])
      for (const status of statuses)
        for (const definition of ['request-referral', 'request-cancelled', 'response-referral'] as const)
          if ('asks' in caseOf({ event, reason, status, definition }))
            taken.push(`${event} ${reason} ${status} ${definition}`);
  const requests = taken.filter((one) => one.startsWith('servicerequest-request'));
  expect(requests).toEqual([
    'servicerequest-request new active request-referral',
    'servicerequest-request update active request-referral',
    'servicerequest-request update revoked request-cancelled',
    'servicerequest-request update entered-in-error request-cancelled',
    'servicerequest-request delete entered-in-error request-cancelled',
  ]);
  expect(taken.length - requests.length).toBe(2 * statuses.length);
  expect(COMBINATIONS.length).toBe(5);
});

test('reads versions by their beginning, and addresses however they are written', () => {
  const message = messageOf(newReferral(), 'new') as Message;
  for (const [version, wanted] of [
    ['1.1.0', 'new'],
    ['1.0.0-alpha', 'new'],
    ['1', 'new'],
    ['10.0.0', 'REC_UNPROCESSABLE_ENTITY not-supported'],
    ['2.0', 'REC_UNPROCESSABLE_ENTITY not-supported'],
  ]) {
    message.meta.versionId = version;
    expect([version, verdict(message)]).toEqual([version, wanted]);
  }
  message.meta.versionId = '1.1.0';
  headerOf(message).destination = [{ endpoint: `http://fhir.nhs.uk/id/dos-service-id|${SERVICE}` }];
  expect(verdict(message)).toBe('new');
  expect(verdict(message, RULES, { system: DOS, value: '9' })).toBe('REC_NOT_FOUND not-found');
  const number = messageOf(newReferral('4857773456'), 'new');
  expect([verdict(number), verdict(number, { ...RULES, strictNhsNumbers: false })]).toEqual([
    'REC_BAD_REQUEST value',
    'new',
  ]);
});

test('says where a fault is and what to change, and nothing of the person', () => {
  for (const [, , spoil] of FAULTS) {
    const message = messageOf(newReferral('9990000018'), 'new') as Message;
    spoil(message);
    const checked = checkMessage(message, HERE, RULES);
    const { diagnostics } = (checked as Extract<typeof checked, { ok: false }>).fault;
    expect(diagnostics).toMatch(/^[A-Z].{20,}\.$/);
    expect(diagnostics).not.toMatch(/9990000018|4857773456|Person|1950/);
  }
});

const PUBLISHED = join(import.meta.dirname, '../../../../shared/conformance/openapi/bars');

/** What becomes of each example of $process-message, and why. They were sent to the service 111111111. */
const VERDICTS: Readonly<Record<string, string>> = {
  // a booking: none are taken here
  'POST-body.json': 'REC_BAD_REQUEST not-supported',
  'request/Booking (POST).json': 'REC_BAD_REQUEST not-supported',
  // for validation, which is no referral to a link worker
  'request/ValidationRequest (POST) .json': 'REC_BAD_REQUEST not-supported',
  'request/ValidationResponse (POST) .json': 'REC_BAD_REQUEST not-supported',
  // answers to messages, which are no messages to be taken: without meta.versionId
  'POST-success.json': 'REC_BAD_REQUEST invariant',
  'response/Booking (HTTP Response) .json': 'REC_BAD_REQUEST invariant',
  'response/ValidationRequest (HTTP Response) .json': 'REC_BAD_REQUEST invariant',
};

test.runIf(existsSync(PUBLISHED))('takes or refuses every published example, as is written down here', () => {
  const files = globSync('examples*/process_message/**/*.json', { cwd: PUBLISHED }).sort();
  expect(files.length).toBe(14);
  const target = { system: DOS, value: '111111111' };
  for (const file of files) {
    const message: unknown = JSON.parse(readFileSync(join(PUBLISHED, file), 'utf8'));
    const name = file.slice(file.indexOf('process_message/') + 'process_message/'.length);
    expect([file, verdict(message, { ...RULES, services: [target] }, target)]).toEqual([
      file,
      VERDICTS[name],
    ]);
  }
});

test.runIf(existsSync(PUBLISHED))(
  'takes the published request for validation once it asks for a referral, names its use case and its NHS number holds',
  () => {
    const file = join(PUBLISHED, 'examples1.1.0/process_message/request/ValidationRequest (POST) .json');
    const message = JSON.parse(readFileSync(file, 'utf8')) as Message;
    const target = { system: DOS, value: '111111111' };
    const rules = { ...RULES, services: [target] };
    headerOf(message).definition =
      'https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-referral';
    const request = of(message, 'ServiceRequest');
    expect(verdict(message, rules, target)).toBe('REC_BAD_REQUEST value');
    request.category = [
      {
        coding: [
          { system: 'https://fhir.nhs.uk/CodeSystem/message-category-servicerequest', code: 'referral' },
        ],
      },
    ];
    expect(verdict(message, rules, target)).toBe('REC_BAD_REQUEST required');
    request.authoredOn = '2021-11-26T15:00:00+00:00';
    expect(verdict(message, rules, target)).toBe('REC_BAD_REQUEST value');
    expect(verdict(message, { ...rules, strictNhsNumbers: false }, target)).toBe('new');
  },
);
