/** The SQL of searches: what SQLite makes of it, so that a search stays fast however much is stored. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseSearchRequest } from '@medplum/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { searchSql } from '../../src/sandbox/search-sql.ts';
import { Tables } from '../../src/sandbox/tables.ts';

let folder: string;
let db: DatabaseSync;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'search-'));
  const file = join(folder, 'sandbox.sqlite');
  new Tables(file).close();
  db = new DatabaseSync(file);
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

/** @returns the steps SQLite takes for a search */
function planOf(query: string): string {
  const { from, values } = searchSql(parseSearchRequest(query));
  const steps = db.prepare(`EXPLAIN QUERY PLAN SELECT r.content ${from}`).all(...values);
  return steps.map((step) => String(step.detail)).join('; ');
}

test.each([
  'identifier=urn:a|1',
  'identifier=1',
  'patient=p1',
  'code=urn:a|1&status=active',
  'based-on=ServiceRequest/r1',
])('finds %s by the index alone, then only the rows it names', (query) => {
  const plan = planOf(`ServiceRequest?${query}`);
  expect(plan).not.toMatch(/SCAN/);
  expect(plan).toContain('SEARCH r USING INTEGER PRIMARY KEY');
  expect(plan).toContain('SEARCH search_value USING PRIMARY KEY (type=? AND param=? AND code=?');
});

test('finds _id by type and id', () => {
  expect(planOf('Patient?_id=a,b')).toContain('SEARCH r USING INDEX resource_id (type=? AND id=?)');
});

test('finds _lastUpdated by its index', () => {
  expect(planOf('Patient?_lastUpdated=gt2026-01-01')).toContain('resource_updated (type=? AND updated_ms>?)');
});
