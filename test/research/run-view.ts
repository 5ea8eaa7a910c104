/** Runs a view over made-up resources into a file or a table, in a process of its own: `node run-view.ts {sink} {target} {count}`; prints its memory in megabytes by tenth. */
import { Client } from 'pg';
import { parquetSink } from '../../src/research/view/parquet-sink.ts';
import { postgresSink } from '../../src/research/view/postgres-sink.ts';
import { runView } from '../../src/research/view/run.ts';
import type { OpenSink } from '../../src/research/view/sink.ts';
import { csvSink, ndjsonSink } from '../../src/research/view/text-sinks.ts';
import { heldMegabytes } from './held-memory.ts';
import { compiled } from './samples.ts';

const [kind = '', target = '', given = '0'] = process.argv.slice(2);
const count = Number(given);
const client = kind === 'postgres' ? new Client({ connectionString: target }) : undefined;
await client?.connect();

function sinkOf(): OpenSink {
  if (client) return postgresSink({ client, table: `memory_${process.pid}` });
  return kind === 'parquet' ? parquetSink(target) : kind === 'csv' ? csvSink(target) : ndjsonSink(target);
}

function* resources(): Generator<unknown> {
  for (let i = 0; i < count; i++) {
    if (i % (count / 10) === 0) console.log(heldMegabytes());
    const telecom = [{ value: `0100 ${i}` }, { value: `${i}@example.org` }];
    yield { resourceType: 'Patient', id: `p${i}`, birthDate: '1980-02-03', active: i % 2 === 0, telecom };
  }
}

try {
  const { rows } = await runView(compiled(), resources(), sinkOf());
  console.log(heldMegabytes());
  console.log(`${rows} rows`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  await client?.query(`DROP TABLE IF EXISTS memory_${process.pid}`);
  await client?.end();
}
