/** Everything that base R4 says in FHIRPath about the stored types compiles: search parameters and invariants. */
import type { ElementDefinition } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { baseCanonicals } from '../../src/fhir/canonicals.ts';
import {
  type Definitions,
  loadBaseDefinitions,
  readDefinitionBundle,
  STORED_TYPES,
} from '../../src/fhir/definitions.ts';
import { compileExpression } from '../../src/fhirpath/compile.ts';

const definitions = loadBaseDefinitions();

function faultOf(expression: string, type: string): string[] {
  const compiled = compileExpression(expression, { type, definitions });
  return compiled.ok ? [] : [`${type}: ${compiled.outcome.issue[0]!.diagnostics}`];
}

/** The type that an element's invariants are applied to; `Element` for a choice. */
function elementType(tables: Definitions, element: ElementDefinition): string {
  const path = element.path!;
  if (tables.type(path)) return path;
  const cut = path.lastIndexOf('.');
  const found = tables.element(path.slice(0, cut), path.slice(cut + 1).replace('[x]', ''));
  return found?.types.length === 1 ? found.types[0]! : 'Element';
}

test('every search parameter of the stored types compiles for each of its types', () => {
  let count = 0;
  const faults: string[] = [];
  for (const parameter of readDefinitionBundle('search-parameters.json')) {
    if (parameter.resourceType !== 'SearchParameter' || !parameter.expression) continue;
    const bases: readonly string[] = parameter.base ?? [];
    const onAll = bases.includes('Resource') || bases.includes('DomainResource');
    for (const type of STORED_TYPES) {
      if (!onAll && !bases.includes(type)) continue;
      count++;
      faults.push(...faultOf(parameter.expression, type));
    }
  }
  expect(faults).toEqual([]);
  expect(count).toBeGreaterThan(400);
});

test('every invariant of the stored types and of all data types compiles', () => {
  const seen = new Set<string>();
  const faults: string[] = [];
  for (const definition of baseCanonicals().all('StructureDefinition')) {
    const stored = STORED_TYPES.some((type) => type === definition.name);
    if (definition.derivation === 'constraint') continue;
    if (!stored && definition.kind !== 'complex-type' && definition.kind !== 'primitive-type') continue;
    for (const element of definition.snapshot?.element ?? [])
      for (const { expression } of element.constraint ?? []) {
        const type = elementType(definitions, element);
        if (!expression || seen.has(`${type} ${expression}`)) continue;
        seen.add(`${type} ${expression}`);
        faults.push(...faultOf(expression, type));
      }
  }
  expect(faults).toEqual([]);
  expect(seen.size).toBeGreaterThan(300);
});
