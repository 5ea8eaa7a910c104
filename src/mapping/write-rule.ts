/** Turns a rule of the tree into lines of text. */
import { isBareExpression } from './fragment.ts';
import { isBareName, nameText, quoted } from './quote.ts';
import type { Expression, Invocation, Rule, Source, Target, Transform, Word } from './tree.ts';
import { argumentText, literalText, pathText } from './write-argument.ts';
import { commentLines } from './write-comment.ts';

/** Longer rules are broken behind the commas between sources or targets. */
const WIDEST = 120;

/** Types that the oldest form of a rule, `name : for src.x`, would take for its keyword. */
const RESERVED_TYPES: ReadonlySet<string> = new Set(['for']);
const RESERVED_IDS: ReadonlySet<string> = new Set(['then', 'first', 'share', 'last', 'single', 'collate']);

/** @returns the lines of the rule and of the rules within it */
export function ruleLines(rule: Rule, indent: string): string[] {
  const sources = rule.sources.map(sourceText);
  const targets = rule.targets.map(targetText);
  const calls = rule.dependents.map(invocationText).join(', ');
  const opening = rule.rules.length > 0 ? ['{'] : [];
  const then =
    calls === '' && opening.length === 0
      ? ''
      : ` then ${[...(calls === '' ? [] : [calls]), ...opening].join(' ')}`;
  const name = rule.name === undefined ? '' : ` ${quoted(rule.name, '"')}`;
  const ending = opening.length > 0 ? then : `${then}${name};`;
  const within = rule.rules.flatMap((inner) => ruleLines(inner, `${indent}  `));
  return [
    ...commentLines(rule.documentation, indent),
    layout(sources, targets, ending, indent),
    ...(opening.length > 0 ? [...within, `${indent}}${name};`] : []),
  ];
}

function layout(
  sources: readonly string[],
  targets: readonly string[],
  ending: string,
  indent: string,
): string {
  const arrow = targets.length > 0 ? ' -> ' : '';
  const line = `${indent}${sources.join(', ')}${arrow}${targets.join(', ')}${ending}`;
  if (line.length <= WIDEST) return line;
  const comma = `,\n${indent}    `;
  return `${indent}${sources.join(comma)}${arrow}${targets.join(comma)}${ending}`;
}

/** @returns the name of a type: bare with its dots, else in back quotes */
export function typeText({ text }: Word): string {
  const isBare = text.split('.').every(isBareName) && !RESERVED_TYPES.has(text);
  return isBare ? text : quoted(text, '`');
}

function sourceText(source: Source): string {
  const { cardinality, fallback, listMode, variable } = source;
  return [
    [source.context, ...source.path].map(({ text }) => nameText(text)).join('.'),
    source.type && `: ${typeText(source.type)}`,
    cardinality && `${cardinality.min}..${Number.isFinite(cardinality.max) ? cardinality.max : '*'}`,
    fallback && `default (${fallback.text})`,
    listMode?.text,
    variable && `as ${nameText(variable.text)}`,
    conditionText('where', source.where),
    conditionText('check', source.check),
    conditionText('log', source.log),
  ]
    .filter(Boolean)
    .join(' ');
}

/** FHIRPath that a keyword or sign within it would end stands in brackets. */
function conditionText(keyword: string, condition: Expression | undefined): string | undefined {
  if (!condition) return undefined;
  return `${keyword} ${isBareExpression(condition.text) ? condition.text : `(${condition.text})`}`;
}

function targetText(target: Target): string {
  const { context, path, transform, variable, share } = target;
  const place = context && [context, ...path].map(({ text }) => nameText(text)).join('.');
  const modes = target.listModes.map(({ text }, index) => {
    const isFirst = target.listModes.findIndex((mode) => mode.text === 'share') === index;
    return isFirst && share ? `share ${nameText(share.text, RESERVED_IDS)}` : text;
  });
  const value = transform && transformText(transform);
  return [
    [place, value].filter(Boolean).join(' = '),
    ...(variable ? [`as ${nameText(variable.text)}`] : []),
    ...modes,
  ].join(' ');
}

function transformText(transform: Transform): string {
  if (transform.kind === 'call') return invocationText(transform);
  if (transform.kind === 'literal') return literalText(transform);
  return transform.kind === 'path' ? pathText(transform.words) : `(${transform.text})`;
}

function invocationText({ name, parameters }: Invocation): string {
  return `${nameText(name.text)}(${parameters.map(argumentText).join(', ')})`;
}
