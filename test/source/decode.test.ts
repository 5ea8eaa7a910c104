/** Bytes to text: strict, wherever the chunks end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AdapterError } from '../../src/fhir/outcome.ts';
import { decodeBytes, decodeText } from '../../src/source/decode.ts';
import { allOf, chunksOf } from './charity.ts';

async function decoded(bytes: Uint8Array, size: number): Promise<string> {
  return (await allOf(decodeText(chunksOf(bytes, size)))).join('');
}

/** @returns diagnostics of the refusal */
async function refusal(bytes: Uint8Array, size = 7): Promise<string> {
  try {
    await decoded(bytes, size);
  } catch (error) {
    if (error instanceof AdapterError)
      return `${error.outcome.issue[0]!.details!.coding![0]!.code}: ${error.message}`;
    throw error;
  }
  throw new Error('was decoded');
}

test('text comes out as it was, whatever the chunks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 9 }), async (text, size) => {
      expect(await decoded(Buffer.from(text), size)).toBe(text.replace(/^\ufeff/, ''));
    }),
  );
});

test.each([1, 2, 3, 4, 5, 100])('a byte order mark is taken off, in chunks of %i', async (size) => {
  expect(await decoded(Buffer.from('\ufeffName\nZoë 🌳'), size)).toBe('Name\nZoë 🌳');
});

test.each([
  ['little', [0xff, 0xfe], 'utf16le'],
  ['big', [0xfe, 0xff], 'utf16be'],
])('UTF-16 with a mark is read, %s end first', async (_, mark, encoding) => {
  const bytes = Buffer.from('Name\nZoë 🌳', 'utf16le');
  const body = encoding === 'utf16be' ? bytes.swap16() : bytes;
  for (const size of [1, 3, 64])
    expect(await decoded(Buffer.concat([Buffer.from(mark), body]), size)).toBe('Name\nZoë 🌳');
});

test('Windows-1252 is refused by byte and line, with what to do', async () => {
  const bytes = Buffer.concat([Buffer.from('Name\nAnn\nZo'), Buffer.from([0xeb]), Buffer.from('\nBob')]);
  for (const size of [1, 2, 5, 100])
    expect(await refusal(bytes, size)).toBe(
      'read-encoding: byte 12, line 3: these bytes are not UTF-8; perhaps the file is Windows-1252 (ANSI); save the file as UTF-8 (in Excel: "CSV UTF-8"), or fix the program that wrote it',
    );
});

test('a replacement character that was there before is no fault, and does not shift the place of one', async () => {
  expect(await decoded(Buffer.from('a\ufffdb'), 2)).toBe('a\ufffdb');
  expect(await refusal(Buffer.concat([Buffer.from('\ufffd\ufffd'), Buffer.from([0xff])]), 100)).toContain(
    'byte 7, line 1',
  );
});

test.each([
  ['a character cut off at the end', [0x41, 0xe2, 0x82]],
  ['an overlong form', [0x41, 0xc0, 0xaf, 0x42]],
  ['a surrogate in UTF-8', [0x41, 0xed, 0xa0, 0x80, 0x42]],
  ['a byte that only continues', [0x41, 0x80, 0x80, 0x80, 0x80, 0x80]],
])('%s is refused', async (_, bytes) => {
  expect(await refusal(Buffer.from(bytes), 1)).toContain('byte 2, line 1');
  expect(await refusal(Buffer.from(bytes), 100)).toContain('byte 2, line 1');
});

test('UTF-16 that breaks off is refused', async () => {
  expect(await refusal(Buffer.from([0xff, 0xfe, 0x41, 0x00, 0x42]))).toContain('read-encoding');
});

test('an empty file is empty text', async () => {
  expect(await decoded(Buffer.alloc(0), 1)).toBe('');
  expect(decodeBytes(Buffer.from('é'))).toBe('é');
});
