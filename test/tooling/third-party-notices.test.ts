/** THIRD-PARTY-NOTICES.md against the packages that are installed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../src/cli/load.ts';
import { thirdPartyNotices } from '../../tooling/third-party-notices.ts';

const page = readFileSync(join(ROOT, 'THIRD-PARTY-NOTICES.md'), 'utf8');
const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

test('the page is that of the packages installed: run "node tooling/third-party-notices.ts" where it is not', () => {
  expect(page).toBe(thirdPartyNotices(ROOT));
});

test('names every runtime dependency in its version, with its licence text', () => {
  for (const [name, version] of Object.entries(dependencies)) {
    expect(page).toMatch(new RegExp(`^\\| ${name} ${version}[^|]* \\| [^|]+ \\|$`, 'm'));
  }
  expect(page).toContain('UCUM');
  expect(page).not.toContain('vitest');
});
