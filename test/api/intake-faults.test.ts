/** Bad input over HTTP: 4xx with an outcome that says where and what to change, and nothing accepted is lost. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { READ_LIMITS } from '../../src/source/limits.ts';
import { example, expectOutcome, startAdapter, type TestAdapter } from './adapter.ts';

const REFERRAL = example('platform', 'referral', 'adult-referred-by-gp');
const PATH = '/intake/platform/referral';

/** Holds that the fault left nothing half-done: a good record still goes in, and is all there is. */
async function expectUnharmed(adapter: TestAdapter): Promise<void> {
  expect((await adapter.post(PATH, REFERRAL)).status).toBe(202);
  const found = await adapter.get('/fhir/R4/ServiceRequest?_count=0');
  expect(await found.json()).toMatchObject({ total: 1 });
}

const deep = (open: string, close: string): string => open.repeat(10_000) + close.repeat(10_000);

test.each([
  ['truncated JSON', REFERRAL.slice(0, -40), 400, 'read-json-syntax'],
  ['an empty body', '', 400, 'read-json-syntax'],
  ['two documents', '{} {}', 400, 'read-json-syntax'],
  ['10,000 arrays within one another', deep('[', ']'), 400, 'read-json-depth'],
  [
    '10,000 objects within one another',
    `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    400,
    'read-json-depth',
  ],
  ['a __proto__ key', `{"__proto__":{"admin":true},${REFERRAL.trim().slice(1)}`, 400, 'read-json-key'],
  [
    'a __proto__ key deep inside',
    REFERRAL.replace('"client": {', '"client": {"__proto__": {},'),
    400,
    'read-json-key',
  ],
  ['a NUL byte', REFERRAL.replace('choir', 'cho\0ir'), 400, 'read-'],
  ['an escaped NUL', REFERRAL.replace('choir', 'cho\\u0000ir'), 400, 'read-nul'],
  ['half a surrogate pair', REFERRAL.replace('choir', '\\ud800'), 400, 'read-json-text'],
  ['text instead of a record', '"hello"', 400, 'read-json-object'],
  ['null', 'null', 400, 'read-json-object'],
  ['an empty object', '{}', 422, 'read-required'],
])('refuses %s', async (_name, body, status, rule) => {
  const adapter = await startAdapter();
  const answer = await adapter.post(PATH, body);
  const text = await answer.clone().text();
  const found = /"code":"(read-[a-z-]+)"/.exec(text)?.[1] ?? rule;
  expect(found.startsWith(rule)).toBe(true);
  await expectOutcome(answer, status, rule.endsWith('-') ? found : rule);
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
  await expectUnharmed(adapter);
});

test('says by line and column where JSON breaks off', async () => {
  const adapter = await startAdapter();
  const outcome = await expectOutcome(
    await adapter.post(PATH, '{\n  "a": 1,\n  oops\n}'),
    400,
    'read-json-syntax',
  );
  expect(outcome.issue[0]?.diagnostics).toContain('line 3, column 3');
});

test.each([
  ['Latin-1', Buffer.from(REFERRAL.replace('choir', 'caf\u00e9'), 'latin1')],
  ['half a character', Buffer.from([0x7b, 0x22, 0xe2, 0x82])],
  ['odd UTF-16', Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d])],
])('refuses bytes that are no UTF-8: %s', async (_name, body) => {
  const adapter = await startAdapter();
  await expectOutcome(await adapter.post(PATH, body), 400, 'read-encoding');
  await expectUnharmed(adapter);
});

test('reads UTF-16 that says so by its byte order mark', async () => {
  const adapter = await startAdapter();
  expect((await adapter.post(PATH, Buffer.from(`\ufeff${REFERRAL}`, 'utf16le'))).status).toBe(202);
});

test('refuses a body of 50 MB, and one without end in sight', async () => {
  const adapter = await startAdapter();
  const body = new Uint8Array(50_000_000).fill(0x20);
  await expectOutcome(await adapter.post(PATH, body), 413, 'read-too-long');
  const small = await startAdapter({ app: { limits: { ...READ_LIMITS, jsonBytes: 1_000 } } });
  await expectOutcome(await small.post(PATH, 'x'.repeat(1_001)), 413, 'read-too-long');
  const answer = await chunked(small, 2_000, 40);
  expect([answer.status, answer.text]).toEqual([413, expect.stringContaining('read-too-long')]);
  await expectUnharmed(adapter);
});

test('refuses NDJSON with a line that is too long, and takes the next line', async () => {
  const adapter = await startAdapter();
  const line = JSON.stringify(JSON.parse(REFERRAL));
  const answer = await adapter.post(
    PATH,
    `{"a":"${'x'.repeat(1_100_000)}"}\n${line}`,
    'application/x-ndjson',
  );
  expect(answer.status).toBe(202);
  const body = await answer.text();
  expect(body).toContain('read-too-long');
  expect(body).toContain('"committed":1');
});

test.each([
  ['application/fhir+json', 'intake-media-type', /FHIR is what comes out/],
  ['application/xml', 'intake-media-type', /application\/x-ndjson/],
  ['text/plain', 'intake-media-type', /text\/csv/],
  ['', 'intake-media-type', /Content-Type/],
  ['application/json; charset=iso-8859-1', 'intake-charset', /UTF-8/],
  ['text/csv; charset="windows-1252"', 'intake-charset', /UTF-8/],
])('refuses the media type "%s" with a hint', async (type, rule, hint) => {
  const adapter = await startAdapter();
  const answer = await adapter.post(PATH, Buffer.from(REFERRAL), type);
  const outcome = await expectOutcome(answer, 415, rule);
  expect(outcome.issue[0]?.diagnostics).toMatch(hint);
});

test('refuses a compressed body', async () => {
  const adapter = await startAdapter();
  const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
  const answer = await fetch(adapter.url + PATH, { method: 'POST', body: gzipSync(REFERRAL), headers });
  await expectOutcome(answer, 415, 'intake-encoding');
});

test('refuses CSV with wrong columns, however long it is, and keeps that for a person', async () => {
  const adapter = await startAdapter();
  const csv = `Name,Colour\n${'a,b\n'.repeat(500_000)}`;
  const answer = await adapter.post('/intake/spreadsheet/referral', csv, 'text/csv');
  const outcome = await expectOutcome(answer, 400, 'read-columns');
  expect(outcome.issue[0]?.diagnostics).toMatch(/column/);
  expect(outcome.issue.at(-1)?.diagnostics).toContain('worklist');
  await expectOutcome(await adapter.post('/intake/spreadsheet/referral', '', 'text/csv'), 400, 'read-empty');
  const latin = Buffer.from('caf\u00e9,b\n', 'latin1');
  await expectOutcome(
    await adapter.post('/intake/spreadsheet/referral', latin, 'text/csv'),
    400,
    'read-encoding',
  );
});

test('names the sources and kinds that there are', async () => {
  const adapter = await startAdapter();
  const source = await expectOutcome(
    await adapter.post('/intake/nobody/referral', '{}'),
    404,
    'intake-unknown-source',
  );
  expect(source.issue[0]?.diagnostics).toContain('spreadsheet, platform');
  const kind = await expectOutcome(
    await adapter.post('/intake/platform/__proto__', '{}'),
    404,
    'intake-unknown-kind',
  );
  expect(kind.issue[0]?.diagnostics).toContain('questionnaire');
});

test.each(['GET', 'PUT', 'PATCH', 'DELETE'])('refuses %s of the intake', async (method) => {
  const adapter = await startAdapter();
  const answer = await fetch(adapter.url + PATH, { method });
  expect(answer.headers.get('allow')).toBe('POST, OPTIONS');
  await expectOutcome(answer, 405, 'api-method');
  const receipt = await fetch(`${adapter.url}/intake/receipts/x`, {
    method: method === 'GET' ? 'POST' : method,
  });
  await expectOutcome(receipt, 405, 'api-method');
});

test('accepts nothing of a request whose sender went away in the middle', async () => {
  const adapter = await startAdapter();
  const { port } = new URL(adapter.url);
  for (const type of ['application/json', 'application/x-ndjson']) {
    const head = `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 100000\r\n\r\n`;
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(head + REFERRAL.slice(0, 200)));
      socket.once('close', () => resolve());
      setTimeout(() => socket.destroy(), 100);
    });
  }
  const counts = await adapter.store.counts();
  expect(counts.sources.filter((one) => one.records > 0)).toEqual([]);
  await expectUnharmed(adapter);
  expect(adapter.log.filter((line) => line.includes('unexpected'))).toEqual([]);
});

test('holds back a body when too many are being read, and takes it a moment later', async () => {
  const adapter = await startAdapter({ app: { bodies: 1 } });
  const open = request(adapter.url + PATH, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
  });
  const first = new Promise<number | undefined>((resolve, reject) => {
    open.once('response', (answer) => resolve(answer.resume().statusCode)).once('error', reject);
  });
  open.write(REFERRAL.slice(0, 100));
  let busy: Response | undefined;
  while (busy?.status !== 503) busy = await adapter.post('/intake/platform/contact', ' '.repeat(100_000));
  expect(busy.headers.get('retry-after')).toBe('1');
  await expectOutcome(busy, 503, 'intake-busy');
  open.end(REFERRAL.slice(100));
  expect(await first).toBe(202);
  await expectOutcome(await adapter.post(PATH, '{'), 400, 'read-json-syntax');
});

test('asks to come again when the store is full, and acknowledges nothing', async () => {
  const adapter = await startAdapter({ store: { maxBytes: 600_000 } });
  const record = JSON.parse(REFERRAL) as { referral: { id: string; remarks: string } };
  let answer: Response | undefined;
  for (let i = 0; i < 200 && (answer === undefined || answer.status === 202); i++) {
    const referral = { ...record.referral, id: `R-${i}`, remarks: 'word '.repeat(4_000) };
    answer = await adapter.post(PATH, JSON.stringify({ ...record, referral }));
  }
  expect(answer!.headers.get('retry-after')).toMatch(/^\d+$/);
  const outcome = JSON.parse(await answer!.text()) as { resourceType: string };
  expect([answer!.status, outcome.resourceType]).toEqual([507, 'OperationOutcome']);
  expect((await adapter.get('/ready')).status).toBe(503);
});

test('asks to come again while the store is closed', async () => {
  const adapter = await startAdapter();
  await adapter.store.close();
  const answer = await adapter.post(PATH, REFERRAL);
  expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    503,
    'application/fhir+json; charset=utf-8',
  ]);
});

/** Sends chunks without a Content-Length, and goes on sending while the answer comes. */
async function chunked(
  adapter: TestAdapter,
  bytes: number,
  times: number,
): Promise<{ status: number | undefined; text: string }> {
  return await new Promise((resolve, reject) => {
    const call = request(adapter.url + PATH, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
    });
    call.once('error', reject).once('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.once('end', () => resolve({ status: answer.statusCode, text }));
    });
    for (let i = 0; i < times; i++) call.write(' '.repeat(bytes));
    call.end();
  });
}
