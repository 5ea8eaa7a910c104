/** The processing algorithm of SQL on FHIR v2 as its text has it, step by step, over fhirpath.js: slow, and nobody's compiler. */
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';

export interface NaiveColumn {
  readonly name: string;
  readonly path: string;
  readonly collection?: boolean;
}

export interface NaiveSelect {
  readonly column?: readonly NaiveColumn[];
  readonly select?: readonly NaiveSelect[];
  readonly unionAll?: readonly NaiveSelect[];
  readonly forEach?: string;
  readonly forEachOrNull?: string;
  readonly repeat?: readonly string[];
}

export interface NaiveView {
  readonly resource: string;
  readonly constant?: readonly Readonly<Record<string, unknown>>[];
  readonly select: readonly NaiveSelect[];
  readonly where?: readonly { readonly path: string }[];
}

type Row = Readonly<Record<string, unknown>>;

/** An element, and where it stands in its type: `Patient.contact.telecom`. */
interface Node {
  readonly value: unknown;
  readonly base: string;
}

/** @returns the rows of a resource, with collections as arrays; none where a condition does not hold */
export function naiveRows(view: NaiveView, resource: unknown): Row[] {
  const constants: Constants = {
    ...Object.fromEntries((view.constant ?? []).map(({ name, ...value }) => [name, Object.values(value)[0]])),
    resource,
  };
  const root = { value: resource, base: view.resource };
  if ((resource as { resourceType: string }).resourceType !== view.resource) return [];
  const holds = (view.where ?? []).every(({ path }) => valuesOf(path, root, constants)[0] === true);
  return holds ? processed({ select: view.select }, root, 0, constants) : [];
}

type Constants = Readonly<Record<string, unknown>>;

function processed(select: NaiveSelect, node: Node, rowIndex: number, constants: Constants): Row[] {
  const env = (index: number): Constants => ({ ...constants, rowIndex: index });
  const isIterated = select.forEach ?? select.forEachOrNull ?? select.repeat;
  const foci = fociOf(select, node, env(rowIndex));
  const rows = foci.flatMap((focus, i) => {
    const index = isIterated === undefined ? rowIndex : i;
    const parts: Row[][] = (select.column ?? []).map(({ name, path, collection }) => {
      const values = valuesOf(path, focus, env(index));
      return [{ [name]: collection ? values : (values[0] ?? null) }];
    });
    for (const inner of select.select ?? []) parts.push(processed(inner, focus, index, constants));
    if (select.unionAll)
      parts.push(select.unionAll.flatMap((branch) => processed(branch, focus, index, constants)));
    return parts.reduce<Row[]>(
      (product, part) => product.flatMap((row) => part.map((more) => ({ ...row, ...more }))),
      [{}],
    );
  });
  return foci.length === 0 && select.forEachOrNull !== undefined ? [blankOf(select)] : rows;
}

function fociOf(select: NaiveSelect, node: Node, env: Constants): Node[] {
  const { repeat, forEach, forEachOrNull } = select;
  const path = forEach ?? forEachOrNull;
  if (path !== undefined) return nodesOf(path, node, env);
  if (!repeat) return [node];
  const found: Node[] = [];
  const traverse = (from: Node, isRoot: boolean): void => {
    if (!isRoot) found.push(from);
    for (const one of repeat) for (const child of nodesOf(one, from, env)) traverse(child, false);
  };
  traverse(node, true);
  return found;
}

function nodesOf(path: string, node: Node, env: Constants): Node[] {
  const base = `${node.base}.${path.replaceAll(/\.?\w+\([^)]*\)/g, '')}`
    .replaceAll(/\.item(\.(answer\.)?item)+/g, '.item')
    .replace(/\.answer\.item$/, '.item');
  return valuesOf(path, node, env).map((value) => ({ value, base }));
}

type Evaluate = (value: unknown, env: Constants) => unknown[];

/** Parsing is what takes its time. */
const known = new Map<string, Evaluate>();

function valuesOf(path: string, { value, base }: Node, env: Constants): unknown[] {
  const key = `${base} ${path}`;
  const evaluate = known.get(key) ?? evaluator(path, base);
  known.set(key, evaluate);
  return evaluate(value, env);
}

function evaluator(path: string, base: string): Evaluate {
  const expression = base.includes('.') ? { base, expression: path } : path;
  return fhirpath.compile(expression as string, r4 as never) as unknown as Evaluate;
}

function blankOf({ column = [], select = [], unionAll = [] }: NaiveSelect): Row {
  const own = column.map(({ name, path }) => [name, path === '%rowIndex' ? 0 : null]);
  return Object.assign(Object.fromEntries(own), ...[...select, ...unionAll.slice(0, 1)].map(blankOf)) as Row;
}
