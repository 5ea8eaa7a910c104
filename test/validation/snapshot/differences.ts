/** Lists where a generated snapshot differs from the one published with base R4, each difference with its reason. */

const MEDPLUM = 'the package changes the snapshot and leaves the differential as HL7 publishes it';
const SIMPLE_QUANTITY =
  'the published snapshot copies what SimpleQuantity says; a generated one leaves that to the type’s profile';
const ONE_TYPE =
  'the published snapshot puts valueQuantity in place of value[x] here, and makes it a slice in every other profile; both allow a Quantity only';
const SYSTEM_TYPE = 'the base gives its value a FHIR type that this type’s differential does not repeat';

/** Differentials that are refused: the rules that each breaks, and why the finding is right. */
export const REFUSED: Readonly<Record<string, readonly [reason: string, ...rules: string[]]>> = {
  'familymemberhistory-genetic': [
    'its differential gives slice names to relationship, sex and condition, which are not sliced',
    'snapshot-slicing-missing',
  ],
  catalog: ['its differential gives a slice name to date, which is not sliced', 'snapshot-slicing-missing'],
  picoelement: [
    'the package has EvidenceVariable as of R5, and this profile as of R4',
    'snapshot-type',
    'snapshot-unknown-element',
  ],
  'codesystem-history': [
    'its differential forbids extensions of revision, and then slices them',
    'snapshot-cardinality',
  ],
  positiveInt: [
    'its differential writes the value as text, and its base integer as a number',
    'snapshot-type',
  ],
  unsignedInt: [
    'its differential writes the value as text, and its base integer as a number',
    'snapshot-type',
  ],
};

/** Differences of profiles and extensions by `definition element field`; of lists of elements by `definition ids`. */
export const PROFILE_DIFFERENCES: Readonly<Record<string, string>> = {
  'bp ids': ONE_TYPE,
  'bp Observation.component:SystolicBP.value[x] slicing': ONE_TYPE,
  'bp Observation.component:DiastolicBP.value[x] slicing': ONE_TYPE,
  'elementdefinition-de ids':
    'the published snapshot shows the content of two extensions that the differential does not go into',
  'clinicaldocument Composition.extension:versionNumber max':
    'the extension’s definition says that it appears once, and the differential says nothing else',
  'provenance-relevant-history Provenance.agent:Author.type binding':
    'the differential binds the type of every agent, and so that of the slice',
  'provenance-relevant-history Provenance.entity.agent contentReference':
    'the published contentReference names an element of the differential that is a slice; the base names the element',
  'cholesterol Observation.referenceRange.high constraint': SIMPLE_QUANTITY,
  'hdlcholesterol Observation.referenceRange.low constraint': SIMPLE_QUANTITY,
  'ldlcholesterol Observation.referenceRange.high constraint': SIMPLE_QUANTITY,
  'ehrsrle-auditevent AuditEvent.agent.who types': MEDPLUM,
};

/** Differences of resources and data types, by the same keys. */
export const TYPE_DIFFERENCES: Readonly<Record<string, string>> = {
  'EvidenceVariable ids': MEDPLUM,
  'EvidenceVariable EvidenceVariable.characteristic base': MEDPLUM,
  'EvidenceVariable EvidenceVariable.characteristic constraint': MEDPLUM,
  'EvidenceVariable EvidenceVariable.characteristic min': MEDPLUM,
  'EvidenceVariable EvidenceVariable.characteristic.description types': MEDPLUM,
  'SubscriptionStatus SubscriptionStatus.contained constraint': MEDPLUM,
  'SubscriptionStatus SubscriptionStatus.id types': MEDPLUM,
  'MetadataResource MetadataResource base': 'a root’s own cardinality binds nobody',
  'MetadataResource MetadataResource constraint': 'a resource is no element, and ele-1 is of elements',
  'canonical canonical.value types': SYSTEM_TYPE,
  'code code.value types': SYSTEM_TYPE,
  'id id.value types': SYSTEM_TYPE,
  'markdown markdown.value types': SYSTEM_TYPE,
  'oid oid.value types': SYSTEM_TYPE,
  'url url.value types': SYSTEM_TYPE,
  'uuid uuid.value types': SYSTEM_TYPE,
  'xhtml xhtml.id types': SYSTEM_TYPE,
  'code code.value fixed': 'the greatest length of a string holds for every string',
  'id id.value fixed': 'the greatest length of a string holds for every string',
  'markdown markdown.value fixed': 'the greatest length of a string holds for every string',
};
