/** docs/referral-states.md says what the table says. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REFERRAL_EVENTS, REFERRAL_STATES } from '../../src/referral/states.ts';
import { PAGE, referralPage } from '../../tooling/referral-states.ts';
import { ALLOWED } from '../referral/allowed.ts';

const page = readFileSync(PAGE, 'utf8');

test('the page is what is made of the table: run node tooling/referral-states.ts', () => {
  expect(page).toBe(referralPage());
});

test('its grid of states and events is the table as it is written by hand', () => {
  const start = page.indexOf('| State |');
  const [head, , ...rows] = page
    .slice(start, page.indexOf('\n\n', start))
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  expect(head).toEqual(['State', ...REFERRAL_EVENTS]);
  expect(rows.map(([state]) => state)).toEqual(REFERRAL_STATES);
  const cells = rows.flatMap(([state, ...row]) =>
    row.flatMap((cell, at) => {
      if (cell === '') return [];
      const [by, to] = cell.split(' → ') as [string, string];
      return [`${state} ${head![at + 1]} ${by.replaceAll(' ', '').toLowerCase()} ${to}`];
    }),
  );
  expect(cells.sort()).toEqual(ALLOWED.map((row) => row.join(' ')).sort());
});
