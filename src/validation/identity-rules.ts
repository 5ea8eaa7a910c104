/** Turns a resource into the faults of its NHS numbers (hr-1) and SNOMED CT ids (hr-2), wherever they stand. */
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import {
  NHS_NUMBER_SYSTEM,
  parseNhsNumber,
  SNOMED_SYSTEM,
  type SnomedFault,
  snomedFault,
} from '../fhir/identifiers.ts';
import { issueOf } from '../fhir/outcome.ts';

/** Ways in which the system of NHS numbers is miswritten in the field; all mean the same. */
const NHS_NUMBER_LIKE =
  /^(?:https?:\/\/(?:www\.)?fhir\.nhs\.(?:uk|net)\/id\/nhs-?number\/?|urn:oid:2\.16\.840\.1\.113883\.2\.1\.4\.1)$/i;
const SNOMED_LIKE =
  /^(?:https?:\/\/(?:www\.)?snomed\.info\/(?:sct|id)\/?|urn:oid:2\.16\.840\.1\.113883\.6\.96)$/i;

/** hr-1: an NHS number passes Modulus 11 and is not all one digit. */
export function checkNhsNumbers(resource: Resource): OperationOutcomeIssue[] {
  return withSystem(resource).flatMap(({ system, node, path }) => {
    if (system !== NHS_NUMBER_SYSTEM) {
      if (!NHS_NUMBER_LIKE.test(system)) return [];
      return [fault('hr-1', `${path}.system`, `is not written as ${NHS_NUMBER_SYSTEM}: correct the map`)];
    }
    const { value } = node;
    if (typeof value !== 'string' || value === '')
      return [
        fault('hr-1', `${path}.value`, 'is missing: supply the NHS number, or leave the identifier out'),
      ];
    const digits = parseNhsNumber(value);
    if (digits === undefined)
      return [
        fault(
          'hr-1',
          `${path}.value`,
          'is no NHS number (ten digits, Modulus 11, not all the same): check it with the source',
        ),
      ];
    return digits === value
      ? []
      : [fault('hr-1', `${path}.value`, 'has spaces or hyphens: write ten digits')];
  });
}

const SNOMED_TEXT: Readonly<Record<SnomedFault, string>> = {
  form: 'is no SNOMED CT id (6 to 18 digits)',
  partition: 'is no id of a SNOMED CT concept, but of a description or relationship',
  'check-digit': 'is no SNOMED CT id: its check digit is wrong',
  'us-extension': 'is an id of the SNOMED CT US extension, which UK data does not use',
};

/** hr-2: a SNOMED CT id passes Verhoeff, is a concept, and is not of the US extension. */
export function checkSnomedIds(resource: Resource): OperationOutcomeIssue[] {
  return withSystem(resource).flatMap(({ system, node, path }) => {
    if (system !== SNOMED_SYSTEM) {
      if (!SNOMED_LIKE.test(system)) return [];
      return [fault('hr-2', `${path}.system`, `is not written as ${SNOMED_SYSTEM}: correct the map`)];
    }
    if (typeof node.code !== 'string') return [];
    const found = snomedFault(node.code);
    return found
      ? [
          fault(
            'hr-2',
            `${path}.code`,
            `${SNOMED_TEXT[found]}: correct the code in the source or the ConceptMap`,
          ),
        ]
      : [];
  });
}

interface SystemNode {
  readonly system: string;
  readonly node: Readonly<Record<string, unknown>>;
  readonly path: string;
}

/** Every identifier, coding and quantity that could be at fault: objects whose `system` is of the kind asked for. */
function withSystem(resource: Resource, isMeant: (system: string) => boolean): SystemNode[] {
  const found: SystemNode[] = [];
  collect(resource, [resource.resourceType], isMeant, found);
  return found;
}

/** @param steps the way to `value`: a path is only written where something is found */
function collect(
  value: object,
  steps: string[],
  isMeant: (system: string) => boolean,
  found: SystemNode[],
): void {
  const node = value as Readonly<Record<string, unknown>>;
  if (typeof node.system === 'string' && isMeant(node.system))
    found.push({ system: node.system, node, path: steps.join('') });
  const isList = Array.isArray(value);
  for (const key in node) {
    const member = node[key];
    if (typeof member !== 'object' || member === null) continue;
    steps.push(isList ? `[${key}]` : `.${key}`);
    collect(member, steps, isMeant, found);
    steps.pop();
  }
}

function fault(rule: string, path: string, text: string): OperationOutcomeIssue {
  return issueOf({ code: 'value', rule, diagnostics: `${path} ${text}.`, expression: path });
}
