/** JSON documents and NDJSON streams: records, their times and their refusals. */
import { expect, test } from 'vitest';
import { READ_LIMITS } from '../../src/source/limits.ts';
import { readJson, readNdjson } from '../../src/source/read-json.ts';
import type { ReadRecord } from '../../src/source/record.ts';
import { allOf, chunksOf, kindOf, NOW_MS, read, refused, said } from './charity.ts';

function events(body: string | Uint8Array, file?: string): Promise<ReadRecord[]> {
  return allOf(readJson(kindOf('event'), body, { nowMs: NOW_MS, ...(file === undefined ? {} : { file }) }));
}

function lines(text: string, size?: number): Promise<ReadRecord[]> {
  return allOf(readNdjson(kindOf('event'), chunksOf(text, size), { nowMs: NOW_MS, file: 'event.ndjson' }));
}

test('times without a zone get that of the source, at any depth; codes are folded; blanks and nulls are absent', async () => {
  const [record] = await events(
    JSON.stringify({
      at: '2025-07-01T09:30',
      event: {
        id: 'E1',
        born: '1950-03-07',
        codes: [' Home  Visit', ''],
        worker: { since: '2025-01-01T08:00:00Z' },
      },
      parts: [{ when: '2025-01-01T08:00:00.5', parts: [{ when: '2025-08-01T08:00+02:00' }] }, null],
      extra: { a: null, b: ' ', c: 'kept ' },
    }),
  );
  expect(read(record)).toEqual({
    ok: true,
    source: 'charity',
    kind: 'event',
    key: 'E1',
    payload: {
      at: '2025-07-01T09:30:00+01:00',
      event: {
        id: 'E1',
        born: '1950-03-07',
        codes: ['home visit'],
        worker: { since: '2025-01-01T08:00:00Z' },
      },
      parts: [{ when: '2025-01-01T08:00:00.5+00:00', parts: [{ when: '2025-08-01T08:00:00+02:00' }] }],
      extra: { c: 'kept ' },
    },
    sourceTimeMs: Date.UTC(2025, 6, 1, 8, 30),
    timeOf: 'source',
    warnings: [],
  });
});

test('faults of a payload are told by their place and never by their value', async () => {
  const [record] = await events(
    '{"at": "2025-02-31T10:00:00", "event": {"id": 7, "born": "31/02/1950", "worker": {"since": "yesterday"}}, "parts": [{"when": "2025-03-30T01:30"}]}',
  );
  expect(said(record)).toEqual([
    "read-date: field 'at': no calendar or clock has this time; write the date and time as yyyy-MM-ddTHH:mm:ss, with the zone behind it where it is known",
    "read-date: field 'event.worker.since': write the date and time as yyyy-MM-ddTHH:mm:ss, with the zone behind it where it is known",
    "read-time-gap: field 'parts[0].when': the clocks in Europe/London were put forward over this time; correct the hour",
    "read-type: field 'event.id': write text",
    "read-format: field 'event.born': write the date as yyyy-MM-dd",
  ]);
  expect(refused(record).outcome.issue.map((issue) => issue.expression?.[0])).toEqual([
    'at',
    'event.worker.since',
    'parts[0].when',
    'event.id',
    'event.born',
  ]);
});

test('a missing key is refused by its place', async () => {
  expect(said((await events('{"event": {}}'))[0])).toEqual([
    "read-required: field 'event.id': missing: fill it in",
  ]);
  expect(said((await events('{}'))[0])).toEqual([
    "read-required: field 'event': missing: fill it in",
    "read-key: field 'event.id': missing: the record is known by it; fill it in",
  ]);
});

test('a field that no schema names is kept, and told once a file', async () => {
  const records = await events(
    '[{"event": {"id": "1", "hue": 1}}, {"event": {"id": "2", "hue": 2}}, {"event": {"id": "3"}, "p1950": 1}]',
  );
  expect(records.map(said)).toEqual([
    [
      "read-unknown-field: 'event' has a field that the schema does not name, 'hue': it is kept and not mapped; add it to event.schema.json, or leave it out",
    ],
    [],
    [
      'read-unknown-field: the record has a field that the schema does not name, one whose name may be data: it is kept and not mapped; add it to event.schema.json, or leave it out',
    ],
  ]);
  expect(read(records[0]).payload).toEqual({ event: { id: '1', hue: 1 } });
});

test('an array is a record an item, each with its line', async () => {
  const records = await events(
    '[\n {"event": {"id": "1"}},\n 5,\n {"event":\n {"id": "2"}}\n]',
    'event.json',
  );
  expect(records.map((record) => [record.ok, record.line, record.key])).toEqual([
    [true, 2, '1'],
    [false, 3, undefined],
    [true, 4, '2'],
  ]);
  expect(said(records[1])[0]).toContain('read-json-object');
});

test.each(['5', '"x"', 'null', 'true', '[[]]'])('%s is no record', async (body) => {
  expect(said((await events(body))[0])[0]).toContain('read-json-object');
});

test.each([
  ['truncated JSON', '{"event": {"id": "1"', 'read-json-syntax', 'structure'],
  ['nesting of 10,000', '['.repeat(10_000), 'read-json-depth', 'too-costly'],
  ['a body of 50 MB', Buffer.alloc(50_000_000, 0x20), 'read-too-long', 'too-long'],
  ['a __proto__ key', '{"event": {"id": "1", "__proto__": {"x": 1}}}', 'read-json-key', 'structure'],
  ['a NUL byte', '{"event": {"id": "1\0"}}', 'read-nul', 'structure'],
  ['Windows-1252', Buffer.from('{"event": {"id": "Zo\xeb"}}', 'latin1'), 'read-encoding', 'structure'],
])('%s is one refusal that says what to do', async (_, body, rule, code) => {
  const records = await events(body);
  expect(records).toHaveLength(1);
  const [issue] = refused(records[0]).outcome.issue;
  expect(issue).toMatchObject({ severity: 'error', code, details: { coding: [{ code: rule }] } });
  expect(issue!.diagnostics!.length).toBeGreaterThan(20);
});

test('a body in UTF-8 with a mark, and one in UTF-16, are read', async () => {
  expect((await events('\ufeff{"event": {"id": "1"}}'))[0]!.key).toBe('1');
  expect((await events(Buffer.from('\ufeff{"event": {"id": "é"}}', 'utf16le')))[0]!.key).toBe('é');
});

test('nothing that a body says reaches the prototype of objects', async () => {
  await events('{"event": {"id": "1"}, "__proto__": {"polluted": true}}');
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test.each([1, 5, 65_536])('NDJSON: bad lines do not stop good ones, in chunks of %i', async (size) => {
  const records = await lines(
    '{"event": {"id": "é1"}}\r\n\n{"event": \n{"event": {"id": "2"}}\n[1]\n{"event": {"id": "3"}}',
    size,
  );
  expect(records.map((record) => [record.line, record.key])).toEqual([
    [1, 'é1'],
    [3, undefined],
    [4, '2'],
    [5, undefined],
    [6, '3'],
  ]);
  expect(said(records[1])[0]).toMatch(/^read-json-syntax: line 1, column 11/);
});

test('a line longer than the bound is refused, and the next one read', async () => {
  const records = await lines(
    `{"event": {"id": "${'x'.repeat(1_100_000)}"}}\n{"event": {"id": "2"}}\n${'y'.repeat(5_000_000)}`,
  );
  expect(records.map((record) => record.line)).toEqual([1, 2, 3]);
  expect(said(records[0])).toEqual([
    'read-too-long: the line is longer than 1,000,000 bytes: send it in smaller parts',
  ]);
  expect(read(records[1]).key).toBe('2');
  expect(refused(records[2]).outcome.issue[0]!.code).toBe('too-long');
});

test('an item of an array longer than a record may be is refused alone', async () => {
  const limits = { ...READ_LIMITS, recordBytes: 60 };
  const body = JSON.stringify([{ event: { id: '1' }, extra: { a: 'x'.repeat(80) } }, { event: { id: '2' } }]);
  const records = await allOf(readJson(kindOf('event'), body, { nowMs: NOW_MS, limits }));
  expect(records.map((record) => record.ok)).toEqual([false, true]);
});

test('NDJSON in the wrong encoding is refused at its line', async () => {
  const bytes = Buffer.concat([
    Buffer.from('{"event": {"id": "1"}}\n{"event": {"id": "'),
    Buffer.from([0xeb]),
    Buffer.from('"}}'),
  ]);
  const records = await allOf(readNdjson(kindOf('event'), chunksOf(bytes, 8), { nowMs: NOW_MS }));
  expect(said(records.at(-1))[0]).toContain('read-encoding: byte 42, line 2');
});
