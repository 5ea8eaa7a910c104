/** Turns the patient compartment of R4 into conditions that say what belongs to one patient, or to any. */
import { readPatientCompartment, STORED_TYPES, type StoredType } from '../fhir/definitions.ts';
import { searchedParameters } from '../store/search-parameters.ts';
import type { SearchClause } from '../store/store.ts';

let loaded: ReadonlyMap<StoredType, readonly string[]> | undefined;

/** @returns by stored type, the served references that R4 names; Patient is the patient itself, and whom it links to */
function compartment(): ReadonlyMap<StoredType, readonly string[]> {
  if (loaded) return loaded;
  const defined = readPatientCompartment();
  const served = searchedParameters();
  loaded = new Map(
    STORED_TYPES.flatMap((type) => {
      const codes = (defined.get(type) ?? []).filter((code) => served.get(type)?.has(code));
      return codes.length === 0 ? [] : [[type, codes] as const];
    }),
  );
  return loaded;
}

/** @returns the stored types that can belong to a patient, Patient itself first */
export function compartmentTypes(): readonly StoredType[] {
  return ['Patient', ...[...compartment().keys()].filter((type) => type !== 'Patient')];
}

/** @returns conditions that hold for what belongs to a patient @source FHIR R4, compartmentdefinition-patient */
export function clausesOf(type: StoredType, id: string): readonly SearchClause[] {
  if (type === 'Patient') return [{ kind: 'id', ids: [id] }];
  const clauses = (compartment().get(type) ?? []).map((param): SearchClause => {
    return { kind: 'reference', param, targets: [`Patient/${id}`] };
  });
  return clauses.length === 1 ? clauses : [{ kind: 'any', clauses }];
}

/** @returns conditions that hold for what belongs to any patient */
export function clausesOfAll(type: StoredType): readonly SearchClause[] {
  const codes = compartment().get(type) ?? [];
  if (type === 'Patient' || codes.length === 0) return [];
  return [
    { kind: 'any', clauses: codes.map((param) => ({ kind: 'missing', param, isMissing: false }) as const) },
  ];
}
