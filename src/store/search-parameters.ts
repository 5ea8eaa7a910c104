/** Turns the table of served parameters into how each is kept: which rows of its own, which it finds under others' names. */
import type { SearchParameter } from '@medplum/fhirtypes';
import { readDefinitionBundle, STORED_TYPES, type StoredType } from '../fhir/definitions.ts';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import { type ParameterKind, SERVED_PARAMETERS } from './served-parameters.ts';

/** One part of a composite. */
export interface ComponentPart {
  readonly kind: ParameterKind;
  /** served parameter of the type that finds the same part; undefined where only the parts of one element belong together */
  readonly code: string | undefined;
  /** FHIRPath from the element of the composite */
  readonly expression: string;
}

export interface SearchedParameter {
  readonly type: StoredType;
  readonly code: string;
  readonly kind: ParameterKind;
  /** canonical URL of its R4 definition */
  readonly url: string;
  /** types that a reference may point at */
  readonly targets: readonly string[];
  /** true where the value is a canonical URL, not a reference to a resource here */
  readonly isCanonical: boolean;
  /** what a token is of: only identifiers have types, and codes alone have no words beside them; undefined for no token */
  readonly holds: 'identifiers' | 'concepts' | 'codes' | undefined;
  /** FHIRPath of what has rows under its own name; undefined where all of its rows are others' */
  readonly expression: string | undefined;
  /** names that its rows stand under: `Patient.family` */
  readonly rows: readonly string[];
  /** of those rows only references to this type */
  readonly only: string | undefined;
  /** power of two by which `resource.present` knows it */
  readonly bit: number;
  readonly components: readonly ComponentPart[];
}

/** Searched as any of the others: what stands there has no second row. Sorting goes by the first. */
const MADE_OF: Readonly<Record<string, readonly string[]>> = {
  'combo-code': ['code', 'component-code'],
  'combo-data-absent-reason': ['data-absent-reason', 'component-data-absent-reason'],
  'combo-value-concept': ['value-concept', 'component-value-concept'],
  'combo-value-quantity': ['value-quantity', 'component-value-quantity'],
};
/** Rows of its own, without what the others have. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  name: ['family', 'given', 'name'],
  address: ['address-city', 'address-postalcode', 'address-state', 'address-country', 'address'],
  telecom: ['email', 'phone', 'telecom'],
};

/** The composites of what repeats, whose parts belong together only within one of them: name of their rows. */
const PAIRED: Readonly<Record<string, string>> = {
  'Group.characteristic-value': 'Group.characteristic-value',
  'Observation.combo-code-value-concept': 'Observation.component-code-value-concept',
  'Observation.combo-code-value-quantity': 'Observation.component-code-value-quantity',
  'Observation.component-code-value-concept': 'Observation.component-code-value-concept',
  'Observation.component-code-value-quantity': 'Observation.component-code-value-quantity',
  'Questionnaire.context-type-quantity': 'Questionnaire.context-type-quantity',
  'Questionnaire.context-type-value': 'Questionnaire.context-type-value',
};

const CANONICAL: ReadonlySet<string> = new Set(['questionnaire', 'instantiates-canonical']);

/** Elements of type Identifier, by their names. */
const IDENTIFIERS = /\.(?:identifier|groupIdentifier|requisition)$/;
/** Parameters on what is of type code, boolean, string or ContactPoint. */
const WORDLESS: ReadonlySet<string> = new Set([
  ...['active', 'actual', 'address-use', 'deceased', 'email', 'exclude', 'gender', 'Group.type', 'intent'],
  ...[
    'lifecycle-status',
    'part-status',
    'order-detail',
    'phone',
    'priority',
    'status',
    'subject-type',
    'telecom',
    'version',
  ],
]);

export type SearchedParameters = ReadonlyMap<StoredType, ReadonlyMap<string, SearchedParameter>>;

let loaded: SearchedParameters | undefined;

/**
 * @returns the served parameters by type and code; the same each time
 * @throws AdapterError permanent when one has no R4 definition
 */
export function searchedParameters(): SearchedParameters {
  loaded ??= load();
  return loaded;
}

/** @throws TypeError for what is not served: whoever asks has to look first */
export function searchedParameter(type: string, code: string): SearchedParameter {
  const parameter = searchedParameters()
    .get(type as StoredType)
    ?.get(code);
  if (!parameter) throw new TypeError(`${type}.${code} is not served`);
  return parameter;
}

function load(): SearchedParameters {
  const definitions = readDefinitionBundle('search-parameters.json').filter(
    (resource): resource is SearchParameter => resource.resourceType === 'SearchParameter',
  );
  const byUrl = new Map(definitions.map((one) => [one.url, one]));
  return new Map(
    STORED_TYPES.map((type) => {
      const of = new Map(
        definitions
          .filter(({ base }) => base.includes(type) || (base as readonly string[]).includes('Resource'))
          .map((one) => [one.code, one]),
      );
      const codes = SERVED_PARAMETERS[type];
      const made = codes.map((code, at) => parameterOf(type, code, 2 ** at, { of, byUrl, codes }));
      return [type, new Map(made.map((one) => [one.code, one]))];
    }),
  );
}

interface Known {
  /** definitions of the type's parameters, by code */
  readonly of: ReadonlyMap<string, SearchParameter>;
  readonly byUrl: ReadonlyMap<string, SearchParameter>;
  readonly codes: readonly string[];
}

function parameterOf(type: StoredType, code: string, bit: number, known: Known): SearchedParameter {
  const definition = known.of.get(code);
  const kind = definition?.type;
  if (!definition || kind === 'special' || kind === undefined) throw notServable(type, code);
  const expression = ownBranch(type, definition);
  const whole = /^(.+)\.where\(resolve\(\) is (\w+)\)$/.exec(expression);
  const alias = whole && known.codes.find((one) => ownBranch(type, known.of.get(one)!) === whole[1]);
  const paired = PAIRED[`${type}.${code}`];
  const made = kind === 'composite' ? [] : MADE_OF[code];
  const beside = BESIDE[code]?.filter((one) => known.codes.includes(one));
  const rows = made ?? beside ?? [alias ?? code];
  return {
    ...{ type, code, kind, bit, url: definition.url },
    targets: [...(definition.target ?? [])],
    isCanonical: CANONICAL.has(code),
    holds: kind === 'token' ? heldBy(code, expression) : undefined,
    expression: (kind === 'composite' ? paired === undefined : made || alias) ? undefined : expression,
    rows: paired === undefined ? rows.map((one) => `${type}.${one}`) : [paired],
    only: alias === undefined ? undefined : whole?.[2],
    components: (definition.component ?? []).map((one) => partOf(one, type, known, paired !== undefined)),
  };
}

function heldBy(code: string, expression: string): SearchedParameter['holds'] {
  if (WORDLESS.has(code) || WORDLESS.has(expression)) return 'codes';
  return IDENTIFIERS.test(expression) ? 'identifiers' : 'concepts';
}

function partOf(
  { definition, expression }: { definition: string; expression: string },
  type: StoredType,
  { byUrl, codes }: Known,
  isPaired: boolean,
): ComponentPart {
  const part = byUrl.get(definition)!;
  const code = part.code;
  const isBeside = codes.includes(code) && !(isPaired && type === 'Questionnaire');
  return { kind: part.type as ParameterKind, code: isBeside ? code : undefined, expression };
}

/** The parts of a parameter's expression that start at this type; most are a union over many types. */
function ownBranch(type: string, { expression = '' }: SearchParameter): string {
  if (expression.startsWith('Resource.')) return expression.replace(/^Resource\./, `${type}.`);
  const branches = expression.split('|').map((branch) => branch.trim());
  return branches
    .filter((branch) => branch === type || branch.replace(/^\(+/, '').startsWith(`${type}.`))
    .join(' | ');
}

function notServable(type: string, code: string): AdapterError {
  return new AdapterError(
    'permanent',
    issueOf({
      severity: 'fatal',
      code: 'not-supported',
      rule: 'store-search-parameter',
      diagnostics: `Search parameter ${type}.${code} has no R4 definition that can be indexed; take it out of src/store/served-parameters.ts`,
    }),
  );
}
