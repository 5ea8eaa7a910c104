/** Rules of single types that neither structure nor FHIRPath says. */

import { narrativeFaults } from '../fhirpath/narrative.ts';
import { bundleFaults } from './bundle/bundle-rules.ts';
import { isConditional, strayFaults } from './bundle/references.ts';
import type { Checking } from './checking.ts';
import { containedFaults } from './contained.ts';
import { LONGEST_TEXT } from './primitive-formats.ts';
import { questionnaireFaults } from './questionnaire/definition-rules.ts';
import { questionnaireResponseFaults } from './questionnaire/response-rules.ts';
import { contradiction, formFault } from './references.ts';
import type { Json } from './run.ts';
import { NO_FAULTS, type SpecialFault } from './special-fault.ts';

/** What is looked for in the values of a type. */
const RULES: Readonly<Record<string, (value: Json, checks: Checking) => readonly SpecialFault[]>> = {
  Extension: (value) => (hasValueOrParts(value) ? NO_FAULTS : [EXTENSION]),
  Reference: referenceFaults,
  Coding: (value, checks) => (isCodeKnown(value, checks) ? NO_FAULTS : [UNKNOWN_CODE]),
  Narrative: divFaults,
  Bundle: bundleFaults,
  Questionnaire: questionnaireFaults,
  QuestionnaireResponse: questionnaireResponseFaults,
};

const EXTENSION: SpecialFault = {
  rule: 'invariant-ext-1',
  text: 'must have a value or extensions of its own, and not both',
};

const UNKNOWN_CODE: SpecialFault = {
  rule: 'terminology-unknown-code',
  text: 'is no code of its system, which is known here whole: correct the code or the system',
  element: 'code',
  severity: 'warning',
};

/** @returns faults of a value of the type; its structure may be at fault */
export function specialFaults(type: string, value: unknown, checks: Checking): readonly SpecialFault[] {
  const faults = RULES[type]?.(value as Json, checks) ?? NO_FAULTS;
  const contained = containedFaults(value as Json);
  return contained.length === 0 ? faults : [...faults, ...contained];
}

/** @returns the compiled check of a type's own rules */
export function specialTest(type: string, checks: Checking): (value: unknown) => boolean {
  const rule = RULES[type] ?? (() => NO_FAULTS);
  return (value) => {
    if (typeof value !== 'object' || value === null) return true;
    return rule(value as Json, checks).every(isNoFault) && containedFaults(value as Json).length === 0;
  };
}

function isNoFault({ severity }: SpecialFault): boolean {
  return severity === 'information';
}

function referenceFaults(value: Json, checks: Checking): readonly SpecialFault[] {
  const { reference } = value;
  const fault =
    typeof reference === 'string' && isConditional(reference) ? undefined : formFault(value, checks);
  if (fault) return [{ ...fault, element: 'reference' }];
  const contradicted = contradiction(value, checks);
  if (contradicted) return [{ ...contradicted, element: 'type' }];
  return typeof reference === 'string' ? strayFaults(reference) : NO_FAULTS;
}

/** That the div is no text, or a blank one, is said by its type. */
function divFaults({ div }: Json): readonly SpecialFault[] {
  if (typeof div !== 'string' || div.length > LONGEST_TEXT || div.trim() === '') return NO_FAULTS;
  const faults = narrativeFaults(div);
  if (faults.length === 0) return NO_FAULTS;
  return faults.map(({ rule, text }): SpecialFault => {
    if (rule === 'namespace')
      return { rule: 'fhir-narrative-namespace', element: 'div', text, code: 'structure' };
    return {
      rule: `invariant-${rule}`,
      element: 'div',
      text: `breaks ${rule}: it ${text}`,
      code: 'invariant',
    };
  });
}

/** ext-1, and that an extension with neither says nothing. */
function hasValueOrParts(value: Json): boolean {
  let has = false;
  for (const key in value) if (/^_?value[A-Z]/.test(key) && value[key] !== undefined) has = true;
  return has !== (Array.isArray(value.extension) && value.extension.length > 0);
}

function isCodeKnown({ system, code }: Json, { terms }: Checking): boolean {
  return typeof system !== 'string' || typeof code !== 'string' || terms.isKnown({ system, code });
}
