/** Parses the rules of a group: sources, targets, dependents; a faulty rule is passed over, and the next one read. */
import type { Cursor } from './cursor.ts';
import { mistakeBehindSource, mistakeBehindTarget, mistakeInSource } from './mistakes.ts';
import { parseExpression } from './parse-expression.ts';
import { parseBrackets, parseInvocation, parsePath, parseTransform } from './parse-transform.ts';
import type { Expression, Invocation, Rule, Source, Target, Word } from './tree.ts';

const SOURCE_LIST_MODES = new Set(['first', 'not_first', 'last', 'not_last', 'only_one']);
const TARGET_LIST_MODES = new Set(['first', 'share', 'last', 'single', 'collate']);
/** Words that go on with a rule, where they begin a line. */
const KEYWORDS: ReadonlySet<string> = new Set(['as', 'where', 'check', 'log', 'then', 'default']);
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

/** @returns the rules between `{` and `}`, and the comments behind the first bracket */
export function parseRules(cursor: Cursor): { rules: Rule[]; behind: readonly string[] } {
  return cursor.nested(() => {
    const { line, column } = cursor.expect('{');
    const behind = cursor.commentsBehind;
    const rules: Rule[] = [];
    while (!cursor.take('}')) {
      if (isEndOfRules(cursor)) throw cursor.error(`"}" for the "{" of line ${line}, column ${column}`);
      const rule = cursor.attempt(
        () => parseRule(cursor),
        () => skipRule(cursor),
      );
      if (rule) rules.push(rule);
    }
    return { rules, behind };
  });
}

/** What the comments before an item and behind it say of it. */
export function documentationOf(before: readonly string[], cursor: Cursor): string | undefined {
  return [...before, ...cursor.commentsBehind].join('\n') || undefined;
}

/** The file ends, or the next group begins: a bracket is open. */
function isEndOfRules(cursor: Cursor): boolean {
  const [name, bracket] = [cursor.ahead(1), cursor.ahead(2)];
  if (cursor.token.kind === 'end') return true;
  const isSource = KEYWORDS.has(name.text); // `group where (…)`, of a variable with that name
  return cursor.is('group') && cursor.startsLine && name.kind === 'name' && bracket.text === '(' && !isSource;
}

/** Takes what is left of a faulty rule, with the rules within it, up to the next rule. */
function skipRule(cursor: Cursor): void {
  let depth = 0;
  while (!isEndOfRules(cursor) && (depth > 0 || !cursor.is('}'))) {
    if (cursor.is('{')) depth += 1;
    else if (cursor.is('}')) depth -= 1;
    const isEnd = depth === 0 && cursor.is(';');
    cursor.pass();
    if (isEnd) return;
  }
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
  const { dependents, rules, behind } = parseThen(cursor);
  before.push(...behind);
  const name = endRule(cursor, targets.length > 0) ?? early;
  return { at, name, documentation: documentationOf(before, cursor), sources, targets, dependents, rules };
}

/** `then Group(a, b), Other(c) { rules }`, groups and rules together or one of the two. */
function parseThen(cursor: Cursor): Pick<Rule, 'dependents' | 'rules'> & { behind: readonly string[] } {
  const dependents: Invocation[] = [];
  if (cursor.is('{')) cursor.note(cursor.error('"then" before "{",'));
  else if (!cursor.take('then')) return { dependents, rules: [], behind: [] };
  if (!cursor.is('{')) {
    do dependents.push(parseInvocation(cursor, cursor.name('the name of a group')));
    while (cursor.take(','));
  }
  return { dependents, ...(cursor.is('{') ? parseRules(cursor) : { rules: [], behind: [] }) };
}

/** Takes the name of the rule and its semicolon; where the line ends without one, only that is missing. */
function endRule(cursor: Cursor, hasTargets: boolean): string | undefined {
  const { kind, quote } = cursor.token;
  const isName = kind === 'string' || (kind === 'name' && (quote === '`' || cursor.isAhead(';')));
  const name = isName ? cursor.nameOrString('the name of the rule').text : undefined;
  if (cursor.take(';') || isEndOfRules(cursor)) return name;
  if (!isNextRule(cursor))
    throw cursor.error(
      hasTargets ? mistakeBehindTarget(cursor, isName) : mistakeBehindSource(cursor, isName),
    );
  cursor.note(cursor.missing(';'));
  return name;
}

/** The rule ends without its sign: a bracket closes, or a line begins as a rule does. */
function isNextRule(cursor: Cursor): boolean {
  if (cursor.is('}')) return true;
  const isWord = KEYWORDS.has(cursor.token.text) && !cursor.isAhead('.') && !cursor.isAhead('->');
  return cursor.startsLine && cursor.isName && !isWord;
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
  const { context, path } = parsePath(cursor, mistakeInSource(cursor));
  const type = cursor.take(':') ? cursor.type() : undefined;
  const cardinality = cursor.token.kind === 'number' ? parseCardinality(cursor) : undefined;
  const fallback = cursor.take('default') ? parseDefault(cursor) : undefined;
  const mode = SOURCE_LIST_MODES.has(cursor.token.text) && cursor.token.quote === '';
  const listMode = mode ? cursor.name('a list mode') : undefined;
  const variable = cursor.take('as') ? cursor.name('the name of a variable') : undefined;
  return { context, path, type, cardinality, fallback, listMode, variable, ...parseConditions(cursor) };
}

/** The grammar has where, check and log in this order; another order means the same. */
function parseConditions(cursor: Cursor): Pick<Source, 'where' | 'check' | 'log'> {
  const conditions: { where?: Expression; check?: Expression; log?: Expression } = {};
  for (;;) {
    const keyword = (['where', 'check', 'log'] as const).find((one) => cursor.is(one));
    if (keyword === undefined) return { where: undefined, check: undefined, log: undefined, ...conditions };
    if (conditions[keyword]) throw cursor.error(`one "${keyword}" for each source; join the two by "and",`);
    cursor.next();
    conditions[keyword] = parseExpression(cursor, END_OF_CONDITION);
  }
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
  if (!cursor.is('(')) throw cursor.error('a value, or an expression in brackets, behind default');
  return parseBrackets(cursor);
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
