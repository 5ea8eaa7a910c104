/** Files of a source that come by MESH are taken in like those that are dropped, and a file that is refused is not lost. */
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { fileMessages } from '../../src/source/mesh/file-messages.ts';
import type { ReadRecord } from '../../src/source/record.ts';
import { Clock, live, MINUTE_MS, mailbox, meshServer, open } from '../nhs/mesh/harness.ts';
import { temporaryStore } from '../store/temporary.ts';
import { charity } from './charity.ts';

/** Stands for the pipeline: counts what is read by key. */
function intake() {
  const seen: ReadRecord[] = [];
  const files: string[] = [];
  const ingest: Parameters<typeof fileMessages>[0]['ingest'] = async (_source, _kind, records, { file }) => {
    const receipt = { committed: 0, unchanged: 0, refused: 0 };
    files.push(file);
    for await (const record of records) {
      seen.push(record);
      receipt[record.ok ? 'committed' : 'refused']++;
    }
    return { receipt } as unknown as Awaited<ReturnType<typeof ingest>>;
  };
  return { seen, files, ingest };
}

async function received(headers: Readonly<Record<string, string>>, content: string, kind?: string) {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  server.put('OURS', Buffer.from(content), { 'mex-workflowid': 'FILES', ...headers });
  const ours = mailbox({ server, store, clock });
  const { seen, files, ingest } = intake();
  ours.onMessage('FILES', fileMessages({ source: charity, kind, clock: clock.read, ingest }));
  await live(clock, 10 * MINUTE_MS, ours);
  return { seen, files, work: await open(store), ours, clock, id: server.messages[0]!.id };
}

test('a spreadsheet that comes by MESH is read as the file that it is', async () => {
  const { seen, files, work } = await received(
    { 'mex-filename': 'people 1.csv' },
    'Person ID,Surname\nP1,Ash\nP2,Elm\n',
  );
  expect(seen.map(({ ok, key }) => [ok, key])).toEqual([
    [true, 'P1'],
    [true, 'P2'],
  ]);
  expect(files).toEqual(['people 1.csv']);
  expect(work).toEqual([]);
});

test('a file whose name tells no format goes by its media type', async () => {
  const { seen, files } = await received(
    { 'mex-filename': '20260504_MESH.dat', 'mex-content-type': 'text/csv; charset=utf-8' },
    'Person ID,Surname\nP1,Ash\n',
  );
  expect(seen).toHaveLength(1);
  expect(files).toEqual(['20260504_MESH.dat.csv']);
});

test('a file of which nothing can be taken in is kept, and on the worklist until somebody has seen to it', async () => {
  const { work, ours, id } = await received({ 'mex-filename': 'people.dat' }, 'Person ID,Surname\nP1,Ash\n');
  expect(work.map(({ item }) => ruleOf(item.outcome.issue[0]!))).toEqual(['mesh-file-refused']);
  expect(Buffer.from(await (await ours.kept(id))!.read()).toString()).toContain('P1,Ash');
});
