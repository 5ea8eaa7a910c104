/** Turns environment variables, or a file of the data folder, into the keys that access tokens are signed with. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TokenKey, tokenKeyOf } from '../api/security/own-tokens.ts';
import type { Config } from '../config.ts';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import { databaseUrl } from './open-store.ts';
import { neededSecret } from './secret.ts';

const FILE = 'access-token-key.pem';
const HOW = 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256';

/**
 * @returns the keys, of which the first signs
 * @throws AdapterError when one is not to be had, or processes that share a database would each sign with one of their own
 */
export async function openTokenKeys(
  config: Pick<Config, 'dataDir' | 'databaseUrlEnv' | 'access'>,
): Promise<readonly TokenKey[]> {
  const names = config.access?.signingKeyEnvs;
  if (names !== undefined)
    return await Promise.all(
      names.map((name) => keyOf(neededSecret(name) ?? '', `The environment variable ${name}`)),
    );
  if (databaseUrl(config) !== undefined)
    throw fault(
      `Several adapters may share this PostgreSQL and must believe each other's tokens: make a key (${HOW}), put it into an environment variable of each, and name that in "signingKeyEnvs" of "access".`,
    );
  const file = join(config.dataDir, FILE);
  return [await keyOf(kept(file), `The file ${file}`)];
}

/** The key of this data folder, made at the first start; its owner alone may read it. */
function kept(file: string): string {
  try {
    const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    writeFileSync(file, pem, { mode: 0o600, flag: 'wx' });
    return pem as string;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8');
}

async function keyOf(pem: string, where: string): Promise<TokenKey> {
  // where a variable cannot hold lines, their ends are written out
  const key = parsed(pem.replaceAll('\\n', '\n'));
  const made = key && (await tokenKeyOf(key));
  if (made) return made;
  throw fault(`${where} holds no private EC key of P-256 or P-384 in PEM form: make one by ${HOW}.`);
}

function parsed(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function fault(diagnostics: string): AdapterError {
  return new AdapterError(
    'permanent',
    issueOf({ code: 'security', rule: 'access-signing-key', diagnostics }),
  );
}
