/** Measures transactions: a referral with its person and its task in one Bundle, 64 at once, against a bare loop that inserts the same rows in batches. */
import { join } from 'node:path';
import { AT_ONCE, type Running, startAdapter } from './adapter.ts';
import { type BenchClient, createBenchClient } from './api-client.ts';
import { type Bare, openBare, type Rows, rowsOf } from './bare.ts';
import { load } from './http-load.ts';
import { compareBatches, type Result } from './measure.ts';
import { type Engine, newPlace } from './places.ts';

const BASE = '/fhir/R4';
const PERSON = 'urn:uuid:2a4e8b1c-33b5-4a0e-9d5e-0c3f2f1d0001';
const REFERRAL = 'urn:uuid:2a4e8b1c-33b5-4a0e-9d5e-0c3f2f1d0002';

/** @returns `api.transaction/bare` of an engine, in transactions a second; it is only reported */
export async function benchTransactions(
  engine: Engine,
  folder: string,
  { perRound, rounds }: { readonly perRound: number; readonly rounds: number },
): Promise<Result> {
  const client = await createBenchClient();
  const count = perRound * (rounds + 1);
  const rows = await rowsAfter(join(folder, 'first'), client, perRound);
  const adapter = await startAdapter(await newPlace(engine, join(folder, 'ours')), [], client.access);
  let sent = 0;
  const ours = async (): Promise<number> => {
    await sendAll(adapter, client, sent, perRound);
    sent += perRound;
    return perRound;
  };
  await ours();
  const others: Bare[] = [];
  for (let round = 0; round < rounds; round++)
    others.push(await openBare(await newPlace(engine, join(folder, `bare-${round}`)), rows, perRound));
  const result = await compareBatches(
    `api.transaction/bare ${engine}`,
    ours,
    async () => {
      const bare = others.pop()!;
      await bare.insert(perRound);
      await bare.close();
      return perRound;
    },
    rounds,
    'transactions/s',
  );
  await adapter.stop();
  return { ...result, note: `${AT_ONCE} at once, three resources each; ${count} in all` };
}

async function rowsAfter(folder: string, client: BenchClient, count: number): Promise<Rows> {
  const place = await newPlace('sqlite', folder);
  const adapter = await startAdapter(place, [], client.access);
  await sendAll(adapter, client, 0, count);
  await adapter.stop();
  return rowsOf(place.at);
}

async function sendAll({ url }: Running, client: BenchClient, from: number, count: number): Promise<void> {
  const headers = await client.headers(url);
  const bodies = Array.from({ length: count }, (_, index) => transactionAt(from + index));
  await load({ url, paths: [BASE], headers, bodies, count, atOnce: AT_ONCE });
}

function transactionAt(at: number): string {
  const entry = <T extends { readonly resourceType: string }>(fullUrl: string, resource: T): object => ({
    fullUrl,
    resource,
    request: { method: 'POST', url: resource.resourceType },
  });
  const authoredOn = '2026-05-04';
  const common = { subject: { reference: PERSON }, intent: 'order', authoredOn };
  return JSON.stringify({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      entry(PERSON, {
        resourceType: 'Patient',
        identifier: [{ system: 'https://hedgerow.example/bench/case-number', value: `T${at}` }],
        name: [{ family: 'Bench', given: ['Ann'] }],
      }),
      entry(REFERRAL, {
        resourceType: 'ServiceRequest',
        status: 'active',
        ...common,
        code: { coding: [{ system: 'http://snomed.info/sct', code: '871731000000106' }] },
      }),
      entry('urn:uuid:2a4e8b1c-33b5-4a0e-9d5e-0c3f2f1d0003', {
        resourceType: 'Task',
        status: 'requested',
        intent: 'order',
        for: { reference: PERSON },
        focus: { reference: REFERRAL },
        authoredOn,
      }),
    ],
  });
}
