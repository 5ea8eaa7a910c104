/** The published FHIRPath test cases for R4 run against the compiled engine; what does not pass is listed with its reason. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Definitions } from '../../src/fhir/definitions.ts';
import { compileExpression } from '../../src/fhirpath/compile.ts';
import { allTypes } from './all-types.ts';
import { NOT_PASSING, ONLY_STRICT } from './published-exceptions.ts';

interface PublishedCase {
  readonly name: string;
  readonly group: string;
  readonly inputfile: string | null;
  readonly predicate: string | null;
  readonly expression: string;
  readonly invalid: string | null;
  readonly outputs: readonly { readonly type: string | null; readonly value: string }[];
}

const folder = new URL('../../../shared/conformance/fhirpath/', import.meta.url);
const suite = new URL('tests-fhir-r4.json', folder);

/** Results as the suite writes them: `@1974-12-25`, `1 'wk'`. */
function written(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value).replace(/^[@T]+/, '');
  const { value: amount, code, unit } = value as { value?: number; code?: string; unit?: string };
  return code === undefined ? `${amount} ${unit}` : `${amount} '${code}'`;
}

/** Numbers are compared by value: JSON numbers keep no trailing zeros. */
function sameValue(found: string, wanted: string): boolean {
  const bare = wanted.replace(/^[@T]+/, '');
  if (found === bare) return true;
  const [foundNumber, foundUnit = ''] = found.split(' ');
  const [wantedNumber, wantedUnit = ''] = bare.split(' ');
  return foundUnit === wantedUnit && bare.trim() !== '' && Number(foundNumber) === Number(wantedNumber);
}

/** @returns why a case does not pass, undefined when it does */
function failure(item: PublishedCase, definitions: Definitions, strict: boolean): string | undefined {
  const file = item.inputfile && new URL(`resources-r4/${item.inputfile.replace(/\.xml$/, '.json')}`, folder);
  const focus = file ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  const compiled = compileExpression(item.expression, {
    ...(focus ? { type: focus.resourceType } : {}),
    definitions,
    strict,
    conformsTo: (resource, profile) => {
      const type = definitions.byUrl(profile);
      return type && (resource as { resourceType?: string }).resourceType === type.name;
    },
  });
  if (!compiled.ok) return item.invalid ? undefined : compiled.outcome.issue[0]?.diagnostics;
  let found: string[];
  try {
    found = compiled.value(focus, { now: '2026-01-15T10:20:30.123Z' }).map(written);
  } catch (error) {
    return item.invalid ? undefined : (error as Error).message;
  }
  if (item.invalid) return `accepted, and gave ${JSON.stringify(found)}`;
  const wanted = item.outputs.map((output) => output.value);
  if (item.predicate === 'true')
    return found.length > 0 === (wanted[0] === 'true') ? undefined : 'exists or not';
  const same = found.length === wanted.length && found.every((value, i) => sameValue(value, wanted[i]!));
  return same ? undefined : `gave ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`;
}

if (existsSync(suite)) {
  const cases = JSON.parse(readFileSync(suite, 'utf8')) as PublishedCase[];
  const definitions = allTypes();
  for (const strict of [true, false])
    test(`every published case passes ${strict ? 'in strict mode' : 'without strict mode'}, except those listed`, () => {
      const failures = cases.flatMap((item) => {
        const why = failure(item, definitions, strict);
        const isListed = item.name in NOT_PASSING || (!strict && ONLY_STRICT.includes(item.name));
        return why === undefined || isListed ? [] : [`${item.name}: ${item.expression}\n    ${why}`];
      });
      expect(failures).toEqual([]);
    });
  test('no listed case passes, and none is unknown', () => {
    const passes = (name: string, strict: boolean): boolean => {
      const named = cases.filter((item) => item.name === name);
      return named.every((item) => failure(item, definitions, strict) === undefined);
    };
    expect(Object.keys(NOT_PASSING).filter((name) => passes(name, true))).toEqual([]);
    expect(ONLY_STRICT.filter((name) => passes(name, false))).toEqual([]);
  });
} else {
  test('the published cases are not at hand here', () => {
    console.log(`published FHIRPath cases not run: ${suite.pathname} is missing`);
    expect(existsSync(suite)).toBe(false);
  });
}
