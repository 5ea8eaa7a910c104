/** The words `export` and `report`, as somebody types them: beside an adapter that runs, and where none does. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { readLock } from '../../src/cli/lock.ts';
import type { Identified } from '../../src/store/resources.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { population } from '../research/population.ts';
import { RULES, recordOf } from '../store/samples.ts';
import { temporaryDatabase } from '../store/temporary-postgres.ts';
import { closing, temporaryFolder } from './whole.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const MADE_UP = {
  research: {
    optOut: { notApplicable: 'people who were made up' },
    kAnonymity: { k: 2, columns: ['gender'] },
  },
};
let bytes: Buffer;

beforeAll(async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'store.sqlite');
  const store = await openSqliteStore({ file });
  const byPerson = Map.groupBy([...population({ people: 60 })], ({ personId }) => personId ?? 'directory');
  for (const [key, all] of byPerson)
    await store.commit(
      [
        recordOf(
          all.map(({ resource }) => resource as Identified),
          { key, payload: { key } },
        ),
      ],
      RULES,
      Date.now(),
    );
  await store.close();
  bytes = readFileSync(file);
});

interface Place {
  readonly folder: string;
  readonly data: string;
  run(...words: readonly string[]): Promise<{ code: number; out: string; err: string }>;
}

function place(config: object = MADE_UP): Place {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'hedgerow.sqlite'), bytes);
  writeFileSync(join(folder, 'hedgerow.config.json'), JSON.stringify({ port: 0, ...config }));
  return {
    ...{ folder, data },
    run: (...words) =>
      new Promise((resolve) => {
        execFile(process.execPath, [MAIN, ...words], { cwd: folder }, (error, out, err) => {
          resolve({ code: error ? Number(error.code) : 0, out, err });
        });
      }),
  };
}

async function audited({ run }: Place): Promise<string[]> {
  const { out } = await run('audit', 'export', '--client', 'operator');
  return [...out.matchAll(/"code":"(\$[a-z-]+)"/g)].map(([, code]) => code!);
}

test('export writes the tables with a manifest, and the audit knows of it', async () => {
  const here = place();
  const { code, out, err } = await here.run(
    'export',
    '--views',
    '--tables',
    'patients,referral_funnel',
    '--out',
    'study',
  );
  expect([code, err.includes('Error')]).toEqual([0, false]);
  expect(out).toMatch(/patients: \d+ rows/);
  const study = join(here.folder, 'study');
  expect(readdirSync(study).sort()).toEqual(['manifest.json', 'patients.csv', 'referral_funnel.csv']);
  expect(readFileSync(join(study, 'referral_funnel.csv'), 'utf8')).toMatch(
    /^stage,people,referrals\r\nreferred,/,
  );
  expect(await audited(here)).toEqual(['$export-views']);
  const again = await here.run(
    'export',
    '--views',
    '--tables',
    'patients',
    '--format',
    'ndjson',
    '--out',
    'study',
  );
  expect(again.code).toBe(0);
  expect(readdirSync(study).sort()).toEqual(['manifest.json', 'patients.ndjson']);
});

test('export says who is in, and who was left out why, without a small number', async () => {
  const { out } = await place().run('export', '--views', '--tables', 'patients,referrals', '--out', 'study');
  expect(out).toMatch(/^People who may be in research data: about \d*[05]\.$/m);
  expect(out).toMatch(/^Left out, without consent for research: (about \d*[05]|fewer than 5)\.$/m);
  const wide = { research: { optOut: MADE_UP.research.optOut, kAnonymity: { k: 50 } } };
  const nobody = await place(wide).run('export', '--views', '--tables', 'patients', '--out', 'study');
  expect(nobody.out).toContain('patients: 0 rows');
  expect(nobody.out).toContain('as fewer than 50 are alike in');
  expect(nobody.out).toContain(
    'So the tables of people are empty: name fewer columns in research.kAnonymity.columns',
  );
  const finer = { k: 3, columns: ['gender', 'age_band'] };
  const some = await place({ research: { ...wide.research, kAnonymity: finer } }).run(
    ...['export', '--views', '--tables', 'patients', '--out', 'study'],
  );
  expect(some.out).not.toContain('patients: 0 rows');
  expect(some.out).toContain('To keep more of them, name fewer columns in research.kAnonymity.columns');
});

test('report draws its page, with its tables and the measures', async () => {
  const here = place();
  const { code } = await here.run(
    'report',
    '--out',
    'r/year.html',
    '--measures',
    'r/measures.json',
    '--title',
    'Our year',
  );
  expect(code).toBe(0);
  expect(readFileSync(join(here.folder, 'r/year.html'), 'utf8')).toContain('<title>Our year');
  expect(readdirSync(join(here.folder, 'r/year.csv')).length).toBeGreaterThan(5);
  const { entry } = JSON.parse(readFileSync(join(here.folder, 'r/measures.json'), 'utf8')) as {
    entry: { resource: { resourceType: string } }[];
  };
  expect(new Set(entry.map(({ resource }) => resource.resourceType))).toEqual(new Set(['MeasureReport']));
  const checked = await here.run('validate', 'r/measures.json');
  expect([checked.code, checked.out]).toEqual([0, expect.stringContaining('0 errors')]);
  expect(await audited(here)).toEqual(['$report']);
});

test.each([
  ['nobody has said how opt-outs are applied', {}, ['export', '--views'], 'opt'],
  [
    'there is no such table',
    MADE_UP,
    ['export', '--views', '--tables', 'nobody'],
    'There is no table nobody',
  ],
  [
    'a rules file is not there',
    { research: { ...MADE_UP.research, rules: 'mine.json' } },
    ['export', '--views'],
    'mine.json',
  ],
])('where %s it says so, and writes nothing', async (_why, config, words, said) => {
  const here = place(config);
  const { code, err } = await here.run(...words, '--out', 'study');
  expect(code).toBe(1);
  expect(err).toContain(said);
  expect(existsSync(join(here.folder, 'study'))).toBe(false);
  expect(readdirSync(here.data).filter((name) => name.startsWith('.workbench'))).toEqual([]);
});

test('beside an adapter that runs it reads what that holds, and that one writes the audit', async () => {
  const here = place();
  const adapter: ChildProcess = closing(
    spawn(process.execPath, [MAIN, 'start'], { cwd: here.folder, stdio: 'ignore' }),
    (one) => one.kill('SIGKILL'),
  );
  while (readLock(here.data)?.url === undefined) await wait(50);
  const { code } = await here.run('export', '--views', '--tables', 'patients', '--out', 'study');
  expect(code).toBe(0);
  expect(await audited(here)).toEqual(['$export-views']);
  adapter.kill('SIGTERM');
  await new Promise((resolve) => adapter.once('exit', resolve));
  expect((await here.run('audit', 'verify')).code).toBe(0);
});

test('export fills a schema of PostgreSQL, all tables or none, and says where without the password', async () => {
  const url = await temporaryDatabase();
  const here = place();
  const words = [
    'export',
    '--views',
    '--tables',
    'patients,referral_funnel',
    '--format',
    'postgres',
    '--schema',
    'Study 1',
  ];
  expect((await here.run(...words)).err).toContain('RESEARCH_DATABASE_URL');
  process.env.RESEARCH_DATABASE_URL = url;
  onTestFinished(() => {
    delete process.env.RESEARCH_DATABASE_URL;
  });
  const client = closing(new Client({ connectionString: url }), (one) => one.end());
  await client.connect();
  const count = async (table: string): Promise<number> =>
    Number((await client.query<{ n: string }>(`SELECT count(*) AS n FROM "Study 1".${table}`)).rows[0]?.n);
  const first = await here.run(...words);
  expect([first.code, first.out.includes(url)]).toEqual([0, false]);
  expect([(await count('patients')) > 0, await count('manifest')]).toEqual([true, 1]);
  const funnel = await client.query('SELECT people, people_suppressed FROM "Study 1".referral_funnel');
  expect(funnel.rows.length).toBeGreaterThan(3);
  // a view on a table whose columns change stops it: then no table is replaced
  await client.query(
    'ALTER TABLE "Study 1".referral_funnel ADD COLUMN note text; CREATE VIEW noted AS SELECT note FROM "Study 1".referral_funnel; DELETE FROM "Study 1".patients',
  );
  const second = await here.run(...words);
  expect(second.code).toBe(1);
  expect(await count('patients')).toBe(0);
});

test('view runs one view over files of resources', async () => {
  const here = place();
  const lines = [
    { resourceType: 'Patient', id: 'a', gender: 'female' },
    { resourceType: 'Encounter', id: 'e', status: 'finished' },
  ];
  writeFileSync(join(here.folder, 'one.ndjson'), lines.map((one) => JSON.stringify(one)).join('\n'));
  writeFileSync(join(here.folder, 'two.ndjson'), '{"resourceType":"Patient","id":"b"}\nno json\n');
  const { code } = await here.run('view', 'patient', 'one.ndjson', '--out', 'rows.csv');
  expect(code).toBe(0);
  expect(readFileSync(join(here.folder, 'rows.csv'), 'utf8')).toMatch(/^patient_key,gender,.*\r\na,female,/s);
  const strict = await here.run('view', 'patient', 'one.ndjson', 'two.ndjson', '--out', 'all.csv');
  expect([strict.code, strict.err.includes('Line 2'), existsSync(join(here.folder, 'all.csv'))]).toEqual([
    1,
    true,
    false,
  ]);
  const lenient = await here.run(
    'view',
    'patient',
    'one.ndjson',
    'two.ndjson',
    '--out',
    'all.csv',
    '--leave-out',
  );
  expect([lenient.code, lenient.out]).toEqual([2, expect.stringContaining('2 rows')]);
  expect((await here.run('view', 'patient', 'three.ndjson', '--out', 'x.csv')).err).toContain(
    'no file three.ndjson',
  );
});
