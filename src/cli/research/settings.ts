/** Turns the `research` section of a configuration into what research tables are made with. */
import { basename, dirname, join } from 'node:path';
import type { ResearchConfig } from '../../config/research.ts';
import { researchSchema } from '../../config/research.ts';
import { type Config, secretOf } from '../../config.ts';
import type { Definitions } from '../../fhir/definitions.ts';
import { AdapterError, type Checked } from '../../fhir/outcome.ts';
import { type Keys, keysFromText, keysIn } from '../../research/deidentify/keys.ts';
import { type Rules, readRules } from '../../research/deidentify/rules.ts';
import type { MakeSettings } from '../../research/make.ts';
import { type Places, readPlaces } from '../../research/places/places.ts';
import { readPopulation } from '../../research/places/population.ts';
import { loadTables, type TableSet } from '../../research/tables/load.ts';
import type { TableSettings } from '../../research/tables/workbench.ts';
import { readJsonFile } from './json-file.ts';

/** Tables that are shipped, and the rules of de-identification. */
const SHIPPED = 'views';
const RULES = 'deidentify.rules.json';
const DEMO: ResearchConfig = researchSchema.parse({
  optOut: { notApplicable: 'a demonstration with made-up people' },
});

/** @returns the section; in demo mode without one, what suits made-up people */
export function researchOf({ research, demo }: Pick<Config, 'research' | 'demo'>): ResearchConfig {
  return research ?? (demo ? DEMO : researchSchema.parse({}));
}

/** @throws AdapterError where the rules cannot be read or used */
export function rulesOf({ rules }: ResearchConfig, root: string): Rules {
  return whole(
    readRules(readJsonFile(rules ?? join(root, SHIPPED, RULES), 'the rules of de-identification')),
  );
}

/** @throws AdapterError where the key cannot be used; made where there is none yet */
export async function keysOf(research: ResearchConfig, dataDir: string): Promise<Keys> {
  const text = whole(secretOf(research.keyEnv));
  if (text !== undefined) return keysFromText(text);
  const { keyFile } = research;
  return keyFile === undefined ? keysIn(dataDir) : keysIn(dirname(keyFile), basename(keyFile));
}

/** @throws AdapterError where a table of one's own has a fault */
export async function tablesOf(
  { views }: ResearchConfig,
  root: string,
  definitions: Definitions,
): Promise<TableSet> {
  const folders = [join(root, SHIPPED), ...(views === undefined ? [] : [views])];
  return whole(await loadTables(folders, definitions));
}

export async function placesOf({ places, imdRanked: ranked }: ResearchConfig): Promise<Places | undefined> {
  return places === undefined ? undefined : readPlaces({ path: places, ranked });
}

export async function makeSettingsOf(research: ResearchConfig, nowMs: number): Promise<MakeSettings> {
  const { optOut, aggregates, smallNumbers, kAnonymity, withoutNumber, organisations } = research;
  return {
    ...{ optOut, smallNumbers, kAnonymity, withoutNumber, organisations },
    counted: aggregates,
    tables: await tableSettingsOf(research, nowMs),
  };
}

async function tableSettingsOf(research: ResearchConfig, nowMs: number): Promise<TableSettings> {
  const { frequentVisitors, beforeAfterMonths, meaningfulChange, population } = research;
  const people = population === undefined ? [] : await readPopulation(population);
  return {
    values: {
      today: new Date(nowMs).toISOString().slice(0, 10),
      frequent_contacts: String(frequentVisitors.contacts),
      frequent_months: String(frequentVisitors.months),
      before_after_months: String(beforeAfterMonths),
    },
    population: people.flatMap(({ place, dimension, group, population: count }) =>
      place === undefined ? [[dimension, group, count] as const] : [],
    ),
    changes: meaningfulChange,
  };
}

/** @throws AdapterError that says every fault, a line each */
export function whole<T>(checked: Checked<T>): T {
  if (checked.ok) return checked.value;
  const [first, ...others] = checked.outcome.issue;
  if (!first) throw new TypeError('a refusal without an issue');
  const diagnostics = [first, ...others].map((issue) => issue.diagnostics).join('\n');
  throw new AdapterError('permanent', { ...first, diagnostics });
}
