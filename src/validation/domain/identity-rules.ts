/** Turns a resource into the faults of its NHS numbers (hr-1) and SNOMED CT ids (hr-2), wherever they stand. */
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import {
  NHS_NUMBER_SYSTEM,
  parseNhsNumber,
  SNOMED_SYSTEM,
  type SnomedFault,
  snomedFault,
} from '../../fhir/identifiers.ts';
import { issueOf } from '../../fhir/outcome.ts';
import { isNhsNumberSystem } from '../../fhir/verified-number.ts';

/** Ways in which the system of NHS numbers is miswritten in the field; all mean the same. */
const NHS_NUMBER_LIKE =
  /^(?:https?:\/\/(?:www\.)?fhir\.nhs\.(?:uk|net)\/id\/nhs-?number\/?|urn:oid:2\.16\.840\.1\.113883\.2\.1\.4\.1)$/i;
const SNOMED_LIKE =
  /^(?:https?:\/\/(?:www\.)?snomed\.info\/(?:sct|id)\/?|urn:oid:2\.16\.840\.1\.113883\.6\.96)$/i;

/** hr-1: an NHS number passes Modulus 11 and is not all one digit. */
export function checkNhsNumbers(resource: Resource): OperationOutcomeIssue[] {
  return checkSystems(resource, (system, { value }, path) => {
    if (!isNhsNumberSystem(system)) {
      if (!NHS_NUMBER_LIKE.test(system)) return undefined;
      return fault('hr-1', `${path()}.system`, `is not written as ${NHS_NUMBER_SYSTEM}: correct the map`);
    }
    if (typeof value !== 'string' || value === '')
      return fault(
        'hr-1',
        `${path()}.value`,
        'is missing: supply the NHS number, or leave the identifier out',
      );
    const digits = parseNhsNumber(value);
    if (digits === value) return undefined;
    return fault(
      'hr-1',
      `${path()}.value`,
      digits === undefined
        ? 'is no NHS number (ten digits, Modulus 11, not all the same): check it with the source'
        : 'has spaces or hyphens: write ten digits',
    );
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
  return checkSystems(resource, (system, { code }, path) => {
    if (system !== SNOMED_SYSTEM) {
      if (!SNOMED_LIKE.test(system)) return undefined;
      return fault('hr-2', `${path()}.system`, `is not written as ${SNOMED_SYSTEM}: correct the map`);
    }
    const found = typeof code === 'string' ? snomedFault(code) : undefined;
    return (
      found &&
      fault(
        'hr-2',
        `${path()}.code`,
        `${SNOMED_TEXT[found]}: correct the code in the source or the ConceptMap`,
      )
    );
  });
}

/** @param path FHIRPath of the node, written only when asked for: hardly any node is at fault */
type SystemCheck = (
  system: string,
  node: Readonly<Record<string, unknown>>,
  path: () => string,
) => OperationOutcomeIssue | undefined;

/** Asks of every identifier, coding and quantity: the objects that have a `system`. Places are followed only where one is at fault. */
function checkSystems(resource: Resource, check: SystemCheck): OperationOutcomeIssue[] {
  const isFaulty = systemsIn(resource).some((node) => check(node.system, node, () => '') !== undefined);
  return isFaulty ? faultsOfSystems(resource, check) : [];
}

type SystemNode = Readonly<Record<string, unknown>> & { readonly system: string };

/** @returns the objects within a value that have a `system` */
function systemsIn(value: object, found: SystemNode[] = []): SystemNode[] {
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && item !== null) systemsIn(item, found);
    return found;
  }
  const node = value as Readonly<Record<string, unknown>>;
  if (typeof node.system === 'string') found.push(node as SystemNode);
  for (const key in node) {
    const member = node[key];
    if (typeof member === 'object' && member !== null) systemsIn(member, found);
  }
  return found;
}

function faultsOfSystems(resource: Resource, check: SystemCheck): OperationOutcomeIssue[] {
  const issues: OperationOutcomeIssue[] = [];
  const keys: string[] = [];
  // no element's name is a number: such a key is a place in a list
  const path = (): string =>
    keys.reduce((text, key) => text + (/^\d/.test(key) ? `[${key}]` : `.${key}`), resource.resourceType);
  const visit = (value: object): void => {
    if (Array.isArray(value)) {
      for (let at = 0; at < value.length; at++) enter(String(at), value[at]);
      return;
    }
    const node = value as Readonly<Record<string, unknown>>;
    const issue = typeof node.system === 'string' ? check(node.system, node, path) : undefined;
    if (issue) issues.push(issue);
    for (const key of Object.keys(node)) enter(key, node[key]);
  };
  const enter = (key: string, member: unknown): void => {
    if (typeof member !== 'object' || member === null) return;
    keys.push(key);
    visit(member);
    keys.pop();
  };
  visit(resource);
  return issues;
}

function fault(rule: string, path: string, text: string): OperationOutcomeIssue {
  return issueOf({ code: 'value', rule, diagnostics: `${path} ${text}.`, expression: path });
}
