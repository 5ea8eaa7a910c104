/** Parses the rules of a group: sources, targets, transforms, dependents. */
import type { Cursor } from './cursor.ts';
import type {
  Argument,
  Expression,
  Invocation,
  Literal,
  Rule,
  Source,
  Target,
  Transform,
  Word,
} from './tree.ts';

const SOURCE_LIST_MODES = new Set(['first', 'not_first', 'last', 'not_last', 'only_one']);
const TARGET_LIST_MODES = new Set(['first', 'share', 'last', 'single', 'collate']);
/** What ends the FHIRPath of `where`, `check` and `log`. */
export const END_OF_CONDITION: ReadonlySet<string> = new Set([
  '->',
  ',',
  ';',
  'where',
  'check',
  'log',
  'then',
  '{',
  '}',
]);
const END_OF_ARGUMENT = new Set([',', ')']);
const END_OF_BRACKET = new Set([')']);

/** @returns the rules between `{` and `}`, and the comments behind the first bracket */
export function parseRules(cursor: Cursor): { rules: Rule[]; behind: readonly string[] } {
  return cursor.nested(() => {
    cursor.expect('{');
    const behind = cursor.commentsBehind;
    const rules: Rule[] = [];
    while (!cursor.take('}')) rules.push(parseRule(cursor));
    return { rules, behind };
  });
}

/** What the comments before an item and behind it say of it. */
export function documentationOf(before: readonly string[], cursor: Cursor): string | undefined {
  return [...before, ...cursor.commentsBehind].join('\n') || undefined;
}

function parseRule(cursor: Cursor): Rule {
  const { at } = cursor.token;
  const before = [...cursor.commentsBefore];
  const early = isEarly(cursor) ? takeEarlyName(cursor) : undefined;
  const sources = [parseSource(cursor)];
  while (cursor.take(',')) sources.push(parseSource(cursor));
  const targets: Target[] = [];
  if (cursor.take('->')) {
    do targets.push(parseTarget(cursor));
    while (cursor.take(','));
  }
  const dependents: Invocation[] = [];
  let rules: Rule[] = [];
  if (cursor.take('then')) {
    if (!cursor.is('{')) {
      do dependents.push(parseInvocation(cursor, cursor.name('the name of a group')));
      while (cursor.take(','));
    }
    if (cursor.is('{')) {
      const nested = parseRules(cursor);
      rules = nested.rules;
      before.push(...nested.behind);
    }
  }
  const name = cursor.is(';') ? early : cursor.nameOrString('";" or the name of the rule').text;
  cursor.expect(';');
  return { at, name, documentation: documentationOf(before, cursor), sources, targets, dependents, rules };
}

/** `name : for src.x …`, the form of the language's drafts; `src : Type …` is a source with its type. */
function isEarly(cursor: Cursor): boolean {
  const [colon, word] = [cursor.ahead(1), cursor.ahead(2)];
  return cursor.token.kind === 'name' && colon.text === ':' && word.text === 'for' && word.quote === '';
}

function takeEarlyName(cursor: Cursor): string {
  const name = cursor.next().text;
  cursor.next();
  cursor.next();
  return name;
}

function parseSource(cursor: Cursor): Source {
  const { context, path } = parsePath(cursor, 'a source, such as src.name,');
  const type = cursor.take(':') ? cursor.type() : undefined;
  const cardinality = cursor.token.kind === 'number' ? parseCardinality(cursor) : undefined;
  const fallback = cursor.take('default') ? parseDefault(cursor) : undefined;
  const mode = SOURCE_LIST_MODES.has(cursor.token.text) && cursor.token.quote === '';
  const listMode = mode ? cursor.name('a list mode') : undefined;
  const variable = cursor.take('as') ? cursor.name('the name of a variable') : undefined;
  const where = cursor.take('where') ? cursor.expression(END_OF_CONDITION) : undefined;
  const check = cursor.take('check') ? cursor.expression(END_OF_CONDITION) : undefined;
  const log = cursor.take('log') ? cursor.expression(END_OF_CONDITION) : undefined;
  return { context, path, type, cardinality, fallback, listMode, variable, where, check, log };
}

function parseCardinality(cursor: Cursor): NonNullable<Source['cardinality']> {
  const { at, text } = cursor.next();
  if (!/^\d+$/.test(text)) throw cursor.error(`a cardinality such as 0..1, not ${text},`);
  cursor.expect('..');
  if (cursor.take('*')) return { at, min: Number(text), max: Number.POSITIVE_INFINITY };
  if (cursor.token.kind !== 'number') throw cursor.error('a number or *');
  return { at, min: Number(text), max: Number(cursor.next().text) };
}

/** `default (expression)` of R5, a literal such as `default "text"` of R4. */
function parseDefault(cursor: Cursor): Expression {
  const { kind } = cursor.token;
  if (kind === 'string' || kind === 'number' || cursor.is('true') || cursor.is('false'))
    return cursor.literal();
  cursor.expect('(');
  const expression = cursor.expression(END_OF_BRACKET);
  cursor.expect(')');
  return expression;
}

function parseTarget(cursor: Cursor): Target {
  const { at } = cursor.token;
  const bare = cursor.is('(') || (cursor.token.kind === 'name' && cursor.isAhead('('));
  const { context, path } = bare
    ? { context: undefined, path: [] }
    : parsePath(cursor, 'a target, such as tgt.name,');
  const transform = bare || cursor.take('=') ? parseTransform(cursor) : undefined;
  const variable = cursor.take('as') ? cursor.name('the name of a variable') : undefined;
  const listModes: Word[] = [];
  let share: Word | undefined;
  while (isTargetListMode(cursor)) {
    const mode = cursor.name('a list mode');
    listModes.push(mode);
    if (mode.text === 'share') share = parseShare(cursor) ?? share;
  }
  return { at, context, path, transform, variable, listModes, share };
}

/** `share x`; some maps leave the id out. */
function parseShare(cursor: Cursor): Word | undefined {
  const isId = cursor.token.kind === 'name' && !cursor.is('then');
  return isId && !isTargetListMode(cursor) ? cursor.name('an id') : undefined;
}

function isTargetListMode({ token: { kind, quote, text } }: Cursor): boolean {
  return kind === 'name' && quote === '' && TARGET_LIST_MODES.has(text);
}

function parseTransform(cursor: Cursor): Transform {
  if (cursor.token.kind === 'name' && cursor.isAhead('('))
    return parseInvocation(cursor, cursor.name('a transform'));
  if (cursor.take('(')) {
    const expression = cursor.expression(END_OF_BRACKET);
    cursor.expect(')');
    return expression;
  }
  const { at } = cursor.token;
  const literal = parseLiteral(cursor);
  if (literal) return literal;
  const { context, path } = parsePath(cursor, 'a value, a variable or a transform');
  return { kind: 'path', at, words: [context, ...path] };
}

function parseInvocation(cursor: Cursor, name: Word): Invocation {
  const parameters: Argument[] = [];
  cursor.expect('(');
  if (!cursor.is(')')) {
    do parameters.push(parseArgument(cursor));
    while (cursor.take(','));
  }
  cursor.expect(')');
  return { kind: 'call', name, parameters };
}

/** One token or a dotted name is a value; anything longer is FHIRPath. */
export function parseArgument(cursor: Cursor): Argument {
  const { at } = cursor.token;
  const sign = cursor.is('-') ? 1 : 0;
  if (isEndOfArgument(cursor, 1 + sign)) {
    const literal = parseLiteral(cursor);
    if (literal) return literal;
  }
  let length = 0;
  while (cursor.ahead(length).kind === 'name' && cursor.ahead(length + 1).text === '.') length += 2;
  if (cursor.ahead(length).kind === 'name' && isEndOfArgument(cursor, length + 1)) {
    const { context, path } = parsePath(cursor, 'a variable');
    return { kind: 'path', at, words: [context, ...path] };
  }
  return cursor.expression(END_OF_ARGUMENT);
}

function isEndOfArgument(cursor: Cursor, count: number): boolean {
  const { kind, text } = cursor.ahead(count);
  return kind === 'end' || (kind === 'symbol' && END_OF_ARGUMENT.has(text));
}

function parseLiteral(cursor: Cursor): Literal | undefined {
  const { kind, text, at, quote } = cursor.token;
  if (kind === 'string') return { kind: 'literal', at, type: 'string', value: cursor.next().text };
  if (kind === 'name' && quote === '' && (text === 'true' || text === 'false'))
    return { kind: 'literal', at, type: 'boolean', value: cursor.next().text === 'true' };
  const negative = cursor.is('-') && /^\d/.test(cursor.ahead(1).text) && cursor.ahead(1).kind === 'number';
  if (kind !== 'number' && !negative) return undefined;
  if (negative) cursor.next();
  const digits = cursor.next().text;
  if (digits.startsWith('@')) return { kind: 'literal', at, ...temporal(digits.slice(1)) };
  const type = digits.includes('.') ? 'decimal' : 'integer';
  return { kind: 'literal', at, type, value: Number(digits) * (negative ? -1 : 1) };
}

function temporal(text: string): Pick<Literal, 'type' | 'value'> {
  if (text.startsWith('T')) return { type: 'time', value: text.slice(1) };
  return { type: text.includes('T') ? 'dateTime' : 'date', value: text.replace(/T$/, '') };
}

function parsePath(cursor: Cursor, what: string): { context: Word; path: Word[] } {
  const context = cursor.name(what);
  const path: Word[] = [];
  while (cursor.take('.')) path.push(cursor.name('the name of an element'));
  return { context, path };
}
