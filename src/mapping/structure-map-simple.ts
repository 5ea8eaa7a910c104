/** Tells simple copies, `src.a -> tgt.a`, in the long form that StructureMap's JSON gives them. */
import type { Invocation, Rule } from './tree.ts';

/** The variable that a simple copy has in JSON, as source and as target. */
export const AUTO_VARIABLE = 'vvv';

/** The group that newer writers of JSON name where the engine is to choose one by the types. */
const DEFAULT_GROUP = 'DefaultMappingGroupAnonymousAlias';

/** @returns true for `src.a -> tgt.a;`, whatever is said of the source */
export function isSimple({ sources, targets, dependents, rules }: Rule): boolean {
  const [source, target] = [sources[0], targets[0]];
  if (sources.length !== 1 || targets.length !== 1 || dependents.length > 0 || rules.length > 0) return false;
  if (source!.path.length === 0 || source!.variable) return false;
  return target!.context !== undefined && target!.path.length > 0 && !target!.variable && !target!.transform;
}

/** @returns the rule as a simple copy, where it is one in its long form; else the rule */
export function simplified(rule: Rule): Rule {
  const [source, target] = [rule.sources[0], rule.targets[0]];
  if (source?.variable?.text !== AUTO_VARIABLE || target?.variable?.text !== AUTO_VARIABLE) return rule;
  const { transform } = target;
  if (
    transform &&
    (transform.kind !== 'call' || transform.name.text !== 'create' || transform.parameters.length > 0)
  )
    return rule;
  const simple: Rule = {
    ...rule,
    sources: [{ ...source, variable: undefined }, ...rule.sources.slice(1)],
    targets: [{ ...target, variable: undefined, transform: undefined }, ...rule.targets.slice(1)],
    dependents: rule.dependents.filter((call) => !isDefaultCall(call)),
  };
  return isSimple(simple) ? simple : rule;
}

function isDefaultCall({ name, parameters }: Invocation): boolean {
  const isAuto = parameters.every((one) => one.kind === 'path' && one.words[0]?.text === AUTO_VARIABLE);
  return name.text === DEFAULT_GROUP && isAuto;
}
