/** What the configuration says of MESH: its defaults, and what may not be. */
import { expect, test } from 'vitest';
import { locatedMesh, type MeshConfig, meshSchema } from '../../../src/config/mesh.ts';
import { configSchema } from '../../../src/config-schema.ts';
import { blocksOf } from '../../docs/page.ts';

const MAILBOX = { name: 'main', mailbox: 'x26abc1', passwordEnv: 'P' } as const;
const MESH = { sharedKeyEnv: 'K', mailboxes: [MAILBOX] };

test('a mailbox is looked at every ten minutes, in capitals, with chunks well below what MESH takes', () => {
  const [mailbox] = meshSchema.parse(MESH).mailboxes;
  expect(mailbox).toMatchObject({ mailbox: 'X26ABC1', pollMinutes: 10, trackByLocalId: false, receive: [] });
  expect(mailbox!.chunkBytes).toBeLessThan(100_000_000);
});

test.each([
  [
    'looks more often than MESH allows',
    { ...MESH, mailboxes: [{ ...MAILBOX, pollMinutes: 4 }] },
    'pollMinutes',
  ],
  ['looks less than once a day', { ...MESH, mailboxes: [{ ...MAILBOX, pollMinutes: 1_441 }] }, 'pollMinutes'],
  [
    'looks too often at a server elsewhere',
    { ...MESH, url: 'https://mesh.example', mailboxes: [{ ...MAILBOX, pollMinutes: 1 }] },
    'pollMinutes',
  ],
  ['chunks above the limit', { ...MESH, mailboxes: [{ ...MAILBOX, chunkBytes: 100_000_000 }] }, 'chunkBytes'],
  ['two mailboxes of one name', { ...MESH, mailboxes: [MAILBOX, MAILBOX] }, 'mailboxes'],
  [
    'a workflow for two sources',
    {
      ...MESH,
      mailboxes: [{ ...MAILBOX, receive: ['a', 'b'].map((source) => ({ workflow: 'W', source })) }],
    },
    'receive',
  ],
  ['a password in the file', { ...MESH, mailboxes: [{ ...MAILBOX, password: 'secret' }] }, 'mailboxes'],
])('%s is refused', (_, config, path) => {
  const parsed = meshSchema.safeParse(config);
  expect(parsed.success).toBe(false);
  expect(parsed.error?.issues.map((issue) => issue.path.join('.')).join()).toContain(path);
});

test('a mailbox cannot have the name of a target: their messages could not be told apart', () => {
  const target = { name: 'main', url: 'http://127.0.0.1:1/fhir' };
  const parsed = configSchema.safeParse({ targets: [target], nhs: { mesh: MESH } });
  expect(parsed.error?.issues.map(({ path }) => path.join('.'))).toEqual(['nhs.mesh.mailboxes.0.name']);
  expect(configSchema.safeParse({ targets: [{ ...target, name: 'ehr' }], nhs: { mesh: MESH } }).success).toBe(
    true,
  );
});

test('a server on this machine may be asked as often as one likes', () => {
  const config = { ...MESH, url: 'http://127.0.0.1:8700/', mailboxes: [{ ...MAILBOX, pollMinutes: 0.1 }] };
  expect(locatedMesh(meshSchema.parse(config), '/etc').url).toBe('http://127.0.0.1:8700');
});

test('certificate files are those beside the configuration', () => {
  const tls = { certFile: 'mesh.pem', keyFile: 'keys/mesh.key' };
  const { tls: found }: MeshConfig = locatedMesh(meshSchema.parse({ ...MESH, tls }), '/etc/hedgerow');
  expect(found).toEqual({ certFile: '/etc/hedgerow/mesh.pem', keyFile: '/etc/hedgerow/keys/mesh.key' });
});

test('the page shows a configuration that can be used, and names the defaults', () => {
  const [shown] = blocksOf('mesh.md').filter(({ words }) => words[1] === 'config');
  const parsed = configSchema.parse(JSON.parse(shown!.text));
  expect(parsed.nhs?.mesh?.mailboxes[0]).toMatchObject({
    ...{ pollMinutes: 10, chunkBytes: 20_000_000, maxBytes: 500_000_000, inStoreBytes: 8_000_000 },
    ...{ trackByLocalId: false, unsureMinutes: 30, trackMinutes: 60, uncollectedDays: 6 },
  });
  expect(parsed.nhs?.mesh).toMatchObject({ deadlineMs: 30_000, transferMinutes: 10, apiVersion: 2 });
});
