/** Small profiles on base R4 for the snapshot tests, and a reading of the snapshots that they get. */
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import { baseCanonicals, type Canonicals } from '../../../src/fhir/canonicals.ts';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { snapshotOf } from '../../../src/validation/snapshot/snapshot.ts';

export const R4 = 'http://hl7.org/fhir/StructureDefinition/';
export const OWN = 'https://hedgerow.example/fhir/StructureDefinition/';

/** An element of a differential by its id; the path follows from it. */
export type Said = Partial<ElementDefinition> & { readonly id: string };

/** @returns a profile whose differential says this, its paths made from the ids */
export function profile(name: string, base: string, said: readonly Said[]): StructureDefinition {
  const type = said[0]!.id.split(/[.:]/)[0]!;
  return {
    resourceType: 'StructureDefinition',
    url: `${OWN}${name}`,
    name,
    status: 'draft',
    kind: type === 'Extension' ? 'complex-type' : 'resource',
    abstract: false,
    type,
    baseDefinition: base.includes(':') ? base : `${R4}${base}`,
    derivation: 'constraint',
    differential: { element: said.map(withPath) },
  };
}

function withPath(said: Said): ElementDefinition {
  const sliceName = said.id.split('.').at(-1)!.split(':')[1];
  const path = said.id.replaceAll(/:[^.]*/g, '');
  return { path, ...(sliceName === undefined ? {} : { sliceName }), ...said };
}

/** @returns base R4 and these definitions */
export function knowing(...definitions: readonly StructureDefinition[]): Canonicals {
  const canonicals = baseCanonicals();
  for (const definition of definitions) canonicals.add(definition);
  return canonicals;
}

/** @returns the snapshot's elements by id, in order; throws with the findings when there are any */
export function elementsOf(
  definition: StructureDefinition,
  canonicals: Canonicals = knowing(),
): ReadonlyMap<string, ElementDefinition> {
  const made = snapshotOf(definition, canonicals);
  if (!made.ok) throw new Error(made.outcome.issue.map((issue) => issue.diagnostics).join('\n'));
  return new Map(made.value.snapshot!.element.map((element) => [element.id!, element]));
}

/** @returns `rule: element id` of every finding, `rule` where it is on the whole definition */
export function findingsOn(definition: StructureDefinition, canonicals: Canonicals = knowing()): string[] {
  const made = snapshotOf(definition, canonicals);
  if (made.ok) return [];
  return made.outcome.issue.map((issue) => {
    const id = /where\(id = '(.*)'\)/.exec(issue.expression?.[0] ?? '')?.[1];
    return id === undefined ? ruleOf(issue)! : `${ruleOf(issue)}: ${id}`;
  });
}
