/** Sends the rows of a view as they come, or as a Parquet file once it is whole. */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Response } from 'express';
import { parquetSink } from '../../research/view/parquet-sink.ts';
import { AnswerStream } from './answer-stream.ts';
import { rowWriter } from './row-writer.ts';
import { type RowsAsked, rowsInto } from './run-rows.ts';
import type { Representation, TableFormat } from './table-format.ts';

type Rows = Omit<RowsAsked, 'signal'>;

/**
 * An answer that cannot go on once it has begun is cut off, so that nobody takes it for whole.
 * @returns why it could not begin; undefined where it was sent, cut off, or nobody is there any more
 */
export async function sendRows(
  rows: Rows,
  representation: Representation,
  header: boolean,
  response: Response,
): Promise<unknown> {
  const gone = new AbortController();
  const left = (): void => gone.abort();
  response.once('close', left);
  const stream = new AnswerStream(response, representation, gone.signal);
  const asked = { ...rows, signal: gone.signal };
  try {
    if (representation.format === 'parquet') await sendFile(asked, stream);
    else await sendText(asked, representation.format, header, stream);
    await stream.end();
    return undefined;
  } catch (error) {
    if (gone.signal.aborted) return undefined;
    if (!stream.hasBegun) return error;
    response.destroy();
    return undefined;
  } finally {
    response.off('close', left);
  }
}

async function sendText(
  asked: RowsAsked,
  format: Exclude<TableFormat, 'parquet'>,
  header: boolean,
  stream: AnswerStream,
): Promise<void> {
  const writer = rowWriter(format, asked.view.columns, header);
  await stream.add(writer.head);
  await rowsInto(asked, (row) => stream.add(writer.row(row)));
  await stream.add(writer.tail);
}

async function sendFile(asked: RowsAsked, stream: AnswerStream): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hedgerow-view-'));
  try {
    const path = join(folder, 'rows.parquet');
    const sink = await parquetSink(path)(asked.view.columns);
    try {
      await rowsInto(asked, (row) => {
        sink.row(row);
        return sink.drain();
      });
      await sink.finish();
    } catch (error) {
      await sink.abort();
      throw error;
    }
    for await (const chunk of createReadStream(path)) await stream.bytes(chunk as Buffer);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
