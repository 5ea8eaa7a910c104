/** Turns a part of the failure matrix into tests, one a cell and engine, and holds the page to what they say. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from '../../src/cli/load.ts';
import { stopPostgres } from './cell-cluster.ts';
import { type CellPlan, runCell } from './matrix-cell.ts';
import { runsOf, smallDisk, unmountSmallDisk, wholeMatrix } from './matrix-cells.ts';
import { FAULTS, type FaultName, pageOf, type Stage } from './matrix-table.ts';
import { runBackLeg } from './way-back.ts';
import { runByPractice, runPastPds } from './way-by-nhs.ts';
import { runToWebhook } from './way-to-webhook.ts';

const PAGE = join(ROOT, 'docs/failure-matrix.md');
const LONGEST_MS = 180_000;

/** @param stages of these faults */
export function testCells(faults: readonly FaultName[], stages: readonly Stage[]): void {
  let planned = 0;
  let recovered = 0;
  for (const fault of faults)
    for (const stage of stages)
      for (const { engine, needsRoot, plan } of runsOf(fault, stage)) {
        const title = `${FAULTS[fault]}, at ${stage}, on ${engine}`;
        if (needsRoot && !smallDisk()) {
          test.skip(`${title}: needs root, to mount a disk that can be filled`);
          continue;
        }
        planned += 1;
        test(
          title,
          async () => {
            await runOn(fault, stage, plan());
            recovered += 1;
          },
          LONGEST_MS,
        );
      }
  test('every cell that was run recovered, and the page says which they are', () => {
    expect(recovered).toBe(planned); // a run of some cells says nothing of the others, and writes no page
    const page = pageOf(wholeMatrix());
    if (process.env.UPDATE_MATRIX) writeFileSync(PAGE, page);
    expect(readFileSync(PAGE, 'utf8')).toBe(page);
  });
  afterAll(async () => {
    await stopPostgres();
    unmountSmallDisk();
  });
}

async function runOn(fault: FaultName, stage: Stage, plan: CellPlan): Promise<void> {
  if (fault === 'webhook-down') return await runToWebhook(plan, stage);
  if (fault === 'token-endpoint-down') return await runPastPds(plan);
  if (fault === 'ods-down') return await runByPractice(plan);
  await (stage === 'back-leg' ? runBackLeg(plan) : runCell(plan));
}
