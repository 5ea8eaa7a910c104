/** The table of how shared resources are merged: which types, and what makes two items of a list the same. */

/** Types that several source records speak of; each keeps what every record said of it. */
export const SHARED_TYPES: ReadonlySet<string> = new Set([
  'Patient',
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'HealthcareService',
  'Location',
  'RelatedPerson',
  'EpisodeOfCare',
  'Task',
  'ServiceRequest',
  'CarePlan',
  'Goal',
  'Consent',
]);

/**
 * How a list is merged; a list not named here is taken whole from the latest contribution that has it,
 * as reasons and categories are: a corrected need must not stay beside its correction.
 * - `by`: items are grouped by these members; the latest contribution that has a group gives it.
 *   `join` says when a group of one and one is the same thing said twice, whose parts are merged.
 * - `union`: every item once, in the order first said: what happened or was noted is never unsaid.
 */
export type ListRule =
  | { readonly kind: 'by'; readonly members: readonly string[]; readonly join: ListJoin }
  | { readonly kind: 'union' };

/** `agree`: what both have is equal. `same`: both have this member, and it is equal. */
export type ListJoin = 'never' | 'always' | 'agree' | { readonly same: string };

const UNION: ListRule = { kind: 'union' };

/** By name of the element, at any depth outside of values that are taken whole. */
export const LIST_RULES: Readonly<Record<string, ListRule>> = {
  // one number of each system; the same number said again keeps its verification
  identifier: { kind: 'by', members: ['system'], join: { same: 'value' } },
  telecom: { kind: 'by', members: ['system', 'use'], join: { same: 'value' } },
  name: { kind: 'by', members: ['use'], join: 'always' },
  // parts of two addresses are never mixed: one that disagrees anywhere is another place
  address: { kind: 'by', members: ['use'], join: 'agree' },
  extension: { kind: 'by', members: ['url'], join: 'never' },
  modifierExtension: { kind: 'by', members: ['url'], join: 'never' },
  contained: { kind: 'by', members: ['id'], join: 'never' },
  profile: UNION,
  tag: UNION,
  security: UNION,
  note: UNION,
  input: UNION,
  output: UNION,
  statusHistory: UNION,
  relevantHistory: UNION,
  activity: UNION,
  goal: UNION,
  addresses: UNION,
  qualification: UNION,
  verification: UNION,
};

/** Objects whose parts say independent things and are merged; every other object (a code, a reference, an amount) is one value. */
export const MERGED_OBJECTS: ReadonlySet<string> = new Set([
  'meta',
  'period',
  'executionPeriod',
  'occurrencePeriod',
  'restriction',
  'provision',
  'position',
]);

/** Elements of which a resource has one form at a time: a later form takes the place of an earlier one. */
export const CHOICES: Readonly<Record<string, readonly string[]>> = {
  Patient: ['deceased', 'multipleBirth'],
  ServiceRequest: ['quantity', 'occurrence', 'asNeeded'],
  Consent: ['source'],
  Goal: ['start'],
  Observation: ['value', 'effective'],
  Condition: ['onset', 'abatement'],
  Procedure: ['performed'],
};
