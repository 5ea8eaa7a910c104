/** docs/views.md holds: its view runs, its types are those of the code, and its limits too. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RUN_BOUNDS } from '../../src/api/views/run-rows.ts';
import { TABLE_FORMATS } from '../../src/api/views/table-format.ts';
import { sqlType } from '../../src/research/view/sql-type.ts';
import { compiled } from '../research/samples.ts';
import { blocksOf, ROOT } from './page.ts';

const text = readFileSync(join(ROOT, 'docs/views.md'), 'utf8');
const [view] = blocksOf('views.md').filter(({ words }) => words[1] === 'view');

test('the view of the page gives a row an answer, however deep its question stands', () => {
  const { columns, rows: run } = compiled(JSON.parse(view!.text));
  const rows: unknown[][] = [];
  const inner = {
    linkId: '1.1',
    answer: [{ valueInteger: 2, item: [{ linkId: '1.1.1', answer: [{ valueInteger: 3 }] }] }],
  };
  const response = {
    resourceType: 'QuestionnaireResponse',
    id: 'q',
    status: 'completed',
    authored: '2026-03-05T10:25:00Z',
    subject: { reference: 'Patient/p' },
    item: [{ linkId: '1', item: [inner] }],
  };
  run(response, (row) => rows.push([...row]));
  run({ ...response, status: 'in-progress' }, (row) => rows.push([...row]));
  expect(rows).toEqual([
    ['q', 'p', '2026-03-05T10:25:00Z', 1, '1.1', 2],
    ['q', 'p', '2026-03-05T10:25:00Z', 2, '1.1.1', 3],
  ]);
  expect(columns.map(sqlType)).toEqual(['VARCHAR', 'VARCHAR', 'DATE', 'INTEGER', 'VARCHAR', 'INTEGER']);
});

test('the page names the formats and the limits as they are', () => {
  for (const format of TABLE_FORMATS) expect(text).toContain(`\`${format}\``);
  const said = (count: number): string => count.toLocaleString('en-GB');
  expect(text).toContain(
    `${said(RUN_BOUNDS.rows)} rows at most (${said(RUN_BOUNDS.rowsOfOne)} of one resource)`,
  );
  expect(RUN_BOUNDS.ms).toBe(60_000);
});

test.each([
  ['decimal', 'DOUBLE'],
  ['instant', 'TIMESTAMPTZ'],
  ['integer64', 'BIGINT'],
  ['dateTime', 'VARCHAR'],
])('the page has the type of %s', (type, sql) => {
  const column = {
    name: 'x',
    type,
    isCollection: false,
    description: undefined,
    tags: new Map<string, string>(),
  };
  expect(sqlType(column)).toBe(sql);
  expect(text).toContain(type);
});
