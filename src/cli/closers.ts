/** Keeps how each opened part is closed: the last one opened first, all of them, whichever fails. */

export interface Closers {
  /** Call once a part is open, before the next is opened. */
  add(close: () => unknown): void;
  /** Closes everything once, however often it is called. @throws what the first part that failed threw, when all have been closed */
  closeAll(): Promise<void>;
}

export function createClosers(): Closers {
  const open: (() => unknown)[] = [];
  let closing: Promise<void> | undefined;
  return {
    add: (close) => void open.push(close),
    closeAll: () => {
      closing ??= closeEach(open);
      return closing;
    },
  };
}

async function closeEach(open: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let close = open.pop(); close; close = open.pop())
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  if (failures.length > 0) throw failures[0];
}

/**
 * Opens parts one after the other. Where one cannot be opened, those opened before are closed.
 * @throws what the opening threw
 */
export async function openOrClose<T>(open: (closers: Closers) => T | Promise<T>): Promise<T> {
  const closers = createClosers();
  try {
    return await open(closers);
  } catch (error) {
    await closers.closeAll().catch(() => {}); // why it was not opened is what is to be mended
    throw error;
  }
}
