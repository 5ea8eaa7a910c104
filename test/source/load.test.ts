/** A source's folder: what is wrong with it is told by file and place. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSource } from '../../src/source/load.ts';
import { charity } from './charity.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'source-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const KIND = { schema: 'a.schema.json', map: 'a.map', model: 'A', key: ['id'] };
const MANIFEST = { name: 'a', timeZone: 'Europe/London', kinds: { a: KIND } };
const SCHEMA = { type: 'object', properties: { id: { type: 'string' } } };

function load(manifest: unknown, schema: unknown = SCHEMA): string {
  writeFileSync(
    join(folder, 'source.json'),
    typeof manifest === 'string' ? manifest : JSON.stringify(manifest),
  );
  writeFileSync(join(folder, 'a.schema.json'), typeof schema === 'string' ? schema : JSON.stringify(schema));
  const loaded = loadSource(folder);
  return loaded.ok ? 'loaded' : loaded.outcome.issue[0]!.diagnostics!;
}

test('a whole source is loaded with its kinds', () => {
  expect([...charity.kinds.keys()]).toEqual(['person', 'visit', 'event']);
  expect(load(MANIFEST)).toBe('loaded');
});

test('words are those that pages have a place for', () => {
  expect(load({ ...MANIFEST, words: { person: 'client', 'link worker': 'mentor' } })).toBe('loaded');
  expect(load({ ...MANIFEST, words: { linkWorker: 'mentor' } })).toContain('words');
  expect(load({ ...MANIFEST, words: { person: '' } })).toContain('words.person');
});

test('the zone is London where none is named', () => {
  const { timeZone: _, ...rest } = MANIFEST;
  expect(load(rest)).toBe('loaded');
  const loaded = loadSource(folder);
  expect(loaded.ok && loaded.value.manifest.timeZone).toBe('Europe/London');
});

test.each([
  [{ ...MANIFEST, name: 'The charity' }, 'source.json: name: lower-case letters, digits and hyphens'],
  [
    { ...MANIFEST, timeZone: 'Europe/Londn' },
    'source.json: timeZone: an IANA time zone, such as Europe/London',
  ],
  [{ ...MANIFEST, kinds: { a: { ...KIND, key: [] } } }, 'kinds.a.key'],
  [
    { ...MANIFEST, kinds: { a: { ...KIND, schema: '../../etc/passwd' } } },
    'kinds.a.schema: a file name in the same folder',
  ],
  [
    { ...MANIFEST, kinds: { a: { ...KIND, back: 'a-back.map' } } },
    'kinds.a.back: a file name that starts with back-',
  ],
  [{ ...MANIFEST, kinds: { a: { ...KIND, colour: 1 } } }, 'colour'],
  [{ ...MANIFEST, kinds: { a: { ...KIND, schema: 'b.schema.json' } } }, 'b.schema.json: '],
  ['{"name": ', 'source.json: '],
  ['[]', 'source.json: '],
])('a manifest that cannot be followed is refused: %j', (manifest, diagnostics) => {
  expect(load(manifest)).toContain(diagnostics);
});

const of = (property: object): object => ({ type: 'object', properties: { d: property } });

test.each([
  [of({ type: 'string', 'x-date': 'dd/MM/yy' }), 'a.schema.json: #/properties/d: x-date must be made of'],
  [of({ type: 'string', 'x-date': 'dd/MM/yyyy HH' }), 'x-date must be made of'],
  [of({ type: 'string', 'x-date': 'MM/yyyy' }), 'x-date must be made of'],
  [of({ type: 'string', 'x-date': 'dd/dd/yyyy' }), 'x-date must be made of'],
  [of({ type: 'array', 'x-list': 1 }), 'x-list must be the sign'],
  [of({ $ref: '#/definitions/none' }), 'a.schema.json: '],
  [of({ type: 'string', 'x-colour': 'red' }), 'x-colour'],
  [of({ type: 'string', format: 'postcode' }), 'postcode'],
  [of({ type: 'text' }), 'a.schema.json: '],
  [
    { ...of({ $ref: '#/definitions/e', 'x-code': true }), definitions: { e: { type: 'string' } } },
    'not beside it',
  ],
  ['{', 'a.schema.json: '],
])('a schema that cannot be followed is refused: %j', (schema, diagnostics) => {
  expect(load(MANIFEST, schema)).toContain(diagnostics);
});

test('a folder without a manifest is refused, not thrown', () => {
  expect(loadSource(join(folder, 'nowhere'))).toMatchObject({ ok: false });
});
