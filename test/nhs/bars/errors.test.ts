/** Every published error of BaRS, read to what a sender does next, and the errors of ours read back. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { type BarsFault, type BarsMeaning, errorAnswer, meaningOf } from '../../../src/nhs/bars/errors.ts';

const FOLDER = '../shared/conformance/openapi/bars';
const IDS = { 'x-request-id': 'a', 'x-correlation-id': 'b' };

/** By name of the file: status, culprit, what is done next. */
const BY_CODE: Readonly<Record<string, string>> = {
  'PROXY-NONE/400-BAD_REQUEST': 'proxy permanent',
  'PROXY-NONE/404-NOT_FOUND': 'proxy transient of target',
  'PROXY-NONE/409-BAD_REQUEST': 'proxy permanent',
  'PROXY-NONE/500-SERVER_ERROR': 'proxy ambiguous',
  'PROXY-NONE/503-SERVICE_UNAVAILABLE': 'proxy transient',
  'REC/400-REC_BAD_REQUEST': 'receiver permanent',
  'REC/401-REC_UNAUTHORIZED': 'receiver permanent',
  'REC/403-REC_FORBIDDEN': 'receiver permanent',
  'REC/404-REC_NOT_FOUND': 'receiver permanent',
  'REC/406-REC_NOT_ACCEPTABLE': 'receiver permanent',
  'REC/408-REC_TIMEOUT': 'receiver ambiguous',
  'REC/409-REC_CONFLICT-conflict': 'receiver conflict',
  'REC/409-REC_CONFLICT-duplicate': 'taken already',
  'REC/422-REC_UNPROCESSABLE_ENTITY': 'receiver permanent',
  'REC/500-REC_SERVER_ERROR-too costly': 'receiver permanent',
  'REC/500-REC_SERVER_ERROR': 'receiver ambiguous',
  'REC/501-REC_NOT_IMPLEMENTED': 'receiver permanent',
  'REC/503-REC_SERVICE_UNAVAILABLE': 'receiver transient',
  'SEND/400-SEND_BAD_REQUEST': 'sender permanent',
  'SEND/401-SEND_UNAUTHORIZED': 'sender transient of target renews',
  'SEND/403-SEND_FORBIDDEN': 'sender transient of target renews',
  'SEND/405-SEND_METHOD_NOT_ALLOWED': 'sender permanent',
  'SEND/406-SEND_NOT_ACCEPTABLE': 'sender transient of target',
  'SEND/429-SEND_TOO_MANY_REQUESTS': 'sender transient',
};

function wordsOf(meaning: BarsMeaning): string {
  if (meaning.taken) return meaning.already ? 'taken already' : 'taken';
  const { culprit, retry, isOfTarget, renewsToken } = meaning;
  return [culprit, retry, isOfTarget ? 'of target' : '', renewsToken ? 'renews' : '']
    .filter(Boolean)
    .join(' ');
}

if (existsSync(FOLDER)) {
  const files = globSync(join(FOLDER, 'examples*/OperationOutcome/*/*.json')).toSorted();
  test.each(files)('%s', (file) => {
    const [folder, name] = [basename(join(file, '..')), basename(file, '.json')];
    const expected = Object.entries(BY_CODE).find(([start]) => `${folder}/${name}`.startsWith(start));
    const body: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const meaning = meaningOf({ status: Number(name.slice(0, 3)), headers: IDS, body });
    expect(wordsOf(meaning)).toBe(expected?.[1]);
  });

  const OTHERS: readonly [file: string, status: number, expected: string][] = [
    ['invalid-base64.json', 400, 'proxy permanent'],
    ['malformed-target-identifier.json', 400, 'proxy permanent'],
    ['proxy-not-found.json', 404, 'proxy transient of target'],
    ['unavailable.json', 503, 'receiver transient'],
    ['conflict.json', 409, 'taken already'],
    ['unauthorized.json', 401, 'receiver permanent'],
    ['forbidden.json', 403, 'receiver permanent'],
    ['bad-request.json', 400, 'receiver permanent'],
    ['entity-not-found.json', 404, 'receiver permanent'],
    ['method-not-allowed.json', 405, 'receiver permanent'],
    ['not-acceptable.json', 406, 'sender transient of target'],
    ['not-implemented.json', 501, 'receiver permanent'],
    ['server-error.json', 500, 'receiver ambiguous'],
    ['unprocessable-entity.json', 422, 'receiver permanent'],
    ['200_PUT.json', 200, 'taken'],
    ['201_POST.json', 201, 'taken'],
  ];
  for (const version of ['examples1.1.0', 'examples1.2.0'])
    test.each(OTHERS)(`${version}/%s`, (file, status, expected) => {
      const body: unknown = JSON.parse(readFileSync(join(FOLDER, version, file), 'utf8'));
      expect(wordsOf(meaningOf({ status, headers: IDS, body }))).toBe(expected);
    });
} else
  test('the published examples are not here, and are passed over', () => {
    console.log(`${FOLDER} is not there: the published errors of BaRS were not read`);
  });

test.each([
  ['an error page of a gateway', 502, 'proxy ambiguous'],
  ['a success that says nothing, and names no ids', 200, 'proxy ambiguous'],
  ['an empty 503', 503, 'proxy transient'],
  ['an empty 401', 401, 'proxy transient of target renews'],
])('%s (%i) is sent again', (_name, status, expected) => {
  expect(wordsOf(meaningOf({ status, headers: {}, body: undefined }))).toBe(expected);
});

test('a refusal of a receiver that names neither id proves nothing of the message, and is sent again', () => {
  const { status, body } = errorAnswer(
    { code: 'REC_BAD_REQUEST', issue: 'invariant', diagnostics: 'x' },
    'id',
  );
  expect(wordsOf(meaningOf({ status, headers: {}, body }))).toBe('receiver ambiguous');
  expect(wordsOf(meaningOf({ status, headers: IDS, body }))).toBe('receiver permanent');
});

test('the rate limit of the proxy, whose issue code is its status, waits', () => {
  const coding = [{ system: 'http://hl7.org/fhir/ValueSet/operation-outcome', code: 'PROXY_TOO_MANY' }];
  const issue = [{ severity: 'error', code: '429', details: { coding } }];
  const body = { resourceType: 'OperationOutcome', issue };
  expect(wordsOf(meaningOf({ status: 400, headers: {}, body }))).toBe('proxy transient');
});

const FAULTS: readonly BarsFault[] = [
  {
    code: 'REC_BAD_REQUEST',
    issue: 'invariant',
    diagnostics: 'Send reason update.',
    expression: 'MessageHeader.reason',
  },
  { code: 'REC_UNAVAILABLE', issue: 'transient', diagnostics: 'Later.' },
];
test.each(FAULTS)('an answer of ours is an outcome as BaRS has it: $code', (fault) => {
  const { status, body } = errorAnswer(fault, 'c0ffee00-0000-4000-8000-000000000000');
  expect(body.meta?.profile).toEqual(['https://fhir.hl7.org.uk/StructureDefinition/UKCore-OperationOutcome']);
  expect(body.issue[0]).toMatchObject({
    severity: 'error',
    code: fault.issue,
    diagnostics: fault.diagnostics,
  });
  expect(body.issue[0]!.details!.coding![0]!.code).toBe(fault.code);
  const meaning = meaningOf({ status, headers: IDS, body });
  expect(meaning).toMatchObject({ taken: false, culprit: 'receiver', issue: fault.issue });
});
