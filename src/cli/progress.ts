/** Turns the progress of an intake into one bar on a terminal, or a line every few seconds elsewhere. */
import { SingleBar } from 'cli-progress';

export interface Progress {
  /** @param label what is read now @param done records @param refused of them */
  show(label: string, done: number, refused: number): void;
  /** raises the expected total */
  expect(more: number): void;
  end(): void;
}

/** @param out where people look; a bar only when it is a terminal */
export function createProgress(out: NodeJS.WriteStream, clock: () => number): Progress {
  return out.isTTY ? barOn(out) : linesOn(out, clock);
}

function barOn(out: NodeJS.WriteStream): Progress {
  const bar = new SingleBar({
    stream: out,
    format: '  {bar} {value}/{total} records  {label}  {refused} rejected',
    hideCursor: true,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    fps: 8,
  });
  let total = 0;
  let started = false;
  return {
    expect(more) {
      total += more;
      if (started) bar.setTotal(total);
    },
    show(label, done, refused) {
      if (!started) bar.start(Math.max(total, done), 0, { label: '', refused: 0 });
      started = true;
      if (done > total) bar.setTotal(done);
      bar.update(done, { label, refused });
    },
    end() {
      if (started) bar.stop();
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
