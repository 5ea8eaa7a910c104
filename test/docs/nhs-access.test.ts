/** docs/nhs-access.md holds: each configuration of the page can be used. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { blocksOf, ROOT } from './page.ts';

const blocks = blocksOf('nhs-access.md').filter(({ words }) => words[1] === 'config');

test('the page shows configurations', () => {
  expect(blocks).toHaveLength(2);
});

test.each(blocks)('the configuration of line $line is taken as it is written', ({ text }) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hedgerow-docs-'));
  try {
    writeFileSync(join(cwd, 'hedgerow.config.json'), text);
    const config = loadConfig({ cwd, root: ROOT });
    expect(config.ok ? [] : config.outcome.issue).toEqual([]);
    const keys = config.ok ? (config.value.nhs?.access?.keys ?? []) : [];
    for (const { file } of keys) if (file !== undefined) expect(file).toBe(join(cwd, 'keys/int-1.pem'));
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
