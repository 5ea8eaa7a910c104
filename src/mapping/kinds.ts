/** Puts the two hops of each kind of record together: record to logical model, logical model to Bundle. */
import type { Bundle, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { AdapterError } from '../fhir/outcome.ts';
import { compileBack, isBackFile } from './back.ts';
import { Compilation } from './compilation.ts';
import { groupBetween } from './entry-group.ts';
import { explainBoth, type Traced } from './explain.ts';
import { Findings, nearest } from './finding.ts';
import { type GivenSources, gatherSources } from './gather-sources.ts';
import type { Losses } from './loss.ts';
import type { KindMap } from './map-set.ts';
import { type Hop, link, linkMains } from './program.ts';
import type { Shape } from './shapes.ts';
import type { Sources } from './site.ts';

/** What of a kind's manifest concerns its maps. */
export interface MappedKind {
  /** JSON Schema of the record and FML file, in the source's folder */
  readonly schema: string;
  readonly map: string;
  /** FML file from the logical model back to the record, where there is a way back */
  readonly back?: string | undefined;
  /** name of the logical model */
  readonly model: string;
  /** fields (dotted paths) that the pipeline itself reads */
  readonly key?: readonly string[];
  readonly time?: string;
}

export interface KindSources extends GivenSources {
  readonly manifest: { readonly kinds: Readonly<Record<string, MappedKind>> };
  /** names of the folders, as they start the names of files */
  readonly sourceFolder: string;
  readonly modelFolder: string;
  /** what the way back loses, as `loss.json` declares it */
  readonly losses?: Losses;
}

/** The names of a kind's two entry functions. */
interface KindEntries {
  readonly toModel: string;
  readonly toBundle: string;
}

/** @returns both hops of every kind, compiled; undefined when findings tell why not */
export function compileKinds(
  given: KindSources,
  findings: Findings,
): ReadonlyMap<string, KindMap> | undefined {
  const sources = gatherSources(given, findings);
  if (!sources) return undefined;
  const unit = new Compilation(outward(sources), findings);
  const entries = compileEntries(given, unit);
  const backs = compileBack(given, sources, findings);
  if (findings.failed) return undefined;
  const hops = link(
    unit,
    [...entries.values()].flatMap(({ toModel, toBundle }) => [toModel, toBundle]),
  );
  const traced = lazily(() => tracedEntries(given, outward(sources)));
  return new Map(
    [...entries].map(([kind, names]): [string, KindMap] => {
      const { run, toModel } = kindMap(hops.get(names.toModel)!, hops.get(names.toBundle)!);
      const explain: KindMap['explain'] = (record, issues) => {
        const { toModel: first, toBundle: second } = traced().get(kind)!;
        return explainBoth(first, second, record, issues);
      };
      const back = backs.get(kind);
      return [kind, { run, toModel, explain, code: unit.text(), ...(back && { back }) }];
    }),
  );
}

/** The maps of the way out alone: those of the way back are compiled and checked apart. */
function outward(sources: Sources): Sources {
  return { ...sources, files: new Map([...sources.files].filter(([name]) => !isBackFile(name))) };
}

/** The same maps, compiled once more to remember which rule wrote what: only when somebody asks. */
function tracedEntries(
  given: KindSources,
  sources: Sources,
): ReadonlyMap<string, { readonly toModel: Traced; readonly toBundle: Traced }> {
  const unit = new Compilation(sources, new Findings(), true);
  const entries = compileEntries(given, unit);
  const names = [...entries.values()].flatMap(({ toModel, toBundle }) => [toModel, toBundle]);
  const mains = linkMains(unit, names);
  const traced = (name: string): Traced => ({ main: mains.get(name)!, places: unit.places });
  return new Map(
    [...entries].map(([kind, { toModel, toBundle }]) => [
      kind,
      { toModel: traced(toModel), toBundle: traced(toBundle) },
    ]),
  );
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function compileEntries(given: KindSources, unit: Compilation): ReadonlyMap<string, KindEntries> {
  const entries = new Map<string, KindEntries>();
  try {
    for (const [kind, manifest] of Object.entries(given.manifest.kinds)) {
      const names = compileKind(given, unit, kind, manifest);
      if (names) entries.set(kind, names);
    }
    unit.checkRest((file) => file.startsWith(`${given.sourceFolder}/`));
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    unit.findings.addIssues(error.outcome.issue);
  }
  return entries;
}

function compileKind(
  given: KindSources,
  unit: Compilation,
  kind: string,
  { schema, map, model, key = [], time }: MappedKind,
): KindEntries | undefined {
  const { findings, shapes } = unit;
  const fault = (message: string): undefined => {
    findings.addFault({ rule: 'map-kind', diagnostics: `kind ${kind} of ${given.sourceFolder}: ${message}` });
    return undefined;
  };
  const record = given.schemas.get(`${given.sourceFolder}/${schema}`);
  if (!record)
    return fault(`there is no schema ${schema}${nearest(schema, [...given.schemas.keys()].map(fileName))}`);
  const file = unit.sources.files.get(`${given.sourceFolder}/${map}`);
  const group = file?.groups[0];
  if (!file || !group)
    return fault(`there is no map ${map}${nearest(map, [...unit.sources.files.keys()].map(fileName))}`);
  if (!given.definitions.type(model))
    return fault(`there is no logical model ${model}; correct "model" in source.json`);
  const second = groupBetween(unit, given.modelFolder, model, 'Bundle');
  if (!second) return fault(`no map in ${given.modelFolder} has a group from ${model} to Bundle`);
  const recordShape: Shape = { kind: 'json', node: record, root: record };
  const modelShape: Shape = { kind: 'type', name: model };
  const toModel = unit.entry({ file: file.file, group }, [recordShape, modelShape], false);
  const toBundle = unit.entry(second, [modelShape, { kind: 'type', name: 'Bundle' }], true);
  for (const path of time === undefined ? key : [...key, time]) shapes.readPath(recordShape, path);
  reportUnread(findings, `${given.sourceFolder}/${schema}`, map, shapes.unread(recordShape));
  reportUnread(findings, model, second.file, shapes.unread(modelShape));
  return { toModel, toBundle };
}

function reportUnread(findings: Findings, place: string, map: string, paths: readonly string[]): void {
  for (const path of paths) {
    const diagnostics = `${place}: no rule reads ${path}; add a rule for it to ${map}`;
    findings.addFault({ rule: 'map-unread-field', severity: 'warning', code: 'incomplete', diagnostics });
  }
}

function fileName(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}

function kindMap(toModel: Hop, toBundle: Hop): Pick<KindMap, 'run' | 'toModel'> {
  const run = (record: Readonly<Record<string, unknown>>, issues: OperationOutcomeIssue[]): Bundle => {
    const model = toModel(record, issues);
    const bundle = (model === undefined ? undefined : toBundle(model, issues)) as Bundle | undefined;
    if (!bundle) return { resourceType: 'Bundle', type: 'collection' };
    bundle.type ??= 'collection';
    return bundle;
  };
  return { toModel: (record, issues) => withoutAbsent(toModel(record, issues)), run };
}

/** The model as others see it: what its fixed layout only keeps a place for is left out. */
function withoutAbsent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAbsent);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutAbsent(member)]));
}
