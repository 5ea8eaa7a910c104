/** Turns the texts of maps into one function that runs: the mapping engine as a library. */
import type { ConceptMap, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Definitions } from '../fhir/definitions.ts';
import { AdapterError, type Checked, outcomeOf } from '../fhir/outcome.ts';
import { compileExpression } from '../fhirpath/compile.ts';
import { Compilation } from './compilation.ts';
import { type Explained, explainHop, type Traced } from './explain.ts';
import { Findings, nearest } from './finding.ts';
import { gatherSources } from './gather-sources.ts';
import { LIMITS, type Limits } from './limits.ts';
import { linkMains, type RunOptions, runMain, startRun } from './program.ts';
import { ANY, type JsonSchema, type Shape } from './shapes.ts';
import type { CompileExpression, FoundGroup, Sources } from './site.ts';

/** What a map is compiled from. */
export interface CompileMapOptions {
  /** maps by the name that findings are to give; the first holds the group to run, the others are found by their URL */
  readonly maps: readonly { readonly name: string; readonly text: string }[];
  /** the group to run; default: the first of the first map */
  readonly group?: string;
  /** what types are: base R4 by `loadBaseDefinitions()`, and any further StructureDefinitions that were added */
  readonly definitions: Definitions;
  /** ConceptMaps by the name of their file */
  readonly conceptMaps?: ReadonlyMap<string, ConceptMap>;
  /** JSON Schemas of source records, found by `uses` through their `$id` */
  readonly schemas?: readonly JsonSchema[];
  /** all codes of CodeSystems, by URL: a ConceptMap that starts from one should know them all */
  readonly codeSystems?: ReadonlyMap<string, readonly string[]>;
  /** how far the maps may go; default: `LIMITS` */
  readonly limits?: Partial<Limits>;
  /** stands in for the FHIRPath compiler */
  readonly compileExpression?: CompileExpression;
}

/** What one run gives. */
export interface MapResult {
  /** the target, or an array of the targets where the group has several; undefined after an error that stopped the run */
  readonly value: unknown;
  /** unmapped codes and failed checks, each with file:line:column of its rule */
  readonly issues: readonly OperationOutcomeIssue[];
}

export interface CompiledMap {
  /**
   * Runs the map.
   * @param sources the source; of several source parameters an array, in their order; never changed
   */
  run(sources: unknown, options?: RunOptions): MapResult;
  /**
   * Runs the map for the lineage of what it makes; compiled for that when first asked, so that `run` pays nothing. An issue
   * where the limits allow the map, but not the longer code that remembers its rules.
   */
  explain(
    sources: unknown,
    options?: RunOptions,
  ): Explained & { readonly issues: readonly OperationOutcomeIssue[] };
  /** the JavaScript that runs, for a reader */
  readonly code: string;
  /** what should be looked at though the map runs */
  readonly warnings: readonly OperationOutcomeIssue[];
  /** fields of the first source's schema or logical model that no rule reads, as dotted paths */
  readonly unread: readonly string[];
}

/**
 * Compiles a map with all that it imports.
 * @returns the map; or every error found, each with file:line:column and what to write instead
 * @source FHIR mapping-language.html
 */
export function compileMap(options: CompileMapOptions): Checked<CompiledMap> {
  const findings = new Findings();
  const schemas = new Map((options.schemas ?? []).map((schema) => [schema.$id ?? '', schema]));
  const given = {
    maps: options.maps,
    conceptMaps: options.conceptMaps ?? new Map(),
    schemas,
    definitions: options.definitions,
    compileExpression: options.compileExpression ?? compileExpression,
    codeSystems: options.codeSystems,
  };
  const sources = gatherSources(given, findings);
  const limits = { ...LIMITS, ...options.limits };
  const unit = sources && new Compilation(sources, findings, { limits });
  const found = unit && groupOf(unit, options);
  if (!unit || !found) return { ok: false, outcome: outcomeOf(...findings.issues) };
  const shapes = found.group.parameters.map(
    ({ type }): Shape => (type && unit.typeShape(found.file, type)) ?? ANY,
  );
  const entry = entryOf(unit, found, shapes);
  if (findings.failed || entry === undefined) return { ok: false, outcome: outcomeOf(...findings.issues) };
  const main = linkMains(unit, [entry]).get(entry)!;
  const count = found.group.parameters.filter(({ mode }) => mode === 'source').length;
  const inputs = (given: unknown): unknown[] => {
    const all: readonly unknown[] = count > 1 && Array.isArray(given) ? given : [given];
    return Array.from({ length: count }, (_, at) => all[at]);
  };
  let traced: Checked<Traced> | undefined;
  return {
    ok: true,
    value: {
      run: (given, options) => {
        const issues: OperationOutcomeIssue[] = [];
        const [first, ...more] = inputs(given);
        return {
          value: runMain(startRun(issues, unit.places, options, limits), main, first, more),
          issues,
        };
      },
      explain: (given, options) => {
        const issues: OperationOutcomeIssue[] = [];
        traced ??= tracedOf(sources, found, shapes, limits);
        if (!traced.ok) return { value: undefined, lineage: [], issues: traced.outcome.issue };
        return { ...explainHop(traced.value, inputs(given), issues, { ...options, limits }), issues };
      },
      code: unit.text(),
      warnings: findings.issues,
      unread: unit.shapes.unread(
        shapes.find((_, at) => found.group.parameters[at]?.mode === 'source') ?? ANY,
      ),
    },
  };
}

/** @returns the name of the entry function; undefined, with a finding, when the maps compile to too much */
function entryOf(unit: Compilation, found: FoundGroup, shapes: readonly Shape[]): string | undefined {
  try {
    const entry = unit.entry(found, shapes, false);
    unit.checkRest((file) => file === found.file);
    return entry;
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    unit.findings.addIssues(error.outcome.issue);
    return undefined;
  }
}

function tracedOf(
  sources: Sources,
  found: FoundGroup,
  shapes: readonly Shape[],
  limits: Limits,
): Checked<Traced> {
  const unit = new Compilation(sources, new Findings(), { isTraced: true, limits });
  try {
    const entry = unit.entry(found, shapes, false);
    return { ok: true, value: { main: linkMains(unit, [entry]).get(entry)!, places: unit.places } };
  } catch (error) {
    if (error instanceof AdapterError) return { ok: false, outcome: error.outcome };
    throw error;
  }
}

function groupOf(unit: Compilation, { maps, group: wanted }: CompileMapOptions): FoundGroup | undefined {
  const [first] = maps;
  const file = first && unit.sources.files.get(first.name);
  const group =
    wanted === undefined ? file?.groups[0] : file?.groups.find(({ name }) => name.text === wanted);
  if (first && group) return { file: first.name, group };
  const names = file?.groups.map(({ name }) => name.text) ?? [];
  const what =
    wanted === undefined
      ? 'there is no map to compile'
      : `there is no group ${wanted}${nearest(wanted, names)}`;
  unit.findings.addFault({ rule: 'map-unknown-group', diagnostics: `${first?.name ?? 'maps'}: ${what}` });
  return undefined;
}
