/** Turns the word `status` into a question to the running adapter, or to its store when none runs. */
import Table from 'cli-table3';
import type { Config } from '../config.ts';
import { ruleOf } from '../fhir/outcome.ts';
import type { Store } from '../store/store.ts';
import { askRunning, type Status, statusOf } from './control.ts';
import { readLock } from './lock.ts';
import { openExisting, storePlace } from './open-store.ts';
import { deliveryTable } from './summary.ts';

type Out = { write(text: string): unknown };

/** @returns 0, or 1 when there is nothing to ask */
export async function status(config: Config, asJson: boolean, out: Out): Promise<number> {
  const lock = readLock(config.dataDir);
  const found = lock ? await askRunning<Status>(lock, 'status') : await inStore(config, statusOf);
  if (!found) return nothingThere(config, out);
  if (asJson) {
    out.write(`${JSON.stringify(found, undefined, 2)}\n`);
    return 0;
  }
  out.write(
    `${lock ? `Running at ${lock.url} (process ${lock.pid})` : 'Not running'}; store in ${storePlace(config)}\n`,
  );
  const lines = [...terminologyLines(found), ...workLines(found)];
  out.write(`${sourceTable(found)}\n${deliveryTable(found.counts)}\n${lines.join('\n')}\n`);
  return 0;
}

async function inStore<T>(config: Config, ask: (store: Store) => Promise<T>): Promise<T | undefined> {
  const store = await openExisting(config);
  if (!store) return undefined;
  try {
    return await ask(store);
  } finally {
    await store.close();
  }
}

function nothingThere(config: Config, out: Out): number {
  out.write(
    `There is no store in ${config.dataDir} yet: run "start" first, or name its folder with --data-dir.\n`,
  );
  return 1;
}

function sourceTable({ counts }: Status): string {
  const table = new Table({
    head: ['Source', 'Kind', 'Records', 'Rejected'],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'right'],
  });
  for (const one of counts.sources)
    table.push([one.source, one.kind, String(one.records), String(one.refused)]);
  return table.toString();
}

function terminologyLines({ terminology }: Status): string[] {
  if (!terminology) return [];
  const { circuit, lastFailure, held, counts } = terminology;
  const failure = lastFailure
    ? `; last failure: ${lastFailure.reason}, ${new Date(lastFailure.atMs).toISOString()}`
    : '';
  return [
    `Terminology server: circuit ${circuit}; ${counts.sent} question${counts.sent === 1 ? '' : 's'} sent, ${counts.kept} answered from ${held} kept${failure}`,
  ];
}

function workLines({ counts, work }: Status): string[] {
  const open = counts.work.reduce((sum, one) => sum + one.open, 0);
  if (open === 0) return ['Nothing needs a person.'];
  const lines = work.map((item) => {
    const place = item.file
      ? `${item.file}${item.line === undefined ? '' : `:${item.line}`}`
      : (item.resource ?? item.recordKind ?? '');
    const issue = item.outcome.issue[0];
    return `  ${item.kind}  ${place}  ${(issue && ruleOf(issue)) ?? ''}  ${issue?.diagnostics ?? ''}`;
  });
  return [
    `${open} ${open === 1 ? 'thing needs' : 'things need'} a person:`,
    ...lines,
    ...(open > work.length ? [`  … and ${open - work.length} more`] : []),
  ];
}
