/** Compiles the invariants of the profiles, and says which of them a resource does not meet. */
import type { ElementDefinition, Resource, StructureDefinition } from '@medplum/fhirtypes';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { compileInvariant, type Invariant } from '../../src/fhirpath/invariant.ts';
import { profiles } from './published.ts';

/** An invariant of ours, and the element that it is stated on. */
export interface Stated {
  readonly key: string;
  readonly severity: string;
  readonly human: string;
  readonly profile: StructureDefinition;
  readonly element: ElementDefinition;
  readonly isMet: Invariant;
}

const definitions = loadBaseDefinitions();

/** @throws Error where one does not compile, which fails every test of the file */
export const invariants: readonly Stated[] = profiles.flatMap((profile) =>
  profile.differential!.element.flatMap((element) =>
    (element.constraint ?? []).map(({ key, severity, human, expression }) => {
      const compiled = compileInvariant(expression!, { path: element.path! }, definitions);
      if (!compiled.ok) throw new Error(`${key}: ${JSON.stringify(compiled.outcome.issue)}`);
      return {
        key: key!,
        severity: severity!,
        human: human!,
        profile,
        element,
        isMet: compiled.value,
      };
    }),
  ),
);

/** @returns `severity key` of each invariant that the resource does not meet, once for each element that does not */
export function unmet(resource: Resource): string[] {
  return invariants
    .filter(({ profile }) => profile.type === resource.resourceType)
    .flatMap(({ key, severity, profile, element, isMet }) =>
      valuesAt(resource, element.id!, profile)
        .filter((value) => isMet(value, { resource, rootResource: resource }) !== true)
        .map(() => `${severity} ${key}`),
    );
}

/** @returns true where all is there that base R4 requires at the top: a part that waits for its whole has less */
export function isWhole(resource: Resource): boolean {
  const required = [...definitions.type(resource.resourceType)!.elements.values()].filter(
    ({ min }) => min > 0,
  );
  return required.every(({ name, isChoice }) =>
    Object.keys(resource).some((key) => (isChoice ? key.startsWith(name) : key === name)),
  );
}

/** @param id of an element, where a slice is known by the `system` that it fixes: `Patient.identifier:nhsNumber.value` */
function valuesAt(resource: Resource, id: string, { differential }: StructureDefinition): unknown[] {
  let values: unknown[] = [resource];
  let at = resource.resourceType as string;
  for (const step of id.split('.').slice(1)) {
    at += `.${step}`;
    const [name = '', slice] = step.split(':');
    const fixed = differential!.element.find((one) => one.id === `${at}.system`)?.fixedUri;
    values = values
      .flatMap((value) => (value as Record<string, unknown>)[name] ?? [])
      .filter((value) => slice === undefined || (value as { system?: string }).system === fixed);
  }
  return values;
}
