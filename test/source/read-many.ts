/** Reads a CSV of so many rows in a process of its own, so that a test can bound that process's heap; prints the count of records. */
import { readCsv } from '../../src/source/read-csv.ts';
import { kindOf, read } from './charity.ts';

const ROWS = Number(process.argv[2]);
const BATCH = 500;

async function* rows(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('Person ID,Surname,Date of Birth,Needs,Notes,Last updated\n');
  for (let i = 0; i < ROWS; i += BATCH) {
    const lines = Array.from(
      { length: BATCH },
      (_, j) => `P${i + j},Ash,07/03/1950,debt;housing,"some\nwords ${'x'.repeat(300)}",01/07/2025 09:30\n`,
    );
    yield Buffer.from(lines.join(''));
  }
}

let count = 0;
for await (const record of readCsv(kindOf('person'), rows(), { nowMs: 0 }))
  if (read(record).line === 2 + 2 * count) count++;
console.log(count);
