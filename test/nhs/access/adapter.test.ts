/** A whole adapter with NHS access: it gets tokens by its keys, renews what is refused, takes up a changed key, and tells nobody a secret. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Patient } from '@medplum/fhirtypes';
import { afterEach, expect, test, vi } from 'vitest';
import { hasVerifiedNhsNumber } from '../../../src/referral/consent.ts';
import { expectOutcome } from '../../api/adapter.ts';
import { closing, openWhole, temporaryFolder, type Whole } from '../../cli/whole.ts';
import { journeys } from '../../faults/journeys.ts';
import { startPds } from '../../servers/pds.ts';
import { pdsRecord } from '../../servers/pds-records.ts';
import { pemOf, rsaKey } from '../../servers/rsa-keys.ts';
import { startTokenServer } from '../../servers/token-server.ts';

afterEach(() => vi.unstubAllEnvs());

const API_KEY = 'the-application-itself';
const soon = { timeout: 20_000, interval: 30 };
const sources = [{ folder: 'mappings/platform' }];
const access = { apiKeyEnv: 'TEST_NHS_API_KEY', keys: [{ kid: 'int-1', file: 'int-1.pem' }] };

function folderWithKey(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'int-1.pem'), pemOf(rsaKey('first')));
  return folder;
}

/** Two services of the NHS on this machine, and an adapter that has to do with both. */
async function openBoth() {
  vi.stubEnv('TEST_NHS_API_KEY', API_KEY);
  const clock = { offsetMs: 0 };
  const now = (): number => Date.now() + clock.offsetMs;
  const keys = new Map<string, KeyObject>([['int-1', rsaKey('first')]]);
  const tokens = await startTokenServer({ clock: now, apiKey: API_KEY, keys });
  closing(tokens, ({ close }) => close());
  const accepted = { token: () => tokens.tokens.at(-1) ?? '' };
  const pds = closing(await startPds({ token: () => accepted.token(), nowMs: now }), (one) => one.close());
  const nhs = {
    environment: 'int',
    access: { ...access, tokenUrl: tokens.url },
    pds: { baseUrl: pds.url },
  };
  const folder = folderWithKey();
  const whole = await openWhole({ sources, nhs }, { clock: now, folder });
  return { clock, keys, tokens, accepted, pds, whole };
}

type Body = { client: { nhsNumber: string; lastName: string; firstName: string; birthDate: string } };

/** Takes in a referral of the person of that number in line, of whom PDS knows. */
async function bring(
  { whole, pds }: Pick<Awaited<ReturnType<typeof openBoth>>, 'whole' | 'pds'>,
  nth: number,
) {
  const { body } = journeys(nth, 0).at(-1)!;
  const mine = structuredClone(body) as Body & { client: { nhsNumberTrace: string } };
  Object.assign(mine.client, {
    nhsNumberTrace: 'UNTRACED',
    lastName: 'Quillfeather',
    birthDate: '1961-04-09',
  });
  pds.put(pdsRecord(mine.client.nhsNumber, { family: 'QUILLFEATHER', given: mine.client.firstName }));
  expect(await whole.post('referral', mine)).toBe(202);
}

async function verified({ adapter }: Whole): Promise<number> {
  const { versions } = await adapter.store.search({ type: 'Patient', clauses: [], count: 50 });
  return versions.filter(({ resource }) => hasVerifiedNhsNumber(resource as Patient)).length;
}

const publicPartOf = (name: string): string | undefined =>
  createPublicKey(rsaKey(name)).export({ format: 'jwk' }).n;

/** The parts of a key that are nobody else's to know, as PEM has them and as JWK. */
function secretsOf(name: string): readonly string[] {
  const { d = '', p = '', q = '' } = rsaKey(name).export({ format: 'jwk' });
  return [...pemOf(rsaKey(name)).split('\n').slice(1, -2), d, p, q];
}

async function servedKeys(whole: Whole): Promise<readonly object[]> {
  return (JSON.parse(await whole.get('/.well-known/jwks.json')) as { keys: object[] }).keys;
}

test('PDS is asked under a token of the configured key, a token that it refuses is replaced, and the change of a key is taken up', async () => {
  const both = await openBoth();
  const { clock, keys, tokens, accepted, pds, whole } = both;
  await bring(both, 1);
  await vi.waitFor(async () => expect(await verified(whole)).toBe(1), soon);
  expect(pds.seen.map(({ status }) => status)).toEqual([200]);
  expect(tokens.answers).toEqual(['token']);
  const [header] = tokens.assertions[0]!.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  expect(JSON.parse(header!)).toMatchObject({ alg: 'RS512', kid: 'int-1' });

  accepted.token = () => tokens.tokens[1] ?? 'the first one is none any more';
  await bring(both, 2);
  await vi.waitFor(async () => expect(await verified(whole)).toBe(2), soon);
  expect(pds.seen.map(({ status }) => status)).toEqual([200, 401, 200]);
  expect(new Set(pds.seen.slice(1).map(({ headers }) => headers['x-request-id'])).size).toBe(1);

  expect(await servedKeys(whole)).toMatchObject([{ kid: 'int-1', alg: 'RS512', n: publicPartOf('first') }]);
  writeFileSync(join(whole.folder, 'int-1.pem'), pemOf(rsaKey('second')));
  keys.set('int-1', rsaKey('second'));
  accepted.token = () => tokens.tokens.at(-1)!;
  clock.offsetMs += 11 * 60_000;
  await bring(both, 3);
  await vi.waitFor(async () => expect(await verified(whole)).toBe(3), soon);
  expect(tokens.answers).toEqual(['token', 'token', 'token']);
  expect(await servedKeys(whole)).toMatchObject([{ kid: 'int-1', alg: 'RS512', n: publicPartOf('second') }]);
}, 60_000);

test('a key that is registered no more is told by its id, what waits goes once it is, and no secret is told meanwhile', async () => {
  const both = await openBoth();
  const { clock, keys, tokens, pds, whole } = both;
  await bring(both, 1);
  await vi.waitFor(async () => expect(await verified(whole)).toBe(1), soon);
  keys.clear();
  clock.offsetMs += 11 * 60_000;
  await bring(both, 2);
  const told = (): string => whole.lines.join('');
  await vi.waitFor(() => expect(told()).toMatch(/"rule":"token-key-refused","reason":"[^"]*int-1/), soon);
  expect(pds.seen).toHaveLength(1);
  const paths = [
    '/',
    '/work',
    '/metrics',
    '/health',
    '/ready',
    '/worklist',
    '/control/status',
    '/.well-known/jwks.json',
  ];
  const shown = await Promise.all(paths.map((path) => whole.get(path)));
  for (const secret of [API_KEY, ...secretsOf('first'), ...tokens.tokens, ...tokens.assertions])
    expect([told(), ...shown].join()).not.toContain(secret);
  keys.set('int-1', rsaKey('first'));
  clock.offsetMs += 2 * 60_000;
  await bring(both, 3);
  await vi.waitFor(async () => expect(await verified(whole)).toBe(3), soon);
  expect(told()).toContain('access tokens are given again');
}, 60_000);

test('serves no keys where there is no access, and says what an environment with keys will refuse', async () => {
  const plain = await openWhole({ sources });
  const url = (whole: Whole): string => `${whole.adapter.url}/.well-known/jwks.json`;
  await expectOutcome(await fetch(url(plain)), 404, 'nhs-no-keys');
  expect(plain.lines.join('')).not.toContain('nhs.access');
  const lacking = await openWhole({ sources, nhs: { environment: 'int', pds: {} } });
  await expectOutcome(await fetch(url(lacking)), 404, 'nhs-no-keys');
  expect(lacking.lines.join('')).toContain('nhs.access is not');
});

test('does not start without the API key that it is told to use', async () => {
  const nhs = { environment: 'int', access };
  await expect(openWhole({ sources, nhs }, { folder: folderWithKey() })).rejects.toThrow(
    /TEST_NHS_API_KEY is empty/,
  );
});
