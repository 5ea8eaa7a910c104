/** An erased person is in no table and no folder of what goes to and comes from NHS services; another person still is. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CodedContent } from '../../src/store/coded-entries.ts';
import type { NewMessage, Store } from '../../src/store/store.ts';
import { begin, sweep } from '../../src/target/document/course.ts';
import { createLetterSweep } from '../../src/target/document/erased.ts';
import type { CourseOptions } from '../../src/target/document/errand.ts';
import { folderWay } from '../../src/target/document/folder.ts';
import { commit, idOf, recordOf, refusedOf, withNhsNumber } from '../store/samples.ts';
import { temporaryFile, temporaryStore } from '../store/temporary.ts';
import { temporaryClient, temporaryDatabase, temporaryPostgresStore } from '../store/temporary-postgres.ts';
import { Clock, letter, MINUTE_MS, mailbox, meshServer, SIGNAL, temporaryFolder } from './mesh/harness.ts';

interface Someone {
  readonly id: string;
  readonly number: string;
  readonly family: string;
}
const ERASED: Someone = { id: idOf('erased'), number: '9990000018', family: 'Quillfeather' };
const OTHER: Someone = { id: idOf('other'), number: '9990000026', family: 'Thimblewick' };

interface Place {
  readonly store: Store;
  /** @returns all that is in the tables, as text */
  tables(): Promise<string>;
}

async function inSqlite(): Promise<Place> {
  const file = temporaryFile();
  const files = [file, `${file}-wal`];
  return {
    store: await temporaryStore({ file }),
    tables: async () => files.map((path) => (existsSync(path) ? readFileSync(path, 'latin1') : '')).join(),
  };
}

async function inPostgres(): Promise<Place> {
  const url = await temporaryDatabase();
  const client = await temporaryClient(url);
  return {
    store: await temporaryPostgresStore({ url }),
    async tables() {
      const named = await client.query<{ name: string }>(
        `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
      );
      const all: string[] = [];
      for (const { name } of named.rows) {
        const { rows } = await client.query<{ rows: string }>(
          `SELECT json_agg(t)::text AS rows FROM ${name} t`,
        );
        all.push(`${name} ${rows[0]?.rows}`);
      }
      return all.join('\n');
    },
  };
}

/** @returns the text as it stands in base64, wherever it begins there */
function encoded(text: string): string[] {
  return [0, 1, 2].map((before) =>
    Buffer.from(`${' '.repeat(before)}${text}`)
      .toString('base64')
      .slice(before === 0 ? 0 : before + 1, -4),
  );
}

function holds(text: string, { number, family }: Someone): boolean {
  const spaced = `${number.slice(0, 3)} ${number.slice(3, 6)} ${number.slice(6)}`;
  return [number, spaced, family].some((one) => [one, ...encoded(one)].some((form) => text.includes(form)));
}

/** @returns names of the files below a folder that hold something of somebody */
function filesOf(folder: string, someone: Someone): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .filter((one) => holds(readFileSync(join(one.parentPath, one.name), 'latin1'), someone))
    .map(({ name }) => name);
}

function entryOf({ id, number, family }: Someone, name: string) {
  const content: CodedContent = {
    ...{ rule: 'referral', as: 'Procedure', code: { code: '871731000000106', display: 'Referral' } },
    ...{ date: '2026-03-08', day: '2026-03-08', subject: `Patient/${id}`, ownerOrg: 'X26' },
    source: { type: 'ServiceRequest', id: idOf(name), version: 1 },
    person: { nhsNumber: number, family, given: 'Robin', birthDate: '1948-05-17' },
    author: { name: `Friend of ${family}` },
  };
  const named = { fact: idOf(`fact ${name}`), id: idOf(`entry ${name}`), action: 'add' as const };
  return { ...named, state: 'due' as const, blocked: undefined, practice: 'Y01234', content };
}

/** What is written of somebody into every place that the services have. */
async function fill(
  { store }: Place,
  { ours, server, course }: Services,
  someone: Someone,
  nowMs: number,
): Promise<void> {
  const { id, number, family } = someone;
  const named = (what: string): string => `${what}-${id.slice(0, 8)}`;
  const about = `Task/${idOf(named('task'))}` as const;
  const said = `${family}, NHS number ${number}. `;
  await commit(store, recordOf([withNhsNumber(id === ERASED.id ? 'erased' : 'other', number)], { key: id }));
  await commit(store, refusedOf({ key: undefined, payload: { number, note: `of ${family}` } }));

  const whole = { personId: id, about, subject: `A letter for ${said}` };
  await ours.send(letter(named('small'), { ...whole, content: Buffer.from(said) }), SIGNAL);
  await ours.send(letter(named('large'), { ...whole, content: Buffer.from(said.repeat(50)) }), SIGNAL);
  const byHand = { content: Buffer.from(said.repeat(50)), subject: `For ${family}` };
  await ours.send(letter(named('by hand'), byHand), SIGNAL);
  const unknown = { 'mex-workflowid': 'UNKNOWN', 'mex-subject': `Re: ${family}` };
  server.put('OURS', Buffer.from(said.repeat(50)), unknown);
  server.put('OURS', Buffer.from(`${said}Of nobody that is known here.`), unknown);

  const data = Buffer.from(said).toString('base64');
  const bundle = { resourceType: 'Bundle', entry: [{ resource: { resourceType: 'Binary', data } }] };
  const document = {
    ...{ reference: named('reference'), title: `Summary for ${family}`, bundle: JSON.stringify(bundle) },
    ...{ addressee: { personName: family, nhsNumber: number, location: '' }, version: 1, isCodedOnly: false },
  };
  const kept: Omit<NewMessage, 'id' | 'channel' | 'state'> = {
    ...{ direction: 'out', conversation: named('reference'), about, personId: id, ownerOrg: 'X26' },
    body: JSON.stringify(document),
  };
  await begin(course, { ...kept, channel: 'gp-letters', id: `${named('document')}.0` });
  await sweep(course, SIGNAL);
  await begin({ ...course, target: 'later' }, { ...kept, channel: 'later', id: `${named('document')}.0` });
  const came = { ...kept, direction: 'in', replyTo: `Practice of ${family}`, digest: family } as const;
  await store.messages.keep({ ...came, channel: 'bars', id: named('came'), state: 'received' }, nowMs);

  const { codedEntries, answers } = store;
  for (const state of ['filed', 'waits']) {
    const entry = entryOf(someone, named(state));
    await codedEntries.change(id, [{ kind: 'put', entry, from: 'none' }], nowMs);
    await codedEntries.list('Y01234', '2026-03-08', nowMs);
    const receipt = { id: entry.id, action: 'add' as const, atMs: nowMs, by: `Sister of ${family}` };
    const outcome = state === 'filed' ? 'filed' : 'rejected';
    await codedEntries.receive([{ ...receipt, outcome, reason: `${family} moved` }], nowMs);
  }
  await answers.keep('pds', id, { answer: JSON.stringify({ number, family }), untilMs: nowMs }, nowMs);
}

interface Services {
  readonly ours: ReturnType<typeof mailbox>;
  readonly server: Awaited<ReturnType<typeof meshServer>>;
  readonly course: CourseOptions;
}

test.each([
  ['sqlite', inSqlite],
  ['postgres', inPostgres],
])(
  'on %s nothing of an erased person stays in messages, files, lists, answers or the worklist',
  async (_engine, open) => {
    const place = await open();
    const { store } = place;
    const [clock, files, letters] = [new Clock(), temporaryFolder(), temporaryFolder()];
    clock.nowMs = Date.now(); // files tell their age by it
    const server = await meshServer(clock);
    const ours = mailbox({ server, store, clock, folder: files, inStoreBytes: 200 });
    const course: CourseOptions = {
      ...{ target: 'gp-letters', ways: [folderWay(letters)], store, clock: clock.read },
      ...{ mayGo: async () => true, silentAfterMs: 1e9, filedWithinMs: 1e9 },
    };
    for (const someone of [ERASED, OTHER]) await fill(place, { ours, server, course }, someone, clock.nowMs);
    await ours.poll();
    await ours.tend();
    for (const someone of [ERASED, OTHER]) {
      expect(holds(await place.tables(), someone)).toBe(true);
      expect([filesOf(files, someone).length, filesOf(letters, someone).length]).toEqual([3, 1]);
    }

    await store.erasePerson(ERASED.id, 'dpo', clock.nowMs);
    clock.pass(180 * MINUTE_MS);
    await ours.tend();
    await createLetterSweep(course, store)();

    const left = await place.tables();
    expect([holds(left, ERASED), filesOf(files, ERASED), filesOf(letters, ERASED)]).toEqual([false, [], []]);
    expect([filesOf(files, OTHER).length, filesOf(letters, OTHER).length]).toEqual([3, 1]);
    // who was to see to messages of nobody has only those of the other left
    expect(await store.worklist({ open: true, target: 'ours', count: 50 })).toHaveLength(2);
    expect(await store.codedEntries.ofPerson(OTHER.id, [])).toHaveLength(2);
    expect(await store.answers.get('pds', OTHER.id)).toBeDefined();
    const bodies = await Promise.all(['ours', 'later', 'bars'].map((one) => store.messages.withBody(one)));
    expect(bodies.map(({ length }) => length)).toEqual([5, 1, 1]);
  },
);
