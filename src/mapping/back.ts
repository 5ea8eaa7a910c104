/** Puts the way back of each kind of record together: Bundle to logical model, logical model to the source's record. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { AdapterError } from '../fhir/outcome.ts';
import { Compilation } from './compilation.ts';
import { groupBetween } from './entry-group.ts';
import { explainBoth, lazily, TRACED, type Traced } from './explain.ts';
import { Findings, nearest } from './finding.ts';
import type { KindSources, MappedKind } from './kind-sources.ts';
import { isUnkept, type KindLosses } from './loss.ts';
import type { KindMap } from './map-set.ts';
import { type Hop, link, linkMains } from './program.ts';
import { type Shape, Shapes } from './shapes.ts';
import type { Sources } from './site.ts';

/** What a kind has when it has a way back. */
type WayBack = Required<Pick<KindMap, 'back' | 'explainBack'>>;

/** The names of a kind's two entry functions: Bundle to model, model to record. */
type BackEntries = readonly [string, string];

const NOTHING_LOST: KindLosses = { record: [], model: [] };

/** @returns true for the name of a file that holds maps of the way back: `platform/back-contact.map` */
export function isBackFile(name: string): boolean {
  return name.slice(name.indexOf('/') + 1).startsWith('back-');
}

/**
 * Compiles the way back, apart from the way out: what the models' items are read by is counted for each way.
 * @returns functions for each kind whose manifest names a map back; empty when findings tell why not
 */
export function compileBack(
  given: KindSources,
  sources: Sources,
  findings: Findings,
): ReadonlyMap<string, WayBack> {
  const files = new Map([...sources.files].filter(([name]) => isBackFile(name)));
  const own = (): Sources => ({ ...sources, files, shapes: new Shapes(given.definitions) });
  const unit = new Compilation(own(), findings);
  const entries = compileEntries(given, unit);
  if (findings.failed) return new Map();
  const hops = link(unit, [...entries.values()].flat());
  const traced = lazily(() => tracedEntries(given, own()));
  return new Map(
    [...entries].map(([kind, [toModel, toRecord]]) => [
      kind,
      {
        back: backThrough(hops.get(toModel)!, hops.get(toRecord)!),
        explainBack: (bundle, issues) => explainBoth(traced().get(kind)!, bundle, issues) as ExplainedRecord,
      },
    ]),
  );
}

type ExplainedRecord = ReturnType<WayBack['explainBack']>;

/** The same maps, compiled once more to remember which rule wrote what: only when somebody asks. */
function tracedEntries(given: KindSources, sources: Sources): ReadonlyMap<string, readonly [Traced, Traced]> {
  const unit = new Compilation(sources, new Findings(), TRACED);
  const entries = compileEntries(given, unit);
  const mains = linkMains(unit, [...entries.values()].flat());
  const traced = (name: string): Traced => ({ main: mains.get(name)!, places: unit.places });
  return new Map(
    [...entries].map(([kind, [toModel, toRecord]]) => [kind, [traced(toModel), traced(toRecord)]]),
  );
}

function compileEntries(given: KindSources, unit: Compilation): ReadonlyMap<string, BackEntries> {
  const entries = new Map<string, BackEntries>();
  try {
    for (const [kind, manifest] of Object.entries(given.manifest.kinds)) {
      const names = manifest.back === undefined ? undefined : compileKind(given, unit, kind, manifest);
      if (names) entries.set(kind, names);
    }
    unit.checkRest();
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
  { schema, back = '', model }: MappedKind,
): BackEntries | undefined {
  const { findings, shapes } = unit;
  const fault = (message: string): undefined => {
    findings.addFault({ rule: 'map-kind', diagnostics: `kind ${kind} of ${given.sourceFolder}: ${message}` });
    return undefined;
  };
  const record = given.schemas.get(`${given.sourceFolder}/${schema}`);
  if (!record || !given.definitions.type(model)) return undefined; // the way out says so
  const file = unit.sources.files.get(`${given.sourceFolder}/${back}`);
  const [group] = file?.groups ?? [];
  if (!file || !group) {
    const names = [...unit.sources.files.keys()].map((name) => name.slice(name.indexOf('/') + 1));
    return fault(`there is no map ${back}${nearest(back, names)}`);
  }
  const first = groupBetween(unit, given.modelFolder, 'Bundle', model);
  if (!first) return fault(`no map in ${given.modelFolder} has a group from Bundle to ${model}`);
  const modelShape: Shape = { kind: 'type', name: model };
  const toModel = unit.entry(first, [{ kind: 'type', name: 'Bundle' }, modelShape], false);
  const shapesOfRecord: Shape[] = [modelShape, { kind: 'json', node: record, root: record }];
  const toRecord = unit.entry({ file: file.file, group }, shapesOfRecord, true);
  reportUnread(given, kind, model, back, shapes.unread(modelShape), findings);
  return [toModel, toRecord];
}

/** Items that the record cannot take are declared; one that is not, or that is declared and read, is a warning. */
function reportUnread(
  { sourceFolder, losses = {} }: KindSources,
  kind: string,
  model: string,
  map: string,
  unread: readonly string[],
  findings: Findings,
): void {
  const declared = losses[kind] ?? NOTHING_LOST;
  const warn = (diagnostics: string): void =>
    findings.addFault({ rule: 'map-unread-field', severity: 'warning', code: 'incomplete', diagnostics });
  for (const path of unread.filter((path) => !isUnkept(path, declared)))
    warn(
      `${model}: no rule reads ${path} on the way back; add a rule for it to ${map}, or declare it in loss.json`,
    );
  const items = declared.model.flatMap(({ items }) => items);
  for (const item of items.filter((item) => !unread.some((path) => `${path}.`.startsWith(`${item}.`))))
    warn(`${sourceFolder}/loss.json: ${kind} declares ${item} as not read, but ${map} reads it; remove it`);
}

function backThrough(toModel: Hop, toRecord: Hop): WayBack['back'] {
  return (bundle, issues: OperationOutcomeIssue[]) => {
    const model = toModel(bundle, issues);
    const record = model === undefined ? undefined : toRecord(model, issues);
    return record as ReturnType<WayBack['back']>;
  };
}
