/** Puts FHIRPath into compiled maps: finds the variables it uses, compiles it once, and writes the call. */
import { AdapterError, ruleOf } from '../fhir/outcome.ts';
import { checkNames } from './check-names.ts';
import { type Token, tokenize } from './lexer.ts';
import { plainCondition } from './plain-path.ts';
import type { Shape } from './shapes.ts';
import { codeOf, type Site, type Value } from './site.ts';
import { type Expression, placeText } from './tree.ts';

/** Functions and operators whose argument is the name of a type, not of a variable. */
const TYPE_TAKERS = new Set(['is', 'as', 'ofType']);

/** @returns the text of an expression that is one string, number or boolean; undefined for any other */
export function literalOf(expression: Expression): string | number | boolean | undefined {
  const text = expression.text.trim();
  const quoted = /^'((?:[^'\\]|\\['"\\/`])*)'$/.exec(text);
  if (quoted) return quoted[1]!.replaceAll(/\\(.)/g, '$1');
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** @returns JavaScript that is true when the condition of a source's item holds */
export function emitCondition(site: Site, expression: Expression, focus: Value): string | undefined {
  const plain = plainCondition(site, expression, focus);
  if (plain !== undefined) return plain;
  const result = emitExpression(site, expression, focus.code, focus.shape);
  return result && `holds(run, ${site.unit.place(expression.at, undefined)}, ${result})`;
}

/** Writes `check (…)`: an error issue when it does not hold; the run goes on. */
export function emitCheck(site: Site, expression: Expression, focus: Value): void {
  const condition = emitCondition(site, expression, focus);
  if (condition === undefined) return;
  const message = 'the source does not hold to the check of this rule; correct the record';
  const call = `report(run, ${site.place}, "map-check-failed", ${JSON.stringify(message)}, {code: "business-rule"});`;
  site.block.line(`if (!(${condition})) ${call}`);
}

/** Writes `log (…)`: evaluated only where someone listens, for it may hold values of a person. */
export function emitLog(site: Site, expression: Expression, focus: Value): void {
  const result = emitExpression(site, expression, focus.code, focus.shape);
  if (result) site.block.line(`if (run.log !== undefined) run.log(run.places[${site.place}], ${result});`);
}

/**
 * Writes the evaluation of an expression.
 * @param focus JavaScript of the focus; undefined when there is none
 * @returns JavaScript that gives an array; undefined, with a finding, when the expression is refused
 */
export function emitExpression(
  site: Site,
  expression: Expression,
  focus: string | undefined,
  shape: Shape,
): string | undefined {
  const { findings, sources, shapes } = site.unit;
  const read = readNames(site, expression);
  if (!read || !checkNames(site, read.tokens, shape, expression.at)) return undefined;
  const { definitions } = shapes;
  const type = focus !== undefined && shape.kind === 'type' ? { type: shape.name } : {};
  const { variables } = read;
  const options = { ...type, definitions, variables };
  const typed = sources.compileExpression(read.text, { ...options, variableTypes: typesOf(site, variables) });
  // published maps name choices as JSON does (`answer.valueString`), which no type has: then JSON's names it is
  const isUnknown = !typed.ok && typed.outcome.issue.some((issue) => ruleOf(issue) === 'fhirpath-element');
  const isJson = isUnknown && [...read.names].some((name) => namesType(site, name));
  const compiled = isJson ? sources.compileExpression(read.text, options) : typed;
  if (!compiled.ok) {
    for (const { diagnostics } of compiled.outcome.issue)
      findings.add('map-expression', expression.at, `${diagnostics ?? 'the expression is refused'}`);
    return undefined;
  }
  if (focus !== undefined) shapes.readNamed(shape, read.names);
  const members = read.variables.map((name) => {
    const variable = site.scope.get(name)!;
    shapes.readNamed(variable.shape, read.names);
    return `[${JSON.stringify(name)}]: ${codeOf(site, variable)}`;
  });
  const place = site.unit.place(expression.at, undefined);
  const call = `${site.unit.evaluator(compiled.value)}(${focus ?? 'undefined'}, {${members.join(', ')}})`;
  return `(run.at = ${place}, ${call})`;
}

/** @returns true for a name that ends in a type's, as JSON names choices: `valueString` */
function namesType({ unit }: Site, name: string): boolean {
  const { definitions } = unit.shapes;
  return [...name.matchAll(/[A-Z]/g)].some(({ index }) => {
    const type = name.slice(index);
    return (
      index > 0 &&
      (definitions.type(type) ?? definitions.type(type[0]!.toLowerCase() + type.slice(1))) !== undefined
    );
  });
}

/** @returns the FHIR and logical types of the variables that have one; an object that the map builds may be of a shape of its own */
function typesOf(site: Site, variables: readonly string[]): Record<string, string> {
  const typed = variables.flatMap((name): [string, string][] => {
    const { shape, built } = site.scope.get(name)!;
    return shape.kind === 'type' && !built ? [[name, shape.name]] : [];
  });
  return Object.fromEntries(typed);
}

/** @returns the names of the variables that an expression uses */
export function namesIn(site: Site, expression: Expression): readonly string[] {
  return readNames(site, expression)?.variables ?? [];
}

interface NamesRead {
  /** the expression with every bare variable written as `%name` */
  readonly text: string;
  readonly variables: readonly string[];
  readonly names: ReadonlySet<string>;
  readonly tokens: readonly Token[];
}

/** Variables may stand bare at the start of a path, where they win over elements of the same name. */
function readNames(site: Site, expression: Expression): NamesRead | undefined {
  let tokens: Token[];
  try {
    tokens = tokenize(placeText(expression.at), expression.text);
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    site.unit.findings.add('map-expression', expression.at, error.message);
    return undefined;
  }
  const variables = new Set<string>();
  const names = new Set<string>();
  const parts: string[] = [];
  let end = 0;
  tokens.forEach((token, index) => {
    const bare = token.kind === 'name' && startsPath(tokens, index) && site.scope.has(token.text);
    const marked = token.kind === 'name' && tokens[index - 1]?.text === '%' && site.scope.has(token.text);
    if (token.kind === 'name') names.add(token.text);
    if (bare || marked) variables.add(token.text);
    parts.push(
      expression.text.slice(end, token.start),
      bare ? '%' : '',
      expression.text.slice(token.start, token.end),
    );
    end = token.end;
  });
  return { text: parts.join(''), variables: [...variables], names, tokens };
}

function startsPath(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  if (tokens[index + 1]?.text === '(' && tokens[index]?.quote === '') return false;
  if (!before || before.kind === 'string') return !before;
  if (before.text === '.' || before.text === '%' || before.text === '$') return false;
  if (before.kind === 'name' && TYPE_TAKERS.has(before.text)) return false;
  return !(before.text === '(' && TYPE_TAKERS.has(tokens[index - 2]?.text ?? ''));
}
