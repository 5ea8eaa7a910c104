/** Turns the expansion that is published inside a ValueSet into a set of codes, known whole only if it says so. */
import type { Extension, ValueSetExpansion, ValueSetExpansionContains } from '@medplum/fhirtypes';
import { CodeSet, type Match } from './code-set.ts';
import { listedPart, type Part } from './part.ts';

const UNCLOSED = /\/valueset-(?:unclosed|toocostly)$/;

/**
 * @param matchOf how a system compares its codes
 * @param name of the value set, for the reason
 * @source hl7.org/fhir/R4/valueset.html#expansion
 */
export function expandedPart(
  expansion: ValueSetExpansion,
  matchOf: (system: string) => Match,
  name: string,
): Part {
  const codes = new Map<string, Set<string>>();
  let count = 0;
  for (const { system, code, abstract } of contained(expansion.contains)) {
    count++;
    if (system === undefined || code === undefined || abstract) continue;
    const set = codes.get(system) ?? new Set();
    codes.set(system, set.add(code));
  }
  const sets = [...codes].map(([system, set]) => [system, new CodeSet(set, matchOf(system))] as const);
  const whole = listedPart(new Map(sets));
  if (isWhole(expansion, count)) return whole;
  return {
    systems: whole.systems,
    isOpen: true,
    has: (system, code) => whole.has(system, code) || undefined,
    listed: undefined,
    because: [`the expansion of ${name} is only a part of it`],
  };
}

/** @returns every entry of an expansion, parents before their children */
export function* contained(
  entries: readonly ValueSetExpansionContains[] = [],
): Iterable<ValueSetExpansionContains> {
  const waiting = [...entries].reverse();
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    yield entry;
    for (const child of (entry.contains ?? []).toReversed()) waiting.push(child);
  }
}

function isWhole(expansion: ValueSetExpansion, count: number): boolean {
  const { offset = 0, total, extension = [], parameter = [] } = expansion;
  if (count === 0 || offset > 0 || extension.some(isUnclosed)) return false;
  if (total !== undefined) return count >= total;
  const page = parameter.find(({ name }) => name === 'count')?.valueInteger;
  return page === undefined || count < page;
}

function isUnclosed({ url = '', valueBoolean }: Extension): boolean {
  return UNCLOSED.test(url) && valueBoolean !== false;
}
