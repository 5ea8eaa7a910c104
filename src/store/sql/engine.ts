/** What runs the store's steps: a database, told apart from what is kept in it. */
import type { Step } from './statement.ts';

/** What runs steps. */
export interface Runner {
  /** each question is a journey to a server: to ask for many at once costs little more than for one */
  readonly isRemote: boolean;
  /** Runs steps that read. @throws AdapterError when the engine cannot */
  read<T>(steps: () => Step<T>): Promise<T>;
  /** Runs steps in one transaction; they may be run again. @throws AdapterError transient when the engine cannot write, permanent for a fault of ours */
  write<T>(steps: () => Step<T>): Promise<T>;
  /**
   * As `write`, begun at once and told of as soon as what was written outlives the process. Where that is sooner than the disk
   * has it, the disk has it within a tenth of a second.
   */
  writeSoon<T>(steps: () => Step<T>): Promise<T>;
}

/** A database that runs the store's steps. */
export interface Engine extends Runner {
  /** Runs work while no other process on the database runs work of this name. @returns false when one does */
  alone(name: string, work: () => Promise<boolean>): Promise<boolean>;
  /** Writes a little and takes it away again: rejects while there is no room. */
  probe(): Promise<void>;
  /** What was deleted is to be found nowhere. */
  scrub(): Promise<void>;
  /** Gives free room back to the disk, a little at a time. */
  vacuum(): Promise<void>;
  /** bytes in use, without free room; undefined where it cannot be told */
  bytes(): Promise<number | undefined>;
  readonly isOpen: boolean;
  close(): Promise<void>;
}

/** An engine whose failed writes are remembered. */
export interface Watched extends Runner {
  /** false when the engine cannot write */
  writable(): Promise<boolean>;
}

/** @returns the engine's reads and writes: after a write that failed it is suspect until a probe succeeds, as that a small write fits says nothing of a large one */
export function watchWrites(engine: Engine): Watched {
  let isSuspect = false;
  const watched = async <T>(written: Promise<T>): Promise<T> => {
    try {
      return await written;
    } catch (error) {
      isSuspect = true;
      throw error;
    }
  };
  return {
    isRemote: engine.isRemote,
    read: (steps) => engine.read(steps),
    write: (steps) => watched(engine.write(steps)),
    writeSoon: (steps) => watched(engine.writeSoon(steps)),
    async writable() {
      if (!engine.isOpen) return false;
      if (!isSuspect) return true;
      isSuspect = !(await engine.probe().then(
        () => true,
        () => false,
      ));
      return !isSuspect;
    },
  };
}
