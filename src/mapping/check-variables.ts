/** Finds variables of a map that no rule uses, and rules that can never apply: both are slips of the hand more often than not. */
import { AdapterError } from '../fhir/outcome.ts';
import { literalOf } from './expression.ts';
import type { Findings } from './finding.ts';
import { tokenize } from './lexer.ts';
import type { Argument, Expression, Group, MapFile, Rule, Source, Target } from './tree.ts';

/** Adds a warning for each variable without a use, and each rule whose condition never holds. */
export function checkVariables(file: MapFile, findings: Findings): void {
  for (const group of file.groups) for (const rule of group.rules) checkRule(rule, findings);
}

/** @returns every name that the rule, or one within it, mentions where a variable may stand: read once, however deep it stands */
function checkRule(rule: Rule, findings: Findings): Set<string> {
  const used = new Set<string>();
  const inner = rule.rules.map((one) => checkRule(one, findings));
  for (const names of inner) for (const name of names) used.add(name);
  for (const source of rule.sources) addSource(source, used);
  for (const target of rule.targets) addTarget(target, used);
  for (const { parameters } of rule.dependents)
    for (const parameter of parameters) addArgument(parameter, used);
  const isRead = rule.targets.length === 0 && rule.dependents.length === 0 && rule.rules.length === 0;
  for (const { variable } of isRead ? rule.targets : [...rule.sources, ...rule.targets]) {
    if (!variable || used.has(variable.text)) continue;
    const message = `nothing uses the variable ${variable.text}; use it, or leave out "as ${variable.text}"`;
    findings.add('map-unused-variable', variable.at, message, 'warning');
  }
  for (const { where } of rule.sources)
    if (where && literalOf(where) === false)
      findings.add(
        'map-unreachable-rule',
        where.at,
        'this condition never holds, so the rule never applies; remove it',
        'warning',
      );
  return used;
}

function addSource({ context, where, check, log, fallback }: Source, names: Set<string>): void {
  names.add(context.text);
  for (const expression of [where, check, log, fallback]) if (expression) addExpression(expression, names);
}

function addTarget({ context, transform }: Target, names: Set<string>): void {
  if (context) names.add(context.text);
  if (!transform) return;
  for (const argument of transform.kind === 'call' ? transform.parameters : [transform])
    addArgument(argument, names);
}

function addArgument(argument: Argument, names: Set<string>): void {
  if (argument.kind === 'path') names.add(argument.words[0]!.text);
  if (argument.kind === 'expression') addExpression(argument, names);
}

function addExpression({ text }: Expression, names: Set<string>): void {
  try {
    for (const token of tokenize('', text)) if (token.kind === 'name') names.add(token.text);
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error; // reported where the expression is compiled
  }
}

/** Adds a warning for each group that nothing calls; the first of a file may be called from outside, and defaults by their types. */
export function checkGroups(file: MapFile, isReached: (group: Group) => boolean, findings: Findings): void {
  for (const group of file.groups.slice(1)) {
    if (group.typeMode || isReached(group)) continue;
    const message = `no rule calls the group ${group.name.text}; call it, or remove it`;
    findings.add('map-unreachable-group', group.name.at, message, 'warning');
  }
}
