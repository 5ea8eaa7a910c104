/** Turns ConceptMap files into tables of codes and of Codings, read once at load. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeableConcept, Coding, ConceptMap } from '@medplum/fhirtypes';

export type Codes<T extends string = string> = ReadonlyMap<string, T>;
export type Codings = ReadonlyMap<string, Readonly<Coding>>;

const FOLDER = join(import.meta.dirname, '../../mappings');

function* targetsOf(name: string): Generator<[string, Coding]> {
  const file = join(FOLDER, `${name}.conceptmap.json`);
  const { group = [] } = JSON.parse(readFileSync(file, 'utf8')) as ConceptMap;
  for (const { target: system, element = [] } of group) {
    for (const { code, target = [] } of element) {
      const [found] = target;
      if (code !== undefined && found?.code !== undefined)
        yield [code, { system, code: found.code, display: found.display }];
    }
  }
}

/** @param name of a ConceptMap's file under `mappings`: `platform/gender` */
export function codes<T extends string = string>(name: string): Codes<T> {
  return new Map([...targetsOf(name)].map(([from, { code }]) => [from, code as T]));
}

/** @param name of a ConceptMap's file under `mappings`, whose targets have displays */
export function codings(name: string): Codings {
  return new Map(targetsOf(name));
}

export function codeOf<T extends string>(table: Codes<T>, word: string | undefined): T | undefined {
  return word === undefined ? undefined : table.get(word);
}

/** @returns a Coding of its own: a Bundle is its reader's to change */
export function codingOf(table: Codings, word: string | undefined): Coding | undefined {
  const found = word === undefined ? undefined : table.get(word);
  return found && { system: found.system, code: found.code, display: found.display };
}

export function conceptOf(table: Codings, word: string | undefined): CodeableConcept | undefined {
  const coding = codingOf(table, word);
  return coding && { coding: [coding] };
}

/** @returns the Codings that two tables have for a word, in that order; undefined where neither has one */
export function codingsOf(first: Codings, second: Codings, word: string | undefined): Coding[] | undefined {
  const one = codingOf(first, word);
  const two = codingOf(second, word);
  if (one && two) return [one, two];
  const only = one ?? two;
  return only && [only];
}
