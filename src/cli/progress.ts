/** Turns the progress of intakes into one bar on a terminal, or a line every few seconds elsewhere. */
import { createReadStream } from 'node:fs';
import { SingleBar } from 'cli-progress';

export interface Progress {
  /** raises the total by records that are on their way */
  expect(more: number): void;
  /** @param label what is read now @param done records read so far @param refused of them */
  show(label: string, done: number, refused: number): void;
  /** takes the bar away; the next `expect` starts a new one */
  end(): void;
}

/** @param out where people look; a bar only when it is a terminal */
export function createProgress(out: NodeJS.WriteStream, clock: () => number): Progress {
  return out.isTTY ? barOn(out) : linesOn(out, clock);
}

function barOn(out: NodeJS.WriteStream): Progress {
  const bar = new SingleBar({
    stream: out,
    format: '  {bar} {value} of about {total} records  {label}  {refused} rejected',
    hideCursor: true,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    fps: 8,
    gracefulExit: false,
  });
  let total = 0;
  return {
    expect(more) {
      total += more;
      if (bar.isActive) bar.setTotal(total);
      else bar.start(total, 0, { label: '', refused: 0 });
    },
    show(label, done, refused) {
      if (done > total) bar.setTotal(done); // a quoted line break makes fewer records than lines, a workbook has no lines
      bar.update(done, { label, refused });
    },
    end() {
      total = 0;
      bar.stop(); // its timer would keep the process alive
    },
  };
}

const LINE_EVERY_MS = 5_000;

function linesOn(out: NodeJS.WriteStream, clock: () => number): Progress {
  let lastMs = clock();
  return {
    expect() {},
    show(label, done, refused) {
      if (clock() - lastMs < LINE_EVERY_MS) return;
      lastMs = clock();
      out.write(`  ${done} records read, ${refused} rejected (${label})\n`);
    },
    end() {},
  };
}

const NEWLINE = 10;

/** @returns about how many records a file holds, by its lines; 0 where lines say nothing (a workbook, a JSON document) */
export async function recordsExpected(path: string): Promise<number> {
  if (!/\.(csv|ndjson)$/i.test(path)) return 0;
  let lines = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines++;
  }
  return path.toLowerCase().endsWith('.csv') ? Math.max(0, lines - 1) : lines;
}
