/** Turns a resource into its search rows, by the FHIR R4 search parameters that are served. */
import type { Resource } from '@medplum/fhirtypes';
import type { Definitions, StoredType } from '../fhir/definitions.ts';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import { compileExpression } from '../fhirpath/compile.ts';
import type { Evaluate } from '../fhirpath/evaluate.ts';
import type { IndexRow } from './index-row.ts';
import { indexText } from './index-text.ts';
import { amountsOf, ROW_MAKERS, tokensOf } from './row-makers.ts';
import { type SearchedParameter, searchedParameter, searchedParameters } from './search-parameters.ts';

export type { IndexRow } from './index-row.ts';

/**
 * @param param name of rows, where only those of one are wanted
 * @returns the rows of a resource; some may be there twice
 */
export type SearchIndex = (resource: Resource, param?: string) => IndexRow[];

/** What finds the rows of one parameter. */
interface Extraction {
  readonly param: string;
  /** names of elements of which one is there when it finds anything; a choice begins with one */
  readonly roots: readonly string[];
  readonly rowsOf: (resource: Resource) => readonly IndexRow[];
}

/** Compiled once for each set of definitions. */
const compiled = new WeakMap<Definitions, SearchIndex>();

/**
 * Compiles the served search parameters.
 * @param definitions base R4
 * @throws AdapterError permanent when a served parameter has no definition, or one that does not compile
 */
export function createSearchIndex(definitions: Definitions): SearchIndex {
  let index = compiled.get(definitions);
  if (!index) {
    index = compileIndex(definitions);
    compiled.set(definitions, index);
  }
  return index;
}

function compileIndex(definitions: Definitions): SearchIndex {
  const byType = new Map<string, ByElement>();
  for (const [type, parameters] of searchedParameters()) {
    const own = [...parameters.values()].filter(({ expression }) => expression !== undefined);
    byType.set(type, new ByElement(own.flatMap((one) => extractionOf(one, definitions))));
  }
  return (resource, param) => byType.get(resource.resourceType)?.rowsOf(resource, param) ?? [];
}

/** Names that a type's resources have: no more are remembered. */
const MOST_NAMES = 1_000;

/** The extractions of a type, by the elements that a resource has: what is not there is not looked for. */
class ByElement {
  readonly #extractions: readonly Extraction[];
  readonly #byName = new Map<string, readonly Extraction[]>();

  constructor(extractions: readonly Extraction[]) {
    this.#extractions = extractions;
  }

  rowsOf(resource: Resource, param?: string): IndexRow[] {
    if (param !== undefined) return this.#rowsUnder(resource, param);
    const rows: IndexRow[] = [];
    const done = new Set<Extraction>();
    for (const name in resource)
      for (const extraction of this.#under(name)) {
        if (extraction.roots.length > 1) {
          if (done.has(extraction)) continue;
          done.add(extraction);
        }
        for (const row of extraction.rowsOf(resource)) rows.push(row);
      }
    return rows;
  }

  #rowsUnder(resource: Resource, param: string): IndexRow[] {
    const own = param.replace(/:.*$/, '');
    const found = this.#extractions.find((one) => one.param === own);
    return (found?.rowsOf(resource) ?? []).filter((row) => row.param === param);
  }

  #under(name: string): readonly Extraction[] {
    const known = this.#byName.get(name);
    if (known) return known;
    const found = this.#extractions.filter(({ roots }) =>
      roots.some((root) => name.startsWith(root) && /^(?:$|[A-Z])/.test(name.slice(root.length))),
    );
    if (this.#byName.size < MOST_NAMES) this.#byName.set(name, found);
    return found;
  }
}

function extractionOf(parameter: SearchedParameter, definitions: Definitions): Extraction[] {
  const { type, code, kind, expression = '', rows } = parameter;
  const param = `${type}.${code}`;
  if (kind === 'composite') return rows.includes(param) ? [pairsOf(parameter, definitions)] : [];
  const evaluate = compile(expression, type, parameter, definitions);
  const make = ROW_MAKERS[kind];
  const rowsOf = (resource: Resource): readonly IndexRow[] => {
    const items = evaluate(resource);
    return items.length === 0 ? [] : make(param, items);
  };
  return [{ param, roots: rootsOf(expression, type), rowsOf }];
}

/** First names of the paths in an expression. */
function rootsOf(expression: string, type: string): string[] {
  const found = [...expression.matchAll(new RegExp(`(?<![\\w.])${type}\\.(\\w+)`, 'g'))];
  return [...new Set(found.map(([, name]) => name!))];
}

/** Rows of a composite: each code with each value of the same element. */
function pairsOf(parameter: SearchedParameter, definitions: Definitions): Extraction {
  const { type, code, expression = '', components } = parameter;
  const param = `${type}.${code}`;
  const elements = compile(expression, type, parameter, definitions);
  const inner = `${type}.${rootsOf(expression, type)[0]}`;
  const focus = definitions.type(inner)
    ? inner
    : definitions.element(type, inner.slice(type.length + 1))!.types[0]!;
  const [first, second] = components.map((one) => compile(one.expression, focus, parameter, definitions));
  const rowsOf = (resource: Resource): IndexRow[] =>
    elements(resource).flatMap((element) => {
      const seconds = second!(element).flatMap(
        components[1]!.kind === 'token' ? tokenSeconds : amountSeconds,
      );
      return first!(element)
        .flatMap(tokensOf)
        .flatMap(({ system, code: text }) =>
          seconds.map(
            (one): IndexRow => ({
              ...{ kind: 'pair', param, system: indexText(system ?? ''), code: indexText(text) },
              ...one,
            }),
          ),
        );
    });
  return { param, roots: rootsOf(expression, type), rowsOf };
}

function tokenSeconds(item: unknown) {
  return tokensOf(item).map(({ system, code }) => ({
    ...{ low: 0, high: 0 },
    ...{ valueSystem: indexText(system ?? ''), valueCode: indexText(code) },
  }));
}

function amountSeconds(item: unknown) {
  return amountsOf(item).map(({ low, high, system, code, unit }) => ({
    ...{ low, high },
    ...{ valueSystem: system, valueCode: code === '' ? unit : code },
  }));
}

function compile(
  expression: string,
  focus: string,
  { type, code }: SearchedParameter,
  definitions: Definitions,
): Evaluate {
  const done = compileExpression(expression, { type: focus, definitions });
  if (done.ok) return done.value;
  throw new AdapterError(
    'permanent',
    issueOf({
      severity: 'fatal',
      code: 'not-supported',
      rule: 'store-search-parameter',
      diagnostics: `Search parameter ${type}.${code} cannot be compiled (${done.outcome.issue[0]?.diagnostics}); take it out of src/store/served-parameters.ts`,
    }),
  );
}

/** @returns `Type/id`, or a URL, of what a resource refers to by a parameter */
export function referencesOf(index: SearchIndex, resource: Resource, code: string): string[] {
  const { rows, only } = searchedParameter(resource.resourceType, code);
  const targets = index(resource).flatMap((row) =>
    row.kind === 'reference' && rows.includes(row.param) && row.target !== '' ? [row.target] : [],
  );
  return only === undefined ? targets : targets.filter((target) => target.startsWith(`${only}/`));
}

/**
 * Rows of one resource, for an engine that finds none by resource.
 * @param content JSON of the resource @param params names of rows, parted by spaces
 * @returns JSON of an array a row: code and system of a token, target of a reference
 */
export function rowsIn(index: SearchIndex, content: string | null, params: string): string {
  if (content === null) return '[]';
  const resource = JSON.parse(content) as Resource;
  const rows = params.split(' ').flatMap((param) => index(resource, param));
  return JSON.stringify(
    rows.flatMap((row) => {
      if (row.kind === 'token') return [[row.code, row.system]];
      return row.kind === 'reference' ? [[row.target]] : [];
    }),
  );
}

/** @param rows all of one resource @returns what of it is there, by the bits of its type's parameters */
export function presentOf(rows: readonly IndexRow[]): number {
  const first = rows[0];
  if (!first) return 0;
  const bits = bitsOf(first.param.slice(0, first.param.indexOf('.')));
  const found = new Set<number>();
  for (const row of rows) {
    for (const { only, bit } of bits.get(row.param) ?? [])
      if (only === undefined || (row.kind === 'reference' && row.target.startsWith(`${only}/`)))
        found.add(bit);
  }
  let present = 0;
  for (const bit of found) present += bit;
  return present;
}

const bitsByType = new Map<string, ReadonlyMap<string, readonly SearchedParameter[]>>();

/** @returns a type's parameters by the names of their rows */
function bitsOf(type: string): ReadonlyMap<string, readonly SearchedParameter[]> {
  let bits = bitsByType.get(type);
  if (!bits) {
    const under = new Map<string, SearchedParameter[]>();
    for (const one of searchedParameters()
      .get(type as StoredType)
      ?.values() ?? [])
      for (const name of one.rows) under.set(name, [...(under.get(name) ?? []), one]);
    bits = under;
    bitsByType.set(type, bits);
  }
  return bits;
}
