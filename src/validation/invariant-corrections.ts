/** Invariants of the published R4 definitions that are faulty as they stand, by key and expression, each with what it ought to say. */

export interface Correction {
  readonly key: string;
  readonly published: string;
  readonly corrected: string;
  readonly reason: string;
}

const NAMED = "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')";
const UNEQUAL_PRECISION =
  'times of unequal precision overlap, which gives no answer, and no answer is not met: a year and a month of it would be refused';

const ofName = (key: string): Correction => ({
  key,
  published: NAMED,
  corrected: `name.exists() implies ${NAMED}`,
  reason: 'the name is optional there, and the rule is about how it is written',
});

const ofScope = (key: string, code: string): Correction => ({
  key,
  published: `patient.exists() or scope.coding.where(system='something' and code='${code}').exists().not()`,
  corrected: `patient.exists() or scope.coding.where(system='http://terminology.hl7.org/CodeSystem/consentscope' and code='${code}').exists().not()`,
  reason: 'no coding has the system "something": as published it never fails',
});

export const CORRECTIONS: readonly Correction[] = [
  {
    key: 'ref-1',
    published:
      "reference.startsWith('#').not() or (reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))",
    corrected:
      "reference.exists() implies (reference.startsWith('#').not() or reference = '#' or reference.substring(1) in %rootResource.contained.id)",
    reason:
      'a reference by identifier or display only would be refused, and so would "#", which is the container',
  },
  {
    key: 'dom-3',
    published:
      "contained.where((('#'+id in (%resource.descendants().reference | %resource.descendants().as(canonical) | %resource.descendants().as(uri) | %resource.descendants().as(url))) or descendants().where(reference = '#').exists() or descendants().where(as(canonical) = '#').exists() or descendants().where(as(canonical) = '#').exists()).not()).trace('unmatched', id).empty()",
    corrected:
      "contained.where(descendants().where(reference = '#' or as(canonical) = '#').exists().not()).select('#' + id).exclude(%resource.descendants().reference | %resource.descendants().as(canonical) | %resource.descendants().as(uri) | %resource.descendants().as(url)).empty()",
    reason:
      'it says the same, and gathers what is referred to once: as published each contained resource does, and hundreds take longer than may be',
  },
  {
    key: 'per-1',
    published: 'start.hasValue().not() or end.hasValue().not() or (start <= end)',
    corrected: 'start.hasValue().not() or end.hasValue().not() or (start <= end) or (start > end).empty()',
    reason: UNEQUAL_PRECISION,
  },
  {
    key: 'inv-1',
    published: 'lastModified.exists().not() or authoredOn.exists().not() or lastModified >= authoredOn',
    corrected:
      'lastModified.exists().not() or authoredOn.exists().not() or lastModified >= authoredOn or (lastModified < authoredOn).empty()',
    reason: UNEQUAL_PRECISION,
  },
  {
    key: 'mdd-1',
    published: 'whenHandedOver.empty() or whenPrepared.empty() or whenHandedOver >= whenPrepared',
    corrected:
      'whenHandedOver.empty() or whenPrepared.empty() or whenHandedOver >= whenPrepared or (whenHandedOver < whenPrepared).empty()',
    reason: UNEQUAL_PRECISION,
  },
  {
    key: 'rng-2',
    published: 'low.empty() or high.empty() or (low <= high)',
    corrected: 'low.value.empty() or high.value.empty() or (low <= high) or (low > high).empty()',
    reason: 'a quantity without a value, and quantities whose units have no order, are not out of order',
  },
  {
    key: 'que-7',
    published: "operator = 'exists' implies (answer is Boolean)",
    corrected: "operator = 'exists' implies (answer is boolean)",
    reason: 'Boolean is the type of FHIRPath; the answer is of the FHIR type boolean',
  },
  {
    key: 'md-1',
    published: "max='*' or (max.toInteger() > 0)",
    corrected: "max.empty() or max='*' or (max.toInteger() > 0)",
    reason: 'max is optional',
  },
  {
    key: 'vs-1',
    published: '($this as dateTime).toString().length() >= 8',
    corrected: '($this is dateTime and hasValue()) implies $this.toString().length() >= 8',
    reason: 'a Period, and a time that has extensions only, would be refused',
  },
  {
    key: 'ras-1',
    published:
      "(low.empty() or ((low.code = '%') and (low.system = %ucum))) and (high.empty() or ((high.code = '%') and (high.system = %ucum)))",
    corrected:
      "ofType(Range).all((low.empty() or ((low.code = '%') and (low.system = %ucum))) and (high.empty() or ((high.code = '%') and (high.system = %ucum))))",
    reason: 'the element may be a decimal, which has neither low nor high',
  },
  {
    key: 'cid-0',
    published: NAMED,
    corrected: 'true',
    reason: 'ChargeItemDefinition has no name in R4: there is nothing to check',
  },
  {
    key: 'inv-1',
    published: 'substanceExposureRisk.exists() and code.empty()',
    corrected: '%resource.code.empty()',
    reason:
      'it is stated on an Extension, which has neither element; the rule is about the AllergyIntolerance around it',
  },
  ofScope('ppc-2', 'patient-privacy'),
  ofScope('ppc-3', 'research'),
  ofScope('ppc-4', 'adr'),
  ofScope('ppc-5', 'treatment'),
  ...[
    'adf-0',
    'cpb-0',
    'csd-0',
    'cmd-0',
    'ees-0',
    'evd-0',
    'evi-0',
    'evv-0',
    'esc-0',
    'lib-0',
    'mea-0',
    'msd-0',
    'pdf-0',
    'que-0',
    'rsd-0',
    'red-0',
    'rvs-0',
    'tcp-0',
    'vsd-0',
    'inv-0',
  ].map(ofName),
];
