/** Turns JSON documents and NDJSON streams into records. */
import { AdapterError, type Checked } from '../fhir/outcome.ts';
import { decodeBytes, decodeText } from './decode.ts';
import { type ParsedJson, parseJsonDocument, refuseTooLong } from './json.ts';
import {
  type KindReader,
  type Reading,
  type ReadOptions,
  readObject,
  startReading,
  unread,
} from './kind-reader.ts';
import { READ_LIMITS, type ReadLimits } from './limits.ts';
import { linesOf } from './lines.ts';
import type { ReadRecord } from './record.ts';

/**
 * Reads one JSON document: an object is one record, an array is one record an item.
 * @param body text, or bytes in UTF-8 or UTF-16 with a byte order mark
 * @returns at least one; a document that cannot be read at all is one refusal without a key
 */
export async function* readJson(
  reader: KindReader,
  body: Uint8Array | string,
  options: ReadOptions,
): AsyncGenerator<ReadRecord> {
  const limits = options.limits ?? READ_LIMITS;
  const reading = startReading(reader, options);
  const parsed = parseBody(body, limits);
  if (!parsed.ok) {
    yield unread(reading, parsed.outcome, options.file === undefined ? undefined : 1);
    return;
  }
  const { value, itemLines, itemLengths, warnings } = parsed.value;
  if (!Array.isArray(value)) {
    yield readObject(reading, value, options.file === undefined ? undefined : 1, warnings);
    return;
  }
  for (const [i, item] of value.entries()) {
    if (itemLengths[i]! > limits.recordBytes)
      yield unread(reading, refuseTooLong('the record', limits.recordBytes).outcome, itemLines[i]);
    else yield readObject(reading, item, itemLines[i], i === 0 ? warnings : []);
  }
}

function parseBody(body: Uint8Array | string, limits: ReadLimits): Checked<ParsedJson> {
  if (body.length > limits.jsonBytes) return refuseTooLong('the JSON text', limits.jsonBytes);
  try {
    const text = typeof body === 'string' ? body.replace(/^\ufeff/, '') : decodeBytes(body);
    return parseJsonDocument(text, { maxBytes: limits.jsonBytes, maxDepth: limits.depth });
  } catch (error) {
    if (error instanceof AdapterError) return { ok: false, outcome: error.outcome };
    throw error;
  }
}

/** Reads one JSON object a line, in constant memory; blank lines are passed over, a bad line does not stop the next. */
export async function* readNdjson(
  reader: KindReader,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<ReadRecord> {
  const limits = options.limits ?? READ_LIMITS;
  const reading = startReading(reader, options);
  let line = 0;
  try {
    for await (const text of linesOf(decodeText(chunks), limits.ndjsonLineBytes)) {
      line++;
      if (text === undefined) {
        yield unread(reading, refuseTooLong('the line', limits.ndjsonLineBytes).outcome, line);
      } else if (text.trim() !== '') {
        yield readLine(reading, text, line, limits);
      }
    }
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    yield unread(reading, error.outcome, line + 1);
  }
}

function readLine(reading: Reading, text: string, line: number, limits: ReadLimits): ReadRecord {
  const parsed = parseJsonDocument(text, { maxBytes: limits.ndjsonLineBytes, maxDepth: limits.depth });
  if (!parsed.ok) return unread(reading, parsed.outcome, line);
  return readObject(reading, parsed.value.value, line, parsed.value.warnings);
}
