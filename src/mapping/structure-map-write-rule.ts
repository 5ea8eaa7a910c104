/** Turns the rules of the tree into those of a StructureMap's JSON. */
import type {
  StructureMapGroupRule,
  StructureMapGroupRuleDependent,
  StructureMapGroupRuleSource,
  StructureMapGroupRuleTarget,
} from '@medplum/fhirtypes';
import { wordsText } from './fragment.ts';
import { type MapParameter, writeParameter } from './structure-map-argument.ts';
import { writeDefault } from './structure-map-default.ts';
import { AUTO_VARIABLE, isSimple } from './structure-map-simple.ts';
import type { Argument, Invocation, Rule, Source, Target } from './tree.ts';

type Version = 'R4' | 'R5';

/** R4's target, with parameters of R5 where the text has them. */
type WrittenTarget = StructureMapGroupRuleTarget & { parameter?: MapParameter[] };

/** @param names of all rules of the group */
export function writeRule(
  rule: Rule,
  names: ReadonlyMap<Rule, string>,
  version: Version,
): StructureMapGroupRule {
  const simple = isSimple(rule);
  const { documentation } = rule;
  return {
    name: names.get(rule) ?? 'rule',
    source: rule.sources.map((source) => writeSource(source, simple, version)),
    ...listed(
      'target',
      rule.targets.map((target) => writeTarget(target, simple, version)),
    ),
    ...listed(
      'rule',
      rule.rules.map((inner) => writeRule(inner, names, version)),
    ),
    ...listed(
      'dependent',
      rule.dependents.map((call) => writeDependent(call, version)),
    ),
    ...(documentation === undefined ? {} : { documentation }),
  };
}

function listed<K extends string, T>(name: K, items: readonly T[]): Partial<Record<K, T[]>> {
  return items.length === 0 ? {} : ({ [name]: [...items] } as Record<K, T[]>);
}

/** @param simple a simple copy, which JSON gives variables */
function writeSource(source: Source, simple: boolean, version: Version): StructureMapGroupRuleSource {
  const { cardinality, fallback, listMode } = source;
  const variable = simple ? AUTO_VARIABLE : source.variable?.text;
  return {
    context: source.context.text,
    ...(cardinality ? { min: cardinality.min, max: maxText(cardinality.max) } : {}),
    ...(source.type ? { type: source.type.text } : {}),
    ...(fallback ? writeDefault(fallback, version) : {}),
    ...(source.path.length > 0 ? { element: wordsText(source.path) } : {}),
    ...(listMode ? { listMode: listMode.text as NonNullable<StructureMapGroupRuleSource['listMode']> } : {}),
    ...(variable === undefined ? {} : { variable }),
    ...(source.where ? { condition: source.where.text } : {}),
    ...(source.check ? { check: source.check.text } : {}),
    ...(source.log ? { logMessage: source.log.text } : {}),
  };
}

function maxText(max: number): string {
  return Number.isFinite(max) ? String(max) : '*';
}

function writeTarget(target: Target, simple: boolean, version: Version): WrittenTarget {
  const { context, path, share } = target;
  const variable = simple ? AUTO_VARIABLE : target.variable?.text;
  const modes = target.listModes.map(({ text }) => listModeOf(text, version));
  const isR4 = version === 'R4';
  return {
    ...(context ? { context: context.text, ...(isR4 ? { contextType: 'variable' as const } : {}) } : {}),
    ...(path.length > 0 ? { element: wordsText(path) } : {}),
    ...(variable === undefined ? {} : { variable }),
    ...listed('listMode', modes),
    ...(share ? { listRuleId: share.text } : {}),
    ...(simple ? { transform: 'create' as const } : writeTransform(target)),
  };
}

/** R5 calls single what R4 calls collate. */
function listModeOf(text: string, version: Version): 'first' | 'share' | 'last' | 'collate' {
  const renamed =
    version === 'R4' ? (text === 'single' ? 'collate' : text) : text === 'collate' ? 'single' : text;
  return renamed as 'first' | 'share' | 'last' | 'collate';
}

function writeTransform({ transform }: Target): Pick<WrittenTarget, 'transform' | 'parameter'> {
  if (!transform) return {};
  if (transform.kind === 'expression')
    return { transform: 'evaluate', parameter: [{ valueString: transform.text }] };
  if (transform.kind !== 'call') return { transform: 'copy', parameter: [writeParameter(transform, false)] };
  const name = transform.name.text;
  const parameters = transform.parameters.map((one, index) =>
    writeParameter(one, name === 'evaluate' && index === 1),
  );
  return { transform: name as NonNullable<WrittenTarget['transform']>, ...listed('parameter', parameters) };
}

function writeDependent({ name, parameters }: Invocation, version: Version): StructureMapGroupRuleDependent {
  const written =
    version === 'R4' && parameters.every(isVariable)
      ? listed('variable', parameters.map(variableOf))
      : listed(
          'parameter',
          parameters.map((one) => writeParameter(one, false)),
        );
  return { name: name.text, ...written } as StructureMapGroupRuleDependent; // R5 has no variable
}

function isVariable(argument: Argument): boolean {
  return argument.kind === 'path' && argument.words.length === 1;
}

function variableOf(argument: Argument): string {
  return argument.kind === 'path' ? wordsText(argument.words) : '';
}
