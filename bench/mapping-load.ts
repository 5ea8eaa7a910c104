/** Measures what maps cost besides mapping: loading them, answers that grow in number, and lineage that nobody asks for. */
import { join } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { loadParts, ROOT } from '../src/cli/load.ts';
import { loadConfig } from '../src/config.ts';
import { loadMapSet } from '../src/mapping/load.ts';
import type { KindMap } from '../src/mapping/map-set.ts';
import { compare, median, type Result, type Rounds, rounded } from './measure.ts';
import { sampleRecords } from './samples.ts';

/** Milliseconds that parsing, checking and compiling all shipped maps may take. */
const LONGEST_LOAD_MS = 300;
const GOALS = { growth: 1 / 1.1, lineage: 0.98 };
const ROUNDS: Rounds = { rounds: 101, calls: 400 };

/** @returns `map.load`, `map.growth` and `map.lineage-off/plain` */
export async function benchMapLoad(smoke: boolean): Promise<readonly Result[]> {
  const config = loadConfig({ cwd: ROOT, root: ROOT });
  const parts = config.ok ? loadParts(config.value, ROOT) : config;
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome.issue));
  const { sources, definitions, maps } = parts.value;
  const loadAll = (): KindMap => {
    const sets = [...sources.values()].map(({ folder, manifest }) => {
      const set = loadMapSet({
        sourceFolder: folder,
        modelFolder: join(ROOT, 'mappings/prsb'),
        definitions,
        manifest,
      });
      if (!set.ok) throw new Error(JSON.stringify(set.outcome.issue));
      return set.value;
    });
    return sets[0]!.kinds.get('contact')!;
  };
  const contacts = await sampleRecords(sources.get('spreadsheet')!, 'contact', 50);
  const rounds = smoke ? { rounds: 1, calls: 20 } : ROUNDS;
  return [
    loading(loadAll, smoke ? 1 : 15),
    growth(maps.get('platform')!.kinds.get('questionnaire')!, rounds),
    lineageOff(
      loadAll,
      contacts.map(({ payload }) => payload),
      rounds,
    ),
  ];
}

function loading(loadAll: () => unknown, times: number): Result {
  const took = Array.from({ length: times }, () => {
    const started = performance.now();
    loadAll();
    return performance.now() - started;
  });
  const ours = rounded(median(took), 1);
  const note = `all shipped maps of both sources, both ways: parsed, checked and compiled; the first time ${rounded(took[0]!, 0)} ms`;
  return {
    name: 'map.load',
    ratio: rounded(LONGEST_LOAD_MS / ours, 2),
    ours,
    other: LONGEST_LOAD_MS,
    unit: 'ms',
    goal: 1,
    note,
  };
}

/** Time an answer takes at ten answers, to that at a hundred. */
function growth({ run }: KindMap, { rounds, calls }: Rounds): Result {
  const [few, many] = [10, 100].map((count) => ({
    form: {
      id: 'F1',
      clientId: 'P1',
      tool: 'wemwbs',
      completedAt: '2026-01-05T10:00:00Z',
      answers: Array.from({ length: count }, (_, at) => ({ item: `${at + 1}`, value: (at % 5) + 1 })),
    },
  }));
  const issues: OperationOutcomeIssue[] = [];
  const result = compare(
    'map.growth',
    () => run(many!, issues),
    () => {
      for (let time = 0; time < 10; time++) run(few!, issues);
    },
    { rounds, calls: Math.ceil(calls / 4) },
  );
  return {
    ...result,
    goal: rounded(GOALS.growth, 3),
    note: '100 answers in one form, against ten forms of 10: an answer may take 1.1 times as long',
  };
}

/** A map set that can explain, before and after it was asked to. */
function lineageOff(
  loadAll: () => KindMap,
  records: readonly Readonly<Record<string, unknown>>[],
  rounds: Rounds,
): Result {
  const [asked, plain] = [loadAll(), loadAll()];
  asked.explain(records[0]!, []);
  let ours = 0;
  let other = 0;
  const result = compare(
    'map.lineage-off/plain',
    () => asked.run(records[ours++ % records.length]!, []),
    () => plain.run(records[other++ % records.length]!, []),
    rounds,
  );
  return {
    ...result,
    goal: GOALS.lineage,
    note: 'maps that can explain themselves, against maps that were never asked',
  };
}
