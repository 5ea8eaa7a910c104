/** The first map of docs/writing-a-map.md, as a reader follows it: its files, its commands, its code. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Block, blocksOf, ROOT, roleOf } from './page.ts';

const blocks = blocksOf('writing-a-map.md');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'first-map-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** @returns the block of a language, and what the page says it prints */
function shown(language: string): { text: string; prints: string[] } {
  const block = blocks.find(({ words }) => words[0] === language)!;
  const prints = blocks.find((one) => roleOf(one) === 'prints' && one.line > block.line);
  return { text: block.text, prints: lines(prints!) };
}

const lines = ({ text }: Pick<Block, 'text'>): string[] => text.split('\n').filter(Boolean);

/** @returns what a program prints; it must end well and complain of nothing */
function printed(...args: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return lines({ text: stdout });
}

/** The shipped maps change: their lines do not count. */
const withoutShippedLines = (line: string): string => line.replace(/(prsb\/[\w.-]+):\d+:\d+/, '$1');

test('prints what the page says when its files are there and its commands are run', {
  timeout: 60_000,
}, () => {
  for (const { words, text } of blocks) {
    const name = roleOf({ words, text, line: 0 }).replace(/^file=/, '');
    if (name === roleOf({ words, text, line: 0 })) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const { text, prints } = shown('sh');
  const all = lines({ text }).flatMap((command) => {
    const [before, words] = command.split(' -- ') as [string, string];
    expect(before).toBe('npm run --silent hedgerow');
    return printed(join(ROOT, 'src/main.ts'), ...words.split(' '));
  });
  let at = 0;
  for (const line of prints.map(withoutShippedLines).filter((one) => one !== '…')) {
    const found = all.findIndex((one, index) => index >= at && withoutShippedLines(one) === line);
    expect(found, line).toBeGreaterThanOrEqual(0);
    at = found + 1;
  }
});

test('prints what the page says when its code is run', () => {
  const { text, prints } = shown('ts');
  const here = text.replaceAll(
    /'\.\/(src\/[^']+)'/g,
    (_, path: string) => `'${pathToFileURL(join(ROOT, path))}'`,
  );
  writeFileSync(join(folder, 'first.ts'), here);
  expect(printed(join(folder, 'first.ts'))).toEqual(prints);
});
