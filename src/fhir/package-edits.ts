/** Takes back what the package of base R4 added to definitions: their differentials are as HL7 publishes them, their snapshots are not. */
import type { Resource, StructureDefinition } from '@medplum/fhirtypes';

/**
 * Types with elements, types or bindings that R4 does not have, such as `Meta.project`. EvidenceVariable and SubscriptionStatus
 * are of R5 as a whole there and stay so.
 */
const EDITED: ReadonlySet<string> = new Set([
  'AuditEvent',
  'Binary',
  'Bundle',
  'DetectedIssue',
  'DeviceDefinition',
  'HealthcareService',
  'MeasureReport',
  'Meta',
  'ObservationDefinition',
  'ResearchStudy',
]);

/** Elements that types inherit: no differential repeats them. */
const INHERITED: ReadonlySet<string> = new Set([
  'id',
  'meta',
  'implicitRules',
  'language',
  'text',
  'contained',
  'extension',
  'modifierExtension',
]);

/** @returns the definition as HL7 publishes it; others as they are */
export function asPublished(resource: Resource): Resource {
  const isEdited =
    resource.resourceType === 'StructureDefinition' &&
    resource.derivation === 'specialization' &&
    EDITED.has(resource.name);
  return isEdited ? withoutEdits(resource) : resource;
}

function withoutEdits(definition: StructureDefinition): StructureDefinition {
  const stated = new Map((definition.differential?.element ?? []).map((one) => [one.id, one]));
  const element = (definition.snapshot?.element ?? []).flatMap((one) => {
    const own = stated.get(one.id);
    if (own)
      return [{ ...one, ...(own.type && { type: own.type }), ...(own.binding && { binding: own.binding }) }];
    const step = one.path?.split('.').at(-1) ?? '';
    return INHERITED.has(step) && stated.has(one.id?.slice(0, -step.length - 1)) ? [one] : [];
  });
  return { ...definition, snapshot: { ...definition.snapshot, element } };
}
