/** What is no HTTP, or bad HTTP, on a bare socket: the adapter lives, and answers with an outcome or closes. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commit, idOf, patient, recordOf } from '../store/samples.ts';
import { startAdapter, type TestAdapter } from './adapter.ts';

const BASE = '/fhir/R4';

/** Sends bytes and reads until the other side closes, or is silent for a while. @returns what came back */
function talk(adapter: TestAdapter, bytes: string | Buffer, silenceMs = 400): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(new URL(adapter.url).port), '127.0.0.1');
    const end = (): void => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    socket.setTimeout(silenceMs, end);
    socket
      .on('data', (chunk) => void chunks.push(chunk))
      .on('error', end)
      .on('close', end);
    socket.on('connect', () => void socket.write(bytes));
  });
}

/** @returns the status lines of all answers */
const statuses = (text: string): string[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status!);

async function expectAlive(adapter: TestAdapter): Promise<void> {
  expect((await adapter.get('/health')).status).toBe(200);
}

const head = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const HOST = 'Host: localhost';

test.each([
  ['text that is no HTTP', 'hello\r\n\r\n'],
  ['bytes of TLS', Buffer.from('16030100c8010000c40303', 'hex')],
  ['HTTP/2 without being asked', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a wrong version', head(`GET ${BASE}/metadata HTTP/9.9`, HOST)],
  ['a header with NUL', head(`GET ${BASE}/metadata HTTP/1.1`, HOST, 'X-A: a\0b')],
  ['a header without a name', head(`GET ${BASE}/metadata HTTP/1.1`, HOST, ': x')],
  ['a space before the colon', head(`GET ${BASE}/metadata HTTP/1.1`, HOST, 'X-A : b')],
  ['a bare line feed in a header', head(`GET ${BASE}/metadata HTTP/1.1`, HOST, 'X-A: b\nX-C: d')],
  ['two lengths', head(`POST ${BASE}/Patient HTTP/1.1`, HOST, 'Content-Length: 2', 'Content-Length: 3')],
  [
    'a length and chunks',
    head(`POST ${BASE}/Patient HTTP/1.1`, HOST, 'Content-Length: 2', 'Transfer-Encoding: chunked'),
  ],
  ['a negative length', head(`POST ${BASE}/Patient HTTP/1.1`, HOST, 'Content-Length: -1')],
  [
    'chunks of garbage',
    `${head(`POST ${BASE}/Patient HTTP/1.1`, HOST, 'Content-Type: application/json', 'Transfer-Encoding: chunked')}zz\r\nhello\r\n`,
  ],
  ['no Host', head(`GET ${BASE}/metadata HTTP/1.1`)],
])('answers 400, or closes, to %s', async (_what, bytes) => {
  const adapter = await startAdapter();
  const text = await talk(adapter, bytes);
  expect(['400', undefined]).toContain(statuses(text)[0]);
  expect(statuses(text).length).toBeLessThan(2);
  await expectAlive(adapter);
});

test('names the bound to who sends too much of address and headers', async () => {
  const adapter = await startAdapter();
  for (const bytes of [
    head(`GET ${BASE}/metadata HTTP/1.1`, HOST, `X-A: ${'a'.repeat(20_000)}`),
    head(`GET ${BASE}/Patient?name=${'a'.repeat(20_000)} HTTP/1.1`, HOST),
    head(`GET ${BASE}/metadata HTTP/1.1`, HOST, ...Array.from({ length: 5_000 }, (_, at) => `X-${at}: a`)),
  ]) {
    const text = await talk(adapter, bytes);
    expect(statuses(text)).toEqual(['431']);
    expect(text).toContain('api-header-size');
  }
  await expectAlive(adapter);
});

test('answers HTTP/1.0, an absolute address, and requests in one breath in their order', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p')]));
  const path = `${BASE}/Patient/${idOf('p')}`;
  expect(statuses(await talk(adapter, `GET ${path} HTTP/1.0\r\n\r\n`))).toEqual(['200']);
  const absolute = await talk(
    adapter,
    head(`GET http://elsewhere.example${path}?_pretty=true HTTP/1.1`, HOST),
  );
  expect(statuses(absolute)).toEqual(['200']);
  const many = await talk(
    adapter,
    head(`GET ${path} HTTP/1.1`, HOST) +
      head(`GET ${BASE}/Patient/no HTTP/1.1`, HOST) +
      head('GET /health HTTP/1.1', HOST),
  );
  expect(statuses(many)).toEqual(['200', '404', '200']);
});

test('lets nothing of a request into the headers of its answer', async () => {
  const adapter = await startAdapter({ app: { origins: ['https://app.example.org'] } });
  const injected = '%0d%0aX-Evil:%20yes';
  for (const line of [
    `GET ${BASE}/Patient/x${injected} HTTP/1.1`,
    `GET ${BASE}/Patient?_format=json${injected} HTTP/1.1`,
    `GET ${BASE}/${injected} HTTP/1.1`,
    `OPTIONS ${BASE}/Patient/${injected} HTTP/1.1`,
  ]) {
    const text = await talk(adapter, head(line, HOST, 'Origin: https://evil.example', 'X-Request-Id: a b'));
    expect(statuses(text).length).toBe(1);
    expect(text.slice(0, text.indexOf('\r\n\r\n'))).not.toMatch(/X-Evil|evil\.example|a b/i);
  }
});

test('makes no links of a Host that is none', async () => {
  const adapter = await startAdapter();
  for (const host of ['a/../b', '"><script>', 'a b', "x'or'1"]) {
    const text = await talk(adapter, head(`GET ${BASE}/Patient HTTP/1.1`, `Host: ${host}`));
    expect(text).not.toContain(host);
  }
  await expectAlive(adapter);
});

test('gives up on a body that does not come, and says so', async () => {
  const adapter = await startAdapter({ app: { longestBodyMs: 150 } });
  const began = head(
    `POST ${BASE}/$validate HTTP/1.1`,
    HOST,
    'Content-Type: application/json',
    'Content-Length: 100',
  );
  const text = await talk(adapter, `${began}{"resource`, 5_000);
  expect(statuses(text)).toEqual(['408']);
  expect(text).toContain('api-request-time');
  const unread = head(
    `POST ${BASE}/Patient HTTP/1.1`,
    HOST,
    'Content-Type: application/json',
    'Transfer-Encoding: chunked',
  );
  expect(statuses(await talk(adapter, `${unread}5\r\n{"res\r\n`, 5_000))).toEqual(['408']);
  await expectAlive(adapter);
});

test('lives on when a client hangs up in the middle of its body', async () => {
  const adapter = await startAdapter();
  const began = head(
    `POST ${BASE}/Patient HTTP/1.1`,
    HOST,
    'Content-Type: application/fhir+json',
    'Content-Length: 1000',
  );
  for (let at = 0; at < 5; at++) expect(await talk(adapter, `${began}{"resourceType":`, 30)).toBe('');
  await expectAlive(adapter);
});

test('lives through whatever is sent', async () => {
  const adapter = await startAdapter();
  const words = [
    'GET ',
    'POST ',
    BASE,
    '/Patient',
    '/$validate',
    '?_format=',
    ' HTTP/1.1',
    '\r\n',
    HOST,
    '\r\n\r\n',
    '{}',
    '%',
    '\0',
    'Content-Length: 2',
    'Accept: ',
    'é',
    ';q=',
    ':',
  ];
  const noise = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 5 })), { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(noise, async (parts) => {
      for (const status of statuses(await talk(adapter, parts.join(''), 25)))
        expect(Number(status)).toBeLessThan(500);
    }),
    { numRuns: 120 },
  );
  await expectAlive(adapter);
});
