/** Explains what is stated on a sound value: fixed values, patterns, ranges, bindings, references, invariants. */
import { boundOf, pendingOf } from '../bindings.ts';
import type { Explaining } from '../checking.ts';
import type { ElementRules, TypeRules } from '../element-rules.ts';
import { fits, isSame } from '../likeness.ts';
import type { Owner } from '../members.ts';
import { isInRange } from '../ranges.ts';
import { targetFault, targetTypes } from '../references.ts';
import { running } from '../run.ts';
import { type StatedOn, statedOn } from '../stated.ts';
import { codesOf } from '../terms.ts';
import type { Place } from './faults.ts';

/** What a value is held against. */
interface Stated {
  readonly rules: ElementRules;
  readonly type: TypeRules;
  readonly owner?: Owner | undefined;
}

export function explainStated(
  explainer: Explaining,
  value: unknown,
  stated: Stated,
  at: Place,
  beside?: unknown,
): void {
  const { rules, type, owner } = stated;
  explainValues(explainer, value, rules, at);
  explainBinding(explainer, value, rules, at);
  if (type.targets.length > 0 && type.code === 'Reference') {
    const fault = targetFault(value, targetTypes(type.targets, explainer.checks.books), explainer.checks);
    if (fault) explainer.faults.add(at.below('reference'), fault.rule, fault.text, { code: 'value' });
  }
  explainInvariants(explainer, value, statedOn(rules, type, owner), at, beside);
}

function explainValues({ faults }: Explaining, value: unknown, rules: ElementRules, at: Place): void {
  const { fixed, pattern, minValue, maxValue, maxLength } = rules;
  if (fixed !== undefined && !isSame(value, fixed))
    faults.add(at, 'fixed', `must be exactly ${JSON.stringify(fixed)}`, { code: 'value' });
  if (pattern !== undefined && !fits(value, pattern))
    faults.add(at, 'pattern', `must hold at least ${JSON.stringify(pattern)}`, { code: 'value' });
  if (isInRange(value, { minValue, maxValue, maxLength })) return;
  const bounds = [
    minValue !== undefined && `at least ${JSON.stringify(minValue)}`,
    maxValue !== undefined && `at most ${JSON.stringify(maxValue)}`,
    maxLength !== undefined && `at most ${maxLength} characters long`,
  ].filter(Boolean);
  faults.add(at, 'range', `must be ${bounds.join(' and ')}`, { code: 'value' });
}

const SEVERITY = { required: 'error', extensible: 'warning', preferred: 'information' } as const;

/** Codes that are named in a message, at most. */
const MOST_NAMED = 20;

function explainBinding(
  { faults, checks }: Explaining,
  value: unknown,
  { binding, path }: ElementRules,
  at: Place,
): void {
  if (!binding || binding.strength === 'example' || at.leavesBindings || value === undefined) return;
  const { strength, valueSet } = binding;
  const codes = codesOf(value);
  const bound = boundOf(checks.terms, codes, { ...binding, path });
  if (bound === 'fine') return;
  const { some, unknownBecause = 'the value set is not here whole' } = checks.terms.codes(valueSet);
  const names = [...new Set(some?.map(({ code }) => code))];
  const isShort = names.length > 0 && names.length <= MOST_NAMED;
  const listed = isShort ? `: write one of ${names.join(', ')}` : '';
  if (bound === 'unknown') {
    if (strength !== 'preferred')
      running().pending.push(pendingOf(checks.terms, codes, { ...binding, path }, at.expression));
    return faults.add(
      at,
      'terminology-not-checked',
      `was not held against ${valueSet} (${strength}): ${unknownBecause}`,
      {
        severity: 'information',
        code: 'informational',
      },
    );
  }
  if (bound === 'uncoded')
    return faults.add(
      at,
      'code',
      `has no code, and one of the required value set ${valueSet} must be there${listed}`,
      { code: 'code-invalid' },
    );
  const words = {
    required: `is no code of its required value set ${valueSet}${listed}`,
    extensible: `is no code of ${valueSet}, which must be used where it has one that fits${listed}`,
    preferred: `is no code of the preferred value set ${valueSet}${listed}`,
  }[strength];
  const severity = bound === 'other' ? 'information' : SEVERITY[strength];
  faults.add(at, 'code', words, { severity, code: 'code-invalid' });
}

function explainInvariants(
  { faults, checks }: Explaining,
  value: unknown,
  stated: StatedOn | undefined,
  at: Place,
  beside: unknown,
): void {
  if (!stated) return;
  for (const rule of checks.rules(stated)) {
    if (rule.holds(value, beside)) continue;
    const { key, severity, human, expression } = rule.constraint;
    faults.add(at, `invariant-${key}`, `breaks ${key}: ${human.replace(/\.$/, '')} (${expression})`, {
      severity,
      code: 'invariant',
    });
  }
}
