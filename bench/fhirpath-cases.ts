/** Turns base R4 and the golden cases into what FHIRPath engines are compared on: an expression, its type, and real values of it. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, ElementDefinitionConstraint, Resource } from '@medplum/fhirtypes';
import { baseCanonicals } from '../src/fhir/canonicals.ts';
import {
  type Definitions,
  type ElementType,
  readDefinitionBundle,
  STORED_TYPES,
} from '../src/fhir/definitions.ts';
import { choiceName } from '../src/fhirpath/types.ts';

/** One value that an expression is applied to, and the resource it stands in. */
export interface Sample {
  readonly focus: unknown;
  readonly resource: Resource;
}

export interface ExpressionCase {
  /** type of the focus: `Patient`, `Patient.contact`, `Period` */
  readonly type: string;
  readonly expression: string;
  readonly samples: readonly Sample[];
}

const ROOT = join(import.meta.dirname, '..');
/** Most values that one expression is applied to: the first of each resource in turn, so that they differ. */
const MOST_SAMPLES = 16;

/** @returns every resource of the stored types in the golden cases, each once */
export function goldenResources(): readonly Resource[] {
  const found = new Map<string, Resource>();
  for (const file of globSync('mappings/**/examples/**/expected.fhir.json', { cwd: ROOT }).sort()) {
    const bundle = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as Bundle;
    for (const { resource } of bundle.entry ?? [])
      if (resource && STORED_TYPES.some((type) => type === resource.resourceType))
        found.set(JSON.stringify(resource), resource);
  }
  return [...found.values()];
}

/** @returns the search parameters of R4, each for each stored type that there is an example of: the part that starts at the type */
export function searchCases(resources: readonly Resource[]): readonly ExpressionCase[] {
  const cases: ExpressionCase[] = [];
  const parameters = readDefinitionBundle('search-parameters.json').filter(
    (resource) => resource.resourceType === 'SearchParameter',
  );
  for (const type of STORED_TYPES) {
    const samples = resources
      .filter((resource) => resource.resourceType === type)
      .slice(0, MOST_SAMPLES)
      .map((resource) => ({ focus: resource, resource }));
    const expressions = parameters
      .filter(({ base }) => base.includes(type))
      .map(({ expression }) => branchOf(type, expression ?? ''));
    if (samples.length > 0)
      for (const expression of new Set(expressions))
        if (expression !== '') cases.push({ type, expression, samples });
  }
  return cases;
}

function branchOf(type: string, expression: string): string {
  const branches = expression.split('|').map((branch) => branch.trim());
  return branches.filter((branch) => branch.replace(/^\(+/, '').startsWith(`${type}.`)).join(' | ');
}

/** @returns the invariants of R4 on the stored types and on the data types inside them, each once for a type */
export function invariantCases(
  resources: readonly Resource[],
  definitions: Definitions,
): readonly ExpressionCase[] {
  const gathered = new Map<string, { type: string; expression: string; samples: Sample[] }>();
  const constraints = constraintsByPath();
  const gather = (focus: unknown, resource: Resource, type: string, path: string): void => {
    for (const { expression } of [...(constraints.get(path) ?? []), ...(constraints.get(type) ?? [])]) {
      if (!expression) continue;
      const key = `${type} ${expression}`;
      const known = gathered.get(key) ?? { type, expression, samples: [] };
      gathered.set(key, known);
      const last = known.samples.at(-1);
      if (known.samples.length < MOST_SAMPLES && last?.focus !== focus)
        known.samples.push({ focus, resource });
    }
    for (const element of definitions.type(type)?.elements.values() ?? [])
      for (const [child, childType] of valuesOf(focus, element))
        gather(child, resource, childType, `${type}.${element.name}${element.isChoice ? '[x]' : ''}`);
  };
  for (const resource of resources) gather(resource, resource, resource.resourceType, resource.resourceType);
  return [...gathered.values()];
}

function constraintsByPath(): ReadonlyMap<string, readonly ElementDefinitionConstraint[]> {
  const found = new Map<string, readonly ElementDefinitionConstraint[]>();
  for (const definition of baseCanonicals().all('StructureDefinition')) {
    if (definition.derivation === 'constraint') continue;
    for (const element of definition.snapshot?.element ?? [])
      found.set(element.path!, element.constraint ?? []);
  }
  return found;
}

/** Objects only: a primitive is not what an engine would be handed with its siblings. */
function* valuesOf(owner: unknown, element: ElementType): Generator<[unknown, string]> {
  for (const type of element.types) {
    const name = element.isChoice ? choiceName(element.name, type) : element.name;
    const value = (owner as Record<string, unknown>)[name];
    for (const item of Array.isArray(value) ? value : [value])
      if (typeof item === 'object' && item !== null && type !== 'Resource') yield [item, type];
  }
}
