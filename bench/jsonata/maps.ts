/** Turns the expressions of this folder into maps by source and kind, with functions and code tables bound as variables. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ConceptMap } from '@medplum/fhirtypes';
import jsonata from 'jsonata';

/** A record as its reader gives it; out comes what `KindMap.run` gives, without issues. */
export type JsonataMap = (record: Readonly<Record<string, unknown>>) => Promise<unknown>;

const FOLDER = import.meta.dirname;
const MAPPINGS = join(FOLDER, '../../mappings');

/**
 * Reads the prelude once, so that a map pays for its own evaluation only.
 * @param name of the map: `spreadsheet/referral`
 */
export async function jsonataMap(name: string): Promise<JsonataMap> {
  const expression = jsonata(readFileSync(join(FOLDER, `${name.replace('/', '-')}.jsonata`), 'utf8'));
  for (const [variable, value] of Object.entries(await bindings())) expression.assign(variable, value);
  return (record) => expression.evaluate(record);
}

let bound: Promise<Readonly<Record<string, unknown>>> | undefined;

function bindings(): Promise<Readonly<Record<string, unknown>>> {
  bound ??= bind();
  return bound;
}

async function bind(): Promise<Readonly<Record<string, unknown>>> {
  const files = globSync(join(FOLDER, 'prelude-*.jsonata')).sort();
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const names = [...text.matchAll(/^\$(\w+) :=/gm)].map((match) => match[1]!);
  const prelude = jsonata(`(${text}\n{${names.map((name) => `"${name}": $${name}`).join(', ')}})`);
  const tables = tablesByVariable();
  for (const [variable, table] of Object.entries(tables)) prelude.assign(variable, table);
  return { ...tables, ...((await prelude.evaluate(undefined)) as Record<string, unknown>) };
}

/** `prsb/need-coding` is `$needCoding`, `platform/reason` is `$platformReason`; targets with displays are Codings. */
function tablesByVariable(): Record<string, Readonly<Record<string, unknown>>> {
  const tables: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const file of globSync(join(MAPPINGS, '*/*.conceptmap.json')).sort()) {
    const [folder, name] = [basename(join(file, '..')), basename(file, '.conceptmap.json')];
    const dashed = folder === 'prsb' ? name : `${folder}-${name}`;
    const variable = dashed.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    tables[variable] = tableOf(JSON.parse(readFileSync(file, 'utf8')) as ConceptMap);
  }
  return tables;
}

function tableOf({ group = [] }: ConceptMap): Readonly<Record<string, unknown>> {
  const entries = group.flatMap(({ target: system, element = [] }) =>
    element.flatMap(({ code, target }) => {
      const found = target?.[0];
      if (code === undefined || found?.code === undefined) return [];
      const coding = { system, code: found.code, display: found.display };
      return [[code, found.display === undefined ? found.code : coding] as const];
    }),
  );
  return Object.fromEntries(entries);
}
