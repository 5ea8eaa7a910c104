/** Compiles the expressions of a view, each for the type that it is applied to, and settles its columns. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Definitions } from '../../fhir/definitions.ts';
import { type Checked, issueOf, outcomeOf, ruleOf } from '../../fhir/outcome.ts';
import { type Bare, compileBare } from '../../fhirpath/compile.ts';
import { EvaluationFault } from '../../fhirpath/fault.ts';
import { parseExpression } from '../../fhirpath/parser.ts';
import { childNodes, type Node } from '../../fhirpath/tree.ts';
import { isBoolean, type Types } from '../../fhirpath/types.ts';
import { columnType, sameKind } from './column-type.ts';
import type {
  ColumnDefinition,
  ConstantDefinition,
  Iteration,
  SelectDefinition,
  ViewDefinition,
} from './definition.ts';
import { asViewMeans } from './dialect.ts';
import type { ViewOptions } from './options.ts';

/** One compiled expression, by its place in the view. */
export interface ExpressionPlan {
  readonly run: Bare<unknown>['run'];
  readonly types: Types;
  readonly at: string;
  readonly text: string;
  /** reads `%rowIndex` */
  readonly isCounting: boolean;
  /** is `%rowIndex`, and nothing else */
  readonly isIndex: boolean;
}

export interface ColumnPlan {
  readonly definition: ColumnDefinition;
  /** index among the expressions */
  readonly expression: number;
  /** index in the row; branches of a union share theirs */
  readonly slot: number;
  readonly type: string | undefined;
}

export interface SelectPlan {
  readonly kind: Iteration['kind'] | undefined;
  /** indexes of the expressions: from the focus; for `repeat` one each path */
  readonly first: readonly number[];
  /** of `repeat`: from what was found */
  readonly next: readonly number[];
  readonly columns: readonly ColumnPlan[];
  readonly selects: readonly SelectPlan[];
  readonly unionAll: readonly SelectPlan[];
}

export interface ViewPlan {
  readonly expressions: readonly ExpressionPlan[];
  readonly where: readonly number[];
  readonly selects: readonly SelectPlan[];
  /** in the order of the row */
  readonly columns: readonly ColumnPlan[];
}

/** @returns the plan, or every issue of its expressions and columns */
export function planView(
  view: ViewDefinition,
  definitions: Definitions,
  options: ViewOptions,
): Checked<ViewPlan> {
  const planner = new Planner(view, definitions, options);
  const plan = planner.plan(view);
  // a path of repeat is compiled once for each set of types that it is reached with
  const issues = [...new Map(planner.issues.map((issue) => [issue.diagnostics, issue])).values()];
  return issues.length === 0 ? { ok: true, value: plan } : { ok: false, outcome: outcomeOf(...issues) };
}

type Gives = 'collection' | 'value';

class Planner {
  readonly issues: OperationOutcomeIssue[] = [];
  readonly #definitions: Definitions;
  readonly #options: ViewOptions;
  readonly #constants: ReadonlyMap<string, ConstantDefinition>;
  readonly #expressions: ExpressionPlan[] = [];
  readonly #resource: string;

  constructor(view: ViewDefinition, definitions: Definitions, options: ViewOptions) {
    this.#definitions = definitions;
    this.#options = options;
    this.#constants = new Map(view.constants.map((one) => [one.name, one]));
    this.#resource = view.resource;
  }

  plan(view: ViewDefinition): ViewPlan {
    const root: Types = [view.resource];
    const where = view.where.map(({ path, at }) => this.#condition(path, `${at}.path`, root));
    const columns: ColumnPlan[] = [];
    const selects = view.selects.map((select) => this.#select(select, root, columns));
    this.#checkNames(columns);
    return { expressions: this.#expressions, where, selects, columns };
  }

  #fault(rule: string, at: string, diagnostics: string): void {
    this.issues.push(issueOf({ rule, expression: at, diagnostics: `${at}: ${diagnostics}` }));
  }

  /** Columns of `select`, then those of the selects in it, then those of its union. */
  #select(select: SelectDefinition, focus: Types, columns: ColumnPlan[]): SelectPlan {
    const { iteration, at } = select;
    const { first, next, types } = iteration
      ? this.#iterate(iteration, at, focus)
      : { first: [], next: [], types: focus };
    const own = select.columns.map((definition, i) => this.#column(definition, types, columns.length + i));
    columns.push(...own);
    const selects = select.selects.map((inner) => this.#select(inner, types, columns));
    const unionAll = this.#union(select, types, columns);
    return { kind: iteration?.kind, first, next, columns: own, selects, unionAll };
  }

  /** Branches write into the same slots; the first names and types them. */
  #union(select: SelectDefinition, types: Types, columns: ColumnPlan[]): SelectPlan[] {
    const start = columns.length;
    let leading: readonly ColumnPlan[] | undefined;
    const plans = select.unionAll.map((branch) => {
      const own = columns.slice(0, start);
      const plan = this.#select(branch, types, own);
      const added = own.slice(start);
      if (leading) this.#checkBranch(leading, added, branch.at);
      leading ??= added;
      return plan;
    });
    columns.push(...(leading ?? []));
    return plans;
  }

  #checkBranch(leading: readonly ColumnPlan[], own: readonly ColumnPlan[], at: string): void {
    const names = (columns: readonly ColumnPlan[]): string =>
      columns.map(({ definition }) => definition.name).join(', ');
    if (names(leading) !== names(own)) {
      this.#fault(
        'view-union',
        at,
        `branches of unionAll have the same columns in the same order: the first has ${names(leading)}, this has ${names(own)}.`,
      );
      return;
    }
    for (const [i, { definition, type }] of own.entries()) {
      const first = leading[i]!;
      if (sameKind(first.type, type) && first.definition.collection === definition.collection) continue;
      this.#fault(
        'view-union',
        definition.at,
        `the first branch of unionAll has ${definition.name} as ${shown(first)}, and this one as ${shown({ definition, type })}; make them the same.`,
      );
    }
  }

  #checkNames(columns: readonly ColumnPlan[]): void {
    const seen = new Map<string, string>();
    for (const { definition } of columns) {
      const other = seen.get(definition.name);
      if (other !== undefined)
        this.#fault(
          'view-duplicate',
          `${definition.at}.name`,
          `${other} has the name ${definition.name} already; rename one.`,
        );
      else seen.set(definition.name, definition.at);
    }
  }

  #column(definition: ColumnDefinition, focus: Types, slot: number): ColumnPlan {
    const at = `${definition.at}.path`;
    const expression = this.#compile(
      definition.path,
      at,
      focus,
      definition.collection ? 'collection' : 'value',
    );
    const found = this.#expressions[expression];
    const settled = found
      ? columnType(definition, found.types, this.#definitions)
      : { type: definition.type };
    if ('type' in settled) return { definition, expression, slot, type: settled.type };
    this.#fault(
      'view-column-type',
      definition.type === undefined ? at : `${definition.at}.type`,
      settled.fault,
    );
    return { definition, expression, slot, type: undefined };
  }

  #condition(path: string, at: string, focus: Types): number {
    const index = this.#compile(path, at, focus, 'value');
    const found = this.#expressions[index];
    if (!found) return index;
    const { types, run } = found;
    if (types && types.length > 0 && !isBoolean(types))
      this.#fault(
        'view-condition',
        at,
        `a condition is true or false, and this gives ${types.join(' or ')}; compare it, or ask whether it exists().`,
      );
    if (types && isBoolean(types)) return index;
    // what it gives shows when the data is there
    const checked: typeof run = (item, variables) => {
      const value = run(item, variables);
      if (typeof value === 'boolean' || value === null) return value;
      throw new EvaluationFault('a condition is true or false, and this is neither');
    };
    this.#expressions[index] = { ...found, run: checked };
    return index;
  }

  #iterate(
    iteration: Iteration,
    at: string,
    focus: Types,
  ): { first: number[]; next: number[]; types: Types } {
    const { kind, paths } = iteration;
    if (kind === 'repeat') return this.#repeat(paths, at, focus);
    const first = paths.map((path) => this.#compile(path, `${at}.${kind}`, focus, 'collection'));
    return { first, next: [], types: this.#expressions[first[0] ?? -1]?.types };
  }

  /** Paths of `repeat` go on from whatever they find: one that a type has no element for gives nothing there. */
  #repeat(
    paths: readonly string[],
    at: string,
    focus: Types,
  ): { first: number[]; next: number[]; types: Types } {
    const step = (types: Types): number[] =>
      paths.map((path, i) => this.#compile(path, `${at}.repeat[${i}]`, types, 'collection', true));
    const first = step(focus);
    const found = new Set<string>();
    let level = this.#typesOf(first);
    while (level?.some((type) => !found.has(type))) {
      for (const type of level) found.add(type);
      const before = this.#expressions.length;
      level = this.#typesOf(step([...found]));
      this.#expressions.length = before;
    }
    const types = level === undefined ? undefined : [...found];
    return { first, next: step(types), types };
  }

  #typesOf(expressions: readonly number[]): Types {
    const all = expressions.map((one) => this.#expressions[one]?.types);
    return all.includes(undefined) ? undefined : [...new Set(all.flatMap((types) => types ?? []))];
  }

  /** @param isLenient an element that the type has not gives nothing @returns the index of the expression, -1 with a fault where there is none */
  #compile(text: string, at: string, focus: Types, gives: Gives, isLenient = false): number {
    const parsed = parseExpression(text, this.#options.limits);
    const done = parsed.ok
      ? this.#typed(asViewMeans(parsed.value, this.#constants), text, focus, gives)
      : parsed;
    if (done.ok) {
      const isCounting = parsed.ok && readsRowIndex(parsed.value);
      const isIndex = parsed.ok && isRowIndex(parsed.value);
      return this.#expressions.push({ ...done.value, at, text, isCounting, isIndex }) - 1;
    }
    const [issue] = done.outcome.issue;
    if (isLenient && issue && ruleOf(issue) === 'fhirpath-element')
      return (
        this.#expressions.push({ run: () => [], types: [], at, text, isCounting: false, isIndex: false }) - 1
      );
    for (const found of done.outcome.issue)
      this.issues.push({ ...found, expression: [at], diagnostics: `${at}: ${found.diagnostics}` });
    return -1;
  }

  #typed(node: Node, text: string, types: Types, gives: Gives): Checked<Bare<unknown>> {
    const isKnown =
      types !== undefined && types.length > 0 && types.every((type) => this.#definitions.type(type));
    const { now: _, viewLimits: __, ...host } = this.#options;
    const options = {
      ...host,
      definitions: this.#definitions,
      variables: ['rowIndex'],
      variableTypes: { rowIndex: 'integer' },
    };
    const shape = { focus: isKnown ? types : undefined, resource: this.#resource, isBoxed: false, gives };
    return compileBare<unknown>(node, text, options, shape);
  }
}

function shown({ type, definition }: Pick<ColumnPlan, 'type' | 'definition'>): string {
  return `${definition.collection ? 'a collection of ' : ''}${type ?? 'any type'}`;
}

function readsRowIndex(node: Node): boolean {
  return isRowIndex(node) || childNodes(node).some(readsRowIndex);
}

function isRowIndex(node: Node): boolean {
  return node.kind === 'variable' && node.name === 'rowIndex';
}
