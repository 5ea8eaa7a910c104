/** Turns the JSON of a ViewDefinition into a checked model, or into issues that say where it is wrong. */
import type { Definitions } from '../../fhir/definitions.ts';
import { type Checked, outcomeOf } from '../../fhir/outcome.ts';
import { readConstant } from './constants.ts';
import {
  type ColumnDefinition,
  type Iteration,
  type SelectDefinition,
  VIEW_LIMITS,
  type ViewDefinition,
  type ViewLimits,
} from './definition.ts';
import { checkProfiles } from './profiles.ts';
import { type Members, Reader } from './reader.ts';

const CANONICAL = [
  'resourceType',
  'meta',
  'implicitRules',
  'language',
  'text',
  'contained',
  'url',
  'identifier',
  'version',
  'versionAlgorithmString',
  'versionAlgorithmCoding',
  'name',
  'title',
  'status',
  'experimental',
  'date',
  'publisher',
  'contact',
  'description',
  'useContext',
  'jurisdiction',
  'purpose',
  'copyright',
  'copyrightLabel',
  'approvalDate',
  'lastReviewDate',
  'effectivePeriod',
  'topic',
  'author',
  'editor',
  'reviewer',
  'endorser',
  'relatedArtifact',
];
const VIEW = [...CANONICAL, 'resource', 'profile', 'fhirVersion', 'constant', 'select', 'where'];
const SELECT = ['column', 'select', 'forEach', 'forEachOrNull', 'repeat', 'unionAll'];
const COLUMN = ['path', 'name', 'description', 'collection', 'type', 'tag'];
const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/';

/** @returns the view, or every issue found in it: `view-element`, `view-required`, `view-name`, `view-limit` and the like */
export function readView(
  json: unknown,
  definitions: Definitions,
  limits: Partial<ViewLimits> = {},
): Checked<ViewDefinition> {
  const reading = new Reading({ ...VIEW_LIMITS, ...limits });
  const view = reading.view(json, definitions);
  const { issues } = reading.reader;
  return view && issues.length === 0
    ? { ok: true, value: view }
    : { ok: false, outcome: outcomeOf(...issues) };
}

class Reading {
  readonly reader = new Reader();
  readonly #limits: ViewLimits;
  #selects = 0;
  #columns = 0;

  constructor(limits: ViewLimits) {
    this.#limits = limits;
  }

  view(json: unknown, definitions: Definitions): ViewDefinition | undefined {
    const at = 'ViewDefinition';
    const view = this.reader.object(json, at, VIEW);
    if (!view) return undefined;
    if (view.resourceType !== undefined && view.resourceType !== at)
      this.reader.fault('view-element', `${at}.resourceType`, 'this is no ViewDefinition.');
    const resource = this.reader.text(view, 'resource', at, true);
    const kind = resource === undefined ? undefined : definitions.type(resource)?.kind;
    if (resource !== undefined && kind !== 'resource')
      this.reader.fault('view-resource', `${at}.resource`, 'this is no type of resource of FHIR R4.');
    this.#fhirVersion(view, at);
    const constants = this.reader
      .list(view, 'constant', at)
      .filter((_, i) => this.reader.within(i + 1, this.#limits.constants, `${at}.constant`, 'constants'))
      .flatMap((one) => readConstant(this.reader, one.value, one.at) ?? []);
    this.#once(
      constants.map((one) => ({ name: one.name, at: `${one.at}.name` })),
      'constants',
    );
    if (view.select === undefined)
      this.reader.fault(
        'view-required',
        `${at}.select`,
        'select is missing; give at least one, with columns.',
      );
    const name = this.reader.sqlName(view, at, false);
    const selects = this.#selectsOf(view, 'select', at, 1);
    checkProfiles(this.reader, view, selects);
    return { name, resource: resource ?? '', constants, selects, where: this.#where(view, at) };
  }

  #where(view: Members, at: string): { path: string; at: string }[] {
    return this.reader.list(view, 'where', at).flatMap((one, i) => {
      if (!this.reader.within(i + 1, this.#limits.conditions, `${at}.where`, 'conditions')) return [];
      const condition = this.reader.object(one.value, one.at, ['path', 'description']);
      const path = condition && this.reader.text(condition, 'path', one.at, true);
      return path === undefined ? [] : [{ path, at: one.at }];
    });
  }

  /** Views are run over R4. */
  #fhirVersion(view: Members, at: string): void {
    const versions = this.reader.list(view, 'fhirVersion', at);
    if (versions.length > 0 && !versions.some(({ value }) => /^4\.0(\.|$)/.test(String(value))))
      this.reader.fault(
        'view-fhir-version',
        `${at}.fhirVersion`,
        'the view is made for other versions of FHIR; resources here are R4: add 4.0.1 once its paths fit.',
      );
  }

  #once(named: readonly { name: string; at: string }[], what: string): void {
    const seen = new Set<string>();
    for (const { name, at } of named) {
      if (seen.has(name)) this.reader.fault('view-duplicate', at, `two ${what} have this name; rename one.`);
      seen.add(name);
    }
  }

  #selectsOf(owner: Members, name: 'select' | 'unionAll', at: string, depth: number): SelectDefinition[] {
    return this.reader.list(owner, name, at).flatMap((one) => this.#select(one.value, one.at, depth) ?? []);
  }

  #select(json: unknown, at: string, depth: number): SelectDefinition | undefined {
    const { depth: deepest, selects } = this.#limits;
    if (!this.reader.within(depth, deepest, at, 'levels of selects')) return undefined;
    if (!this.reader.within(++this.#selects, selects, at, 'selects')) return undefined;
    const select = this.reader.object(json, at, SELECT);
    if (!select) return undefined;
    if (!['column', 'select', 'unionAll'].some((name) => select[name] !== undefined))
      this.reader.fault('view-required', at, 'a select has column, select or unionAll; give one of them.');
    const iteration = this.#iteration(select, at);
    const columns = this.reader
      .list(select, 'column', at)
      .flatMap((one) => this.#column(one.value, one.at) ?? []);
    return {
      iteration,
      columns,
      selects: this.#selectsOf(select, 'select', at, depth + 1),
      unionAll: this.#selectsOf(select, 'unionAll', at, depth + 1),
      at,
    };
  }

  #iteration(select: Members, at: string): Iteration | undefined {
    const kinds = (['forEach', 'forEachOrNull', 'repeat'] as const).filter(
      (kind) => select[kind] !== undefined,
    );
    const [kind] = kinds;
    if (kinds.length > 1)
      this.reader.fault(
        'view-iteration',
        at,
        `a select has one of ${kinds.join(' and ')}, not both; nest one in the other.`,
      );
    if (kind === undefined) return undefined;
    if (kind !== 'repeat') {
      const path = this.reader.text(select, kind, at);
      return path === undefined ? undefined : { kind, paths: [path] };
    }
    const paths = this.reader.list(select, kind, at).flatMap((one) => {
      if (typeof one.value === 'string' && one.value !== '') return [one.value];
      this.reader.fault('view-element', one.at, 'repeat is a list of FHIRPath expressions.');
      return [];
    });
    return { kind, paths };
  }

  #column(json: unknown, at: string): ColumnDefinition | undefined {
    if (!this.reader.within(++this.#columns, this.#limits.columns, at, 'columns')) return undefined;
    const column = this.reader.object(json, at, COLUMN);
    if (!column) return undefined;
    const name = this.reader.sqlName(column, at, true);
    const path = this.reader.text(column, 'path', at, true);
    const tags = this.reader.list(column, 'tag', at).flatMap((one) => {
      const tag = this.reader.object(one.value, one.at, ['name', 'value']);
      const [tagName, value] = tag
        ? ['name', 'value'].map((part) => this.reader.text(tag, part, one.at, true))
        : [];
      return tagName === undefined || value === undefined ? [] : [{ name: tagName, value }];
    });
    const description = this.reader.text(column, 'description', at);
    const type = this.reader.text(column, 'type', at)?.replace(FHIR_TYPE, '');
    const collection = this.reader.flag(column, 'collection', at);
    if (name === undefined || path === undefined) return undefined;
    return { name, path, description, collection, type, tags, at };
  }
}
