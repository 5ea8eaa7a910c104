/** docs/container.md and the Dockerfile hold: what the image runs, run here, lets in the client of the page, and is found healthy. */

import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { closing, temporaryFolder } from '../cli/whole.ts';
import { type Running, run, until } from '../faults/process.ts';
import { loopbackCertificate } from '../servers/certificate.ts';
import { blocksOf, ROOT } from './page.ts';

const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
/** What an instruction runs, without `node`. */
const argumentsOf = (instruction: RegExp): readonly string[] => {
  const [node, ...rest] = JSON.parse(instruction.exec(dockerfile)![1]!) as string[];
  expect(node).toBe('node');
  return rest;
};
const MAIN = argumentsOf(/^ENTRYPOINT (.*)$/m);
const HEALTH = argumentsOf(/^HEALTHCHECK[^[]*(\[.*\])$/m);
const [config] = blocksOf('container.md').filter(({ words }) => words[1] === 'config');

interface Image {
  readonly running: Running;
  /** @returns where it says that it listens */
  url(): Promise<string>;
  /** @returns exit code of what the image calls its health check */
  health(): Promise<number | null>;
}

/** Runs what the image runs, with its environment but for the port and the folders. @param settings mounted where it looks */
function runImage(settings?: object): Image {
  const folder = temporaryFolder();
  const mounted = join(folder, 'hedgerow.config.json');
  if (settings) writeFileSync(mounted, JSON.stringify(settings));
  const env = {
    HEDGEROW_HOST: /HEDGEROW_HOST=(\S+)/.exec(dockerfile)![1]!,
    ...{ HEDGEROW_PORT: '0', HEDGEROW_SANDBOX_PORT: '0' },
    ...{ HEDGEROW_DATA_DIR: join(folder, 'data'), HEDGEROW_INBOX_DIR: join(folder, 'inbox') },
  };
  const script = (args: readonly string[]): string[] => [join(ROOT, args[0]!), ...args.slice(1)];
  const running = closing(run(script([...MAIN, 'start']), { cwd: folder, env }), (one) => one.kill());
  return {
    running,
    url: () =>
      until(
        'an address',
        60_000,
        () => /Status page\s+(https?:\S+?)\/\s/.exec(running.stdout())?.[1],
        running,
      ),
    health: () => run(script(HEALTH), { cwd: folder, env }).ended(),
  };
}

const AWAY = { 'X-Forwarded-For': '198.51.100.7' };

test('with the configuration of the page the client comes in from outside, and is healthy until it ends', async () => {
  const key = `hk_${'A'.repeat(43)}`;
  const settings = JSON.parse(config!.text) as { access: { clients: { apiKeySha256: string }[] } };
  settings.access.clients[0]!.apiKeySha256 = await sha256(key);
  const image = runImage(settings);
  const url = await image.url();
  const get = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(`${url}${path}`, { headers: { ...AWAY, ...headers } })).status;
  const known = { Authorization: `Bearer ${key}` };
  expect([await get('/fhir/R4/Patient', known), await get('/', known)]).toEqual([200, 200]);
  expect([await get('/fhir/R4/Patient'), await get('/'), await get('/health')]).toEqual([401, 401, 200]);
  expect(await image.health()).toBe(0);
  await image.running.kill();
  expect(await image.health()).toBe(1);
}, 120_000);

test('without a configuration nobody comes in from outside', async () => {
  const image = runImage();
  const url = await image.url();
  const get = async (path: string): Promise<readonly [number, boolean]> => {
    const answer = await fetch(`${url}${path}`, { headers: AWAY });
    return [answer.status, (await answer.text()).includes('access-not-local')];
  };
  for (const path of ['/fhir/R4/Patient', '/', '/metrics'])
    expect([path, await get(path)]).toEqual([path, [401, true]]);
  expect((await get('/health'))[0]).toBe(200);
}, 120_000);

test('an adapter that serves HTTPS to clients with certificates is found healthy', async () => {
  const folder = temporaryFolder();
  const [server, client] = [loopbackCertificate('server'), loopbackCertificate('client')];
  const tls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  writeFileSync(tls.certFile, server.cert);
  writeFileSync(tls.keyFile, server.key);
  const fingerprint = new X509Certificate(client.cert).fingerprint256;
  const clients = [
    { id: 'pinned', organisations: 'all', scopes: ['system/*.rs'], certificate: { fingerprint } },
  ];
  const image = runImage({ access: { publicUrl: 'https://hedgerow.example', tls, clients } });
  expect(await image.url()).toMatch(/^https:/);
  expect(await image.health()).toBe(0);
}, 120_000);

async function sha256(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text))).toString('hex');
}
