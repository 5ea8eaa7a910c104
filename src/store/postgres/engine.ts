/** Runs the store's steps on PostgreSQL: reads on any connection, each write in a transaction of its own. */
import type { Pool, PoolClient, QueryResult } from 'pg';
import type { Engine } from '../sql/engine.ts';
import type { Answer, Request, SqlValue, Step } from '../sql/statement.ts';
import { isWorthAnotherTry, storeError, unknownEnd } from './faults.ts';

/** How often a transaction is begun anew that another one stood in the way of. */
const MOST_TRIES = 5;

export class PostgresEngine implements Engine {
  readonly isRemote = true;
  readonly #pool: Pool;
  readonly #turns: Pool;
  readonly #onRollback: () => void;
  #isOpen = true;

  /**
   * @param pool of a database of the newest schema
   * @param turns connections that hold locks while work goes on, apart: who holds one must not wait for another
   * @param onRollback forgets what was remembered of rows that are gone again
   */
  constructor(pool: Pool, turns: Pool, onRollback: () => void) {
    this.#pool = pool;
    this.#turns = turns;
    this.#onRollback = onRollback;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  read<T>(steps: () => Step<T>): Promise<T> {
    return this.#connected((client) => run(client, steps()));
  }

  async write<T>(steps: () => Step<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#connected((client) => this.#together(client, steps));
      } catch (error) {
        if (attempt >= MOST_TRIES || !isWorthAnotherTry(error)) throw error;
      }
    }
  }

  /** The server has it on disk before it says that it is written: nothing is sooner. */
  writeSoon<T>(steps: () => Step<T>): Promise<T> {
    return this.write(steps);
  }

  /** The lock is the connection's: should this process end, or the way to it break, the server gives it back. */
  async alone(name: string, work: () => Promise<boolean>): Promise<boolean> {
    let done: PromiseSettledResult<boolean> | undefined;
    await this.#connected(async (client) => {
      const key = `hedgerow ${name}`;
      const { rows } = await client.query<{ held: boolean }>(
        'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held',
        [key],
      );
      if (!rows[0]?.held) return;
      [done] = await Promise.allSettled([work()]);
      await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [key]);
    }, this.#turns);
    if (done?.status === 'rejected') throw done.reason;
    return done?.value ?? false;
  }

  async probe(): Promise<void> {
    await this.#connected(async (client) => {
      await client.query(`INSERT INTO probe (room) VALUES (convert_to(repeat('x', 65536), 'UTF8'))`);
      await client.query('DELETE FROM probe');
    });
  }

  /** Row versions that were replaced go with the server's own vacuum. */
  async scrub(): Promise<void> {}

  async vacuum(): Promise<void> {
    await this.#connected((client) => client.query('VACUUM (ANALYZE)'));
  }

  /** A vacuum keeps the room for later rows, so the size of the files says nothing. */
  async bytes(): Promise<undefined> {}

  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.all([this.#pool.end(), this.#turns.end()]);
  }

  async #together<T>(client: PoolClient, steps: () => Step<T>): Promise<T> {
    await client.query('BEGIN');
    try {
      const value = await run(client, steps());
      await client.query('COMMIT').catch(unknownEnd);
      return value;
    } catch (error) {
      this.#onRollback();
      await client.query('ROLLBACK').catch(() => {}); // a connection that is gone has taken it back already
      throw error;
    }
  }

  async #connected<T>(work: (client: PoolClient) => Promise<T>, pool = this.#pool): Promise<T> {
    let client: PoolClient | undefined;
    let broken = false;
    const onError = (): void => {
      broken = true;
    };
    try {
      client = await pool.connect();
      client.on('error', onError);
      return await work(client);
    } catch (error) {
      const fault = storeError(error, this.#isOpen);
      broken ||= fault.retry !== 'permanent';
      throw fault;
    } finally {
      client?.off('error', onError);
      client?.release(broken);
    }
  }
}

async function run<T>(client: PoolClient, steps: Step<T>): Promise<T> {
  let step = steps.next();
  while (!step.done) step = steps.next(await answer(client, step.value));
  return step.value;
}

async function answer(client: PoolClient, request: Request): Promise<Answer> {
  if (request.kind === 'insert') {
    const columns = request.into.columns.map((_name, at) => request.rows.map((row) => row[at]));
    return answerOf(
      await client.query({ name: nameOf(request.into), text: request.into.texts.postgres, values: columns }),
    );
  }
  const { statement, values } = request;
  const text = statement.texts.postgres;
  if (text === '') return { rows: [], changes: 0 };
  const name = statement.isKept ? nameOf(statement) : undefined;
  return answerOf(
    await client.query({
      ...(name === undefined ? {} : { name }),
      text,
      values: [...values] satisfies SqlValue[],
    }),
  );
}

function answerOf({ rows, rowCount }: QueryResult): Answer {
  return { rows, changes: rowCount ?? 0 };
}

const names = new WeakMap<object, string>();
let named = 0;

/** A statement is parsed once a connection, under a name. */
function nameOf(statement: object): string {
  let name = names.get(statement);
  if (name === undefined) {
    name = `h${++named}`;
    names.set(statement, name);
  }
  return name;
}
