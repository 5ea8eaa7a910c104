/** Turns base R4's definitions into a validator: our own element checks, then structure and invariants by @medplum/core. */
import { isDataTypeLoaded, loadDataType, OperationOutcomeError, validateResource } from '@medplum/core';
import type { OperationOutcomeIssue, Resource, StructureDefinition } from '@medplum/fhirtypes';
import { Definitions, loadBaseDefinitions } from '../fhir/definitions.ts';
import { issueOf, ruleOf } from '../fhir/outcome.ts';
import { requiredCodeLists } from './code-lists.ts';
import { checkElements, type Tables } from './element-checks.ts';
import { translateIssue } from './medplum-issues.ts';
import type { Validator } from './validator.ts';

/** StructureDefinitions that @medplum/core's global index holds: indexing one again would cost and change nothing. */
const indexed = new WeakSet<StructureDefinition>();

/**
 * Creates a validator for base R4.
 * @param options.definitions base StructureDefinitions with snapshots; logical models and profiles among them are passed over.
 * Default: those of `loadBaseDefinitions`
 * @returns a validator whose issues carry rule ids `base-…`, or `base-<key>` for an invariant (`base-pat-1`)
 */
export function createBaseValidator(
  options: { readonly definitions?: Iterable<StructureDefinition> } = {},
): Validator {
  const base = [...(options.definitions ?? loadBaseDefinitions().structureDefinitions())].filter(
    ({ kind, derivation }) => kind !== 'logical' && derivation !== 'constraint',
  );
  const definitions = new Definitions();
  for (const definition of base) {
    definitions.add(definition);
    if (indexed.has(definition)) continue;
    loadDataType(definition);
    indexed.add(definition);
  }
  const tables: Tables = { definitions, codes: requiredCodeLists(base) };
  return { validate: (resource) => validate(tables, resource) };
}

function validate(tables: Tables, resource: Resource): OperationOutcomeIssue[] {
  const type: unknown = (resource as Partial<Resource> | null)?.resourceType;
  if (typeof type !== 'string' || !isResource(tables, type)) return [unknownType()];
  const own = checkElements(tables, resource as unknown as Readonly<Record<string, unknown>>);
  if (own.some((issue) => ruleOf(issue) === 'base-depth')) return own; // what follows recurses without end
  const reported = own.flatMap((issue) => issue.expression ?? []);
  const further = structureIssues(resource, own.length > 0).filter(
    ({ expression: [path = ''] = [] }) => !reported.some((one) => isSameFault(one, path)),
  );
  return further.length === 0 ? own : [...own, ...further];
}

function isResource({ definitions }: Tables, type: string): boolean {
  const definition = definitions.type(type);
  return definition?.kind === 'resource' && !definition.abstract && isDataTypeLoaded(type);
}

/** @param faulty the resource is known to be malformed, and then @medplum/core may stumble over it */
function structureIssues(resource: Resource, faulty: boolean): OperationOutcomeIssue[] {
  try {
    return validateResource(resource).flatMap(translateIssue);
  } catch (thrown) {
    if (thrown instanceof OperationOutcomeError) return (thrown.outcome.issue ?? []).flatMap(translateIssue);
    if (faulty) return [];
    throw thrown;
  }
}

/** Same element, or below it; @medplum/core leaves out indices here, the type of a choice there, and at times the whole path. */
function isSameFault(reported: string, path: string): boolean {
  if (path === '') return true;
  const one = path.includes('[') ? reported : reported.replaceAll(/\[\d+\]/g, '');
  if (!one.startsWith(path)) return path.startsWith(`${reported}.`) || path.startsWith(`${reported}[`);
  return one.length === path.length || /^[A-Z]/.test(one.slice(path.length));
}

function unknownType(): OperationOutcomeIssue {
  return issueOf({
    code: 'structure',
    rule: 'base-unknown-type',
    diagnostics: 'resourceType names no R4 resource type that is known here: write one, for example Patient.',
    expression: 'resourceType',
  });
}
