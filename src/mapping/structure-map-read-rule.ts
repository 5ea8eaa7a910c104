/** Turns the rules of a StructureMap's JSON, R4 or R5, into rules of the tree. */
import { readFhirPath, readWords } from './fragment.ts';
import { readParameter } from './structure-map-argument.ts';
import { readDefault } from './structure-map-default.ts';
import type { JsonElement } from './structure-map-element.ts';
import { simplified } from './structure-map-simple.ts';
import type { Argument, Expression, Invocation, Rule, Source, Target, Transform, Word } from './tree.ts';

/** As deep as the text of a map may nest its rules. */
const DEEPEST = 99;

const SOURCE_LIST_MODES = ['first', 'not_first', 'last', 'not_last', 'only_one'] as const;
const TARGET_LIST_MODES: ReadonlySet<string> = new Set(['first', 'share', 'last', 'single', 'collate']);

/** @param depth rules around this one */
export function readRule(element: JsonElement, depth = 0): Rule {
  const sources = element.elements('source').map(readSource);
  if (sources.length === 0) element.fault('needs a source');
  const inner = element.elements('rule');
  if (depth === DEEPEST && inner.length > 0) element.fault(`holds rules deeper than ${DEEPEST} levels`);
  const rule: Rule = {
    at: element.at,
    name: element.text('name'),
    documentation: element.documentation(),
    sources,
    targets: element.elements('target').map(readTarget),
    dependents: element.elements('dependent').map(readDependent),
    rules: depth === DEEPEST ? [] : inner.map((one) => readRule(one, depth + 1)),
  };
  element.rest();
  return simplified(rule);
}

function readSource(element: JsonElement): Source {
  const source: Source = {
    context: { text: element.needed('context'), at: element.at },
    path: readPath(element),
    type: element.word('type'),
    cardinality: readCardinality(element),
    fallback: readDefault(element),
    listMode: wordOf(element.code('listMode', SOURCE_LIST_MODES), element),
    variable: element.word('variable'),
    where: readCondition(element, 'condition'),
    check: readCondition(element, 'check'),
    log: readCondition(element, 'logMessage'),
  };
  element.rest();
  return source;
}

function readPath(element: JsonElement): Word[] {
  const text = element.text('element');
  return text === undefined ? [] : readWords(text, element.at);
}

function wordOf(text: string | undefined, { at }: JsonElement): Word | undefined {
  return text === undefined ? undefined : { text, at };
}

/** Where one of `min` and `max` is left out, the text says what that means: from 0, to any number. */
function readCardinality(element: JsonElement): Source['cardinality'] {
  if (!element.has('min') && !element.has('max')) return undefined;
  const min = element.integer('min') ?? 0;
  const max = element.text('max') ?? '*';
  if (max !== '*' && !/^\d{1,9}$/.test(max)) element.fault('must be a number or *', 'max');
  if (min < 0) element.fault('must not be negative', 'min');
  return { at: element.at, min, max: max === '*' ? Number.POSITIVE_INFINITY : Number(max) };
}

function readCondition(element: JsonElement, name: string): Expression | undefined {
  const text = element.text(name);
  if (text === undefined) return undefined;
  const read = readFhirPath(text);
  if ('text' in read) return { kind: 'expression', at: element.at, text: read.text };
  element.fault(`is no FHIRPath: ${read.fault}`, name);
  return undefined;
}

function readTarget(element: JsonElement): Target {
  const context = element.word('context');
  if (element.code('contextType', ['variable', 'type']) === 'type')
    element.fault('is type, which the language has no text for; name a variable', 'contextType');
  const path = readPath(element);
  if (!context && path.length > 0) element.fault('has an element but no context; add the context');
  const transform = readTransform(element, context !== undefined);
  if (!context && !transform) element.fault('needs a context or a transform');
  const variable = element.word('variable');
  const listModes = element.texts('listMode').map((text) => ({ text, at: element.at }));
  for (const { text } of listModes)
    if (!TARGET_LIST_MODES.has(text)) element.fault('must be first, share, last or single', 'listMode');
  const isShared = listModes.some(({ text }) => text === 'share');
  const share = isShared ? element.word('listRuleId') : undefined;
  element.rest();
  return { at: element.at, context, path, transform, variable, listModes, share };
}

function readTransform(element: JsonElement, hasContext: boolean): Transform | undefined {
  const name = element.word('transform');
  const given = element.elements('parameter');
  if (!name) {
    if (given.length > 0) element.fault('has parameters but no transform; add the transform');
    return undefined;
  }
  if (name.text === 'evaluate' && given.length === 1 && given[0]!.has('valueString'))
    return evaluated(given[0]!);
  const parameters = given.flatMap((one, index): Argument[] => {
    const argument = readParameter(one, name.text === 'evaluate' && index === 1);
    return argument ? [argument] : [];
  });
  const [only] = parameters;
  const isCopy = name.text === 'copy' && hasContext && parameters.length === 1 && only?.kind !== 'expression';
  return isCopy && only ? only : { kind: 'call', name, parameters };
}

/** `(expression)` of the text is `evaluate` with nothing but the expression. */
function evaluated(parameter: JsonElement): Expression | undefined {
  const expression = readCondition(parameter, 'valueString');
  parameter.rest();
  return expression;
}

/** R4 lists the variables; R5, and maps whose parameters are no variables, have parameters. */
function readDependent(element: JsonElement): Invocation {
  const name: Word = { text: element.needed('name'), at: element.at };
  if (element.has('variable') && element.has('parameter'))
    element.fault('has variable and parameter; leave variable out');
  const variables = element.texts('variable').map((text): Argument => {
    return { kind: 'path', at: element.at, words: readWords(text, element.at) };
  });
  const parameters = element.elements('parameter').flatMap((one) => readParameter(one, false) ?? []);
  element.rest();
  return { kind: 'call', name, parameters: [...variables, ...parameters] };
}
