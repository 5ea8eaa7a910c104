/** Every R4 search parameter and invariant gives, over the golden cases and the published examples, what fhirpath.js gives. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';
import { expect, test } from 'vitest';
import {
  type ExpressionCase,
  goldenResources,
  invariantCases,
  searchCases,
} from '../../bench/fhirpath-cases.ts';
import { loadBaseDefinitions, STORED_TYPES } from '../../src/fhir/definitions.ts';
import { canonicalJson } from '../../src/fhir/digest.ts';
import { compileExpression } from '../../src/fhirpath/compile.ts';

const definitions = loadBaseDefinitions();
const published = join(import.meta.dirname, '../../../shared/conformance/fhirpath/resources-r4');
const resources = [...publishedResources(), ...goldenResources()];

function publishedResources(): Resource[] {
  if (!existsSync(published)) return [];
  return globSync('*.json', { cwd: published })
    .map((file) => JSON.parse(readFileSync(join(published, file), 'utf8')) as Resource)
    .filter(({ resourceType }) => STORED_TYPES.some((type) => type === resourceType));
}

/** @returns the expressions that give different answers, and how many were compared; what the other cannot answer is not */
function differences(cases: readonly ExpressionCase[]): { unlike: string[]; compared: number } {
  const unlike: string[] = [];
  let compared = 0;
  for (const { type, expression, samples } of cases) {
    const compiled = compileExpression(expression, { type, definitions });
    if (!compiled.ok) throw new Error(compiled.outcome.issue[0]!.diagnostics);
    for (const { focus, resource } of samples) {
      const other = otherAnswer(expression, type, focus, resource);
      if (!other) continue;
      compared++;
      const ours = compiled.value(focus, { resource, rootResource: resource });
      if (canonicalJson(ours) !== canonicalJson(other)) unlike.push(`${type}: ${expression}`);
    }
  }
  return { unlike: [...new Set(unlike)], compared };
}

/** @returns undefined where fhirpath.js refuses the expression, or answers later */
function otherAnswer(
  expression: string,
  type: string,
  focus: unknown,
  resource: Resource,
): unknown[] | undefined {
  const copy = structuredClone(resource);
  const path = focus === resource ? expression : { base: type, expression };
  const environment = { resource: copy, rootResource: copy };
  try {
    const input = focus === resource ? copy : structuredClone(focus);
    const found = fhirpath.evaluate(input, path, environment, r4, { traceFn: () => undefined });
    return Array.isArray(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

test('every search parameter answers alike', () => {
  const { unlike, compared } = differences(searchCases(resources));
  expect(unlike).toEqual([]);
  expect(compared).toBeGreaterThan(1000);
}, 60_000);

test('every invariant answers alike', () => {
  const { unlike, compared } = differences(invariantCases(resources, definitions));
  expect(unlike).toEqual([]);
  expect(compared).toBeGreaterThan(500);
}, 60_000);
