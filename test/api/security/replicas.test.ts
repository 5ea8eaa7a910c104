/** Two adapters on one PostgreSQL, as processes: whose tokens each believes while their key is changed, and what is good once for both. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import { expect, test } from 'vitest';
import { closing, temporaryFolder } from '../../cli/whole.ts';
import { listening, type Running, run } from '../../faults/process.ts';
import { temporaryDatabase } from '../../store/temporary-postgres.ts';
import { bearer, FHIR } from './place.ts';
import { askToken, assertionOf, type VendorKey, vendorKey } from './vendor.ts';

/** What clients know both by, whichever of them a request reaches. */
const PUBLIC = 'https://hedgerow.example';
const SCOPE = 'system/Organization.rs';

const pemOf = (namedCurve: string): string =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

/** One adapter, which may be started again with other keys. */
class Replica {
  url = '';
  readonly #folder = temporaryFolder();
  readonly #env: Readonly<Record<string, string>>;
  readonly #vendor: VendorKey;
  #running: Running | undefined;

  constructor(env: Readonly<Record<string, string>>, vendor: VendorKey) {
    this.#env = env;
    this.#vendor = vendor;
    closing(this, () => this.#running?.kill());
  }

  /** @param signingKeyEnvs the first signs */
  async start(signingKeyEnvs: readonly string[]): Promise<void> {
    await this.#running?.stop();
    const client = { id: 'vendor', organisations: ['local'], scopes: [SCOPE] };
    const clients = [{ ...client, jwks: { keys: [this.#vendor.jwk] }, ratePerMinute: 20 }];
    const config = join(this.#folder, 'hedgerow.config.json');
    const access = { publicUrl: PUBLIC, signingKeyEnvs, clients, failuresPerMinute: 3 };
    const folders = { dataDir: join(this.#folder, 'data'), inboxDir: join(this.#folder, 'inbox') };
    writeFileSync(config, JSON.stringify({ port: 0, ...folders, access }));
    this.#running = run(['src/main.ts', 'start', '--config', config], { env: this.#env });
    this.url = await listening(this.#running);
  }

  async ask(assertion: string): Promise<number> {
    return (await askToken(this.url, assertion, { scope: SCOPE })).status;
  }

  async token(): Promise<string> {
    const { body } = await askToken(this.url, await this.assertion(), { scope: SCOPE });
    return body.access_token;
  }

  async assertion(): Promise<string> {
    return await assertionOf('vendor', this.#vendor, `${PUBLIC}/auth/token`);
  }

  /** @returns status of a read with the token */
  async read(token: string): Promise<number> {
    return (await fetch(`${this.url}${FHIR}/Organization`, { headers: bearer(token) })).status;
  }
}

test('replicas believe each other through a change of keys, and take an assertion once between them', async () => {
  const env = {
    DATABASE_URL: await temporaryDatabase(),
    FIRST_KEY: pemOf('P-256'),
    SECOND_KEY: pemOf('P-384'),
  };
  const vendor = await vendorKey();
  const [one, two] = [new Replica(env, vendor), new Replica(env, vendor)];
  await one.start(['FIRST_KEY']);
  await two.start(['FIRST_KEY']);
  const first = await one.token();
  expect([await one.read(first), await two.read(first)]).toEqual([200, 200]);
  const assertion = await one.assertion();
  const asked = await Promise.all([one, two, one, two].map((replica) => replica.ask(assertion)));
  expect(asked.toSorted()).toEqual([200, 401, 401, 401]);

  await one.start(['FIRST_KEY', 'SECOND_KEY']); // the new key is added behind the old one
  await two.start(['SECOND_KEY', 'FIRST_KEY']); // it is put first
  const second = await two.token();
  expect([decodeProtectedHeader(first).alg, decodeProtectedHeader(second).alg]).toEqual(['ES256', 'ES384']);
  for (const replica of [one, two])
    expect([await replica.read(first), await replica.read(second)]).toEqual([200, 200]);

  await one.start(['SECOND_KEY']); // the old one goes
  expect([await one.read(first), await one.read(second), await one.ask(assertion)]).toEqual([401, 200, 401]);

  // each counts for itself: what is wrong, and how often a client asks
  for (let at = 0; at < 3; at += 1) await two.read('a.b.c');
  expect([await two.read('a.b.d'), await one.read('a.b.d')]).toEqual([429, 401]);
  for (let at = 0; at < 20; at += 1) await one.read(second);
  expect([await one.read(second), await two.read(second)]).toEqual([429, 200]);
}, 240_000);
