/** Writes cases of the specification's constructs: a short map, a record, and what comes of it. */
import type { ConceptMap } from '@medplum/fhirtypes';
import type { RunOptions } from '../../src/mapping/program.ts';
import { mapText } from './one-hop.ts';

/** One map and one record. */
export interface SpecCase {
  readonly text: string;
  readonly record: unknown;
  /** the target; without `resourceType` where it is that of the map's one target */
  readonly gives: unknown;
  /** rule ids of the issues of the run */
  readonly issues?: readonly string[];
  readonly imports?: Readonly<Record<string, string>>;
  readonly conceptMaps?: Readonly<Record<string, ConceptMap>>;
  readonly options?: RunOptions;
  /** what `log` gives */
  readonly logs?: readonly unknown[];
  /** elements of the StructureMap that the text is written as */
  readonly writes?: Readonly<Record<string, unknown>>;
}

/** A construct or a transform, and the section that defines it. */
export interface Construct {
  /** `transform create`: the code system's code stands last */
  readonly name: string;
  /** of the R4 specification where nothing else is said */
  readonly section: string;
  readonly cases: readonly SpecCase[];
}

type More = Partial<Omit<SpecCase, 'text' | 'record' | 'gives'>> & {
  readonly target?: string;
  /** groups, constants or code lists behind the group */
  readonly more?: string;
};

/** @returns a case of rules from the record of the schema (`src`) to a Patient (`tgt`) or another type */
export function rules(
  body: string,
  record: unknown,
  gives: unknown,
  { target = 'Patient', more = '', ...rest }: More = {},
): SpecCase {
  return { text: mapText(target, body, more), record, gives, ...rest };
}

/** @returns a case of a whole map; `uses` of FHIR types, `Patient` or `source Bundle`, are put before it */
export function whole(
  uses: readonly string[],
  text: string,
  record: unknown,
  gives: unknown,
  more: More = {},
): SpecCase {
  const lines = uses.map((given) => {
    const [type, mode = 'target'] = given.split(' ').toReversed() as [string, string?];
    return `uses "http://hl7.org/fhir/StructureDefinition/${type}" alias ${type} as ${mode}`;
  });
  return { text: [...lines, text].join('\n'), record, gives, ...more };
}
