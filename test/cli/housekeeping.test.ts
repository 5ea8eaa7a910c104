/** What the configuration schedules happens by itself, a turn once, whoever looks. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startHousekeeping } from '../../src/cli/again/housekeeping.ts';
import { until } from '../outbox/adapter-parts.ts';
import { openShop, partsOf, platformExample } from './shop.ts';

test('two processes that look at one store keep house once a turn', async () => {
  const archiveDir = mkdtempSync(join(tmpdir(), 'hedgerow-house-'));
  const retention = { auditRows: 1, historyVersions: 1, schedule: '30 2 * * *', timeZone: 'Europe/London' };
  const shop = { ...(await openShop(partsOf())), retention, archiveDir };
  await shop.take('contact', platformExample('contact', 'telephone-attended'));
  await shop.take('contact', platformExample('contact', 'missed-at-surgery'));
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const config = {
    retention,
    reconcile: [{ target: 'ehr', schedule: '0 * * * *', timeZone: 'UTC', heal: [], perSecond: 10 }],
  };
  const both = [startHousekeeping(config, shop, log, 20), startHousekeeping(config, shop, log, 20)];
  // the target is none that can be compared: that is said, once
  await until(() => lines.some((line) => line.includes('reconcile-unknown-target')));
  await new Promise((resolve) => setTimeout(resolve, 200));
  await Promise.all(both.map((one) => one.stop()));
  expect(readdirSync(archiveDir)).toHaveLength(1);
  expect(lines.filter((line) => line.includes('"event":"vacuumed"'))).toHaveLength(1);
  expect(lines.filter((line) => line.includes('reconcile-unknown-target'))).toHaveLength(1);
  expect(await shop.store.verifyAudit()).toBeUndefined();
  rmSync(archiveDir, { recursive: true, force: true });
});
