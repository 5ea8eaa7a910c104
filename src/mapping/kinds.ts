/** Puts the two hops of each kind of record together: record to logical model, logical model to Bundle. */
import type { Bundle } from '@medplum/fhirtypes';
import { AdapterError } from '../fhir/outcome.ts';
import { compileBack, isBackFile } from './back.ts';
import { Compilation } from './compilation.ts';
import { groupBetween } from './entry-group.ts';
import { explainBoth, explainHop, lazily, TRACED, type Traced } from './explain.ts';
import { Findings, nearest } from './finding.ts';
import { gatherSources } from './gather-sources.ts';
import type { KindSources, MappedKind } from './kind-sources.ts';
import type { KindMap } from './map-set.ts';
import { type Hop, link, linkMains } from './program.ts';
import type { Shape } from './shapes.ts';
import type { FoundGroup, Sources } from './site.ts';

/** The groups at which the two hops of a kind start, and the shapes that they lead through. */
interface Hops {
  readonly first: FoundGroup;
  readonly second: FoundGroup;
  /** record, model and Bundle */
  readonly shapes: readonly [Shape, Shape, Shape];
}

/** Writes the entry functions of a kind. */
type WriteEntry<T> = (unit: Compilation, hops: Hops) => T;

/** @returns both hops of every kind, compiled; undefined when findings tell why not */
export function compileKinds(
  given: KindSources,
  findings: Findings,
): ReadonlyMap<string, KindMap> | undefined {
  const sources = gatherSources(given, findings);
  if (!sources) return undefined;
  const unit = new Compilation(outward(sources), findings, { keepsPlaces: true });
  const entries = compileEntries(given, unit, (to, { first, second, shapes }) =>
    to.entryOfTwo(first, second, shapes),
  );
  const backs = compileBack(given, sources, findings);
  if (findings.failed) return undefined;
  const hops = link(unit, [...entries.values()]);
  const traced = lazily(() => tracedEntries(given, outward(sources)));
  return new Map(
    [...entries].map(([kind, name]): [string, KindMap] => {
      const map = kindMap(hops.get(name)!, () => traced().get(kind)!);
      return [kind, { ...map, code: unit.text(), ...backs.get(kind) }];
    }),
  );
}

/** The maps of the way out alone: those of the way back are compiled and checked apart. */
function outward(sources: Sources): Sources {
  return { ...sources, files: new Map([...sources.files].filter(([name]) => !isBackFile(name))) };
}

/** Record to model, model to Bundle. */
type TracedHops = readonly [Traced, Traced];

/** The same maps, compiled once more hop by hop to remember which rule wrote what: only when somebody asks. */
function tracedEntries(given: KindSources, sources: Sources): ReadonlyMap<string, TracedHops> {
  const unit = new Compilation(sources, new Findings(), TRACED);
  const write: WriteEntry<readonly [string, string]> = (to, { first, second, shapes }) => {
    const [record, model, bundle] = shapes;
    return [to.entry(first, [record, model], false), to.entry(second, [model, bundle], true)];
  };
  const entries = compileEntries(given, unit, write);
  const mains = linkMains(unit, [...entries.values()].flat());
  const traced = (name: string): Traced => ({ main: mains.get(name)!, places: unit.places });
  return new Map([...entries].map(([kind, [first, second]]) => [kind, [traced(first), traced(second)]]));
}

function compileEntries<T>(
  given: KindSources,
  unit: Compilation,
  write: WriteEntry<T>,
): ReadonlyMap<string, T> {
  const entries = new Map<string, T>();
  try {
    for (const [kind, manifest] of Object.entries(given.manifest.kinds)) {
      const hops = hopsOf(given, unit, kind, manifest);
      if (!hops) continue;
      entries.set(kind, write(unit, hops));
      reportAllUnread(given, unit, manifest, hops);
    }
    unit.checkRest((file) => file.startsWith(`${given.sourceFolder}/`));
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    unit.findings.addIssues(error.outcome.issue);
  }
  return entries;
}

function hopsOf(
  given: KindSources,
  unit: Compilation,
  kind: string,
  { schema, map, model }: MappedKind,
): Hops | undefined {
  const fault = (message: string): undefined => {
    const diagnostics = `kind ${kind} of ${given.sourceFolder}: ${message}`;
    unit.findings.addFault({ rule: 'map-kind', diagnostics });
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
  const shapes = [recordShape, { kind: 'type', name: model }, { kind: 'type', name: 'Bundle' }] as const;
  return { first: { file: file.file, group }, second, shapes };
}

function reportAllUnread(
  { sourceFolder }: KindSources,
  { findings, shapes }: Compilation,
  { schema, map, model, key = [], time }: MappedKind,
  { second, shapes: [record, between] }: Hops,
): void {
  for (const path of time === undefined ? key : [...key, time]) shapes.readPath(record, path);
  reportUnread(findings, `${sourceFolder}/${schema}`, map, shapes.unread(record));
  reportUnread(findings, model, second.file, shapes.unread(between));
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

type Forward = Pick<KindMap, 'run' | 'toModel' | 'explain'>;

function kindMap(hop: Hop, traced: () => TracedHops): Forward {
  return {
    run: (record, issues) => {
      const bundle = hop(record, issues) as Bundle | undefined;
      if (!bundle) return { resourceType: 'Bundle', type: 'collection' };
      bundle.type ??= 'collection';
      return bundle;
    },
    toModel: (record, issues) => withoutAbsent(explainHop(traced()[0], [record], issues).value),
    explain: (record, issues, within) => {
      const { value, lineage } = explainBoth(traced(), record, issues, within);
      return { value: (value ?? { resourceType: 'Bundle', type: 'collection' }) as Bundle, lineage };
    },
  };
}

/** The model as others see it: what its fixed layout only keeps a place for is left out. */
function withoutAbsent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAbsent);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutAbsent(member)]));
}
