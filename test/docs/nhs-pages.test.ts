/** Pages of NHS services hold: each configuration that one of them shows can be used. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { blocksOf, ROOT } from './page.ts';

const PAGES = ['bars.md', 'message-to-gp.md', 'mesh.md'];
const blocks = PAGES.flatMap((page) =>
  blocksOf(page).flatMap(({ words, text, line }) => (words[1] === 'config' ? [{ page, text, line }] : [])),
);

test('each page shows a configuration', () => {
  expect([...new Set(blocks.map(({ page }) => page))]).toEqual(PAGES);
});

test.each(blocks)('the configuration of $page, line $line, is taken as it is written', ({ text }) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hedgerow-docs-'));
  try {
    writeFileSync(join(cwd, 'hedgerow.config.json'), text);
    const config = loadConfig({ cwd, root: ROOT });
    expect(config.ok ? [] : config.outcome.issue).toEqual([]);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
