/** Turns a data type's value into the invariant of that type it breaks, where @medplum/core does not look: it checks elements only. */
import { isBefore } from '../referral/fhir-time.ts';

type Json = Readonly<Record<string, unknown>>;

export interface TypeFault {
  /** `base-` and the invariant's key */
  readonly rule: string;
  readonly text: string;
}

interface TypeRule extends TypeFault {
  readonly holds: (value: Json) => boolean;
}

const QUANTITY: TypeRule = {
  rule: 'base-qty-3',
  text: 'has a unit’s code but not its system: supply the system, for example http://unitsofmeasure.org',
  holds: ({ code, system }) => code === undefined || system !== undefined,
};

/** @source hl7.org/fhir/R4/datatypes.html, constraints of each type */
const RULES: ReadonlyMap<string, TypeRule> = new Map([
  [
    'Period',
    {
      rule: 'base-per-1',
      text: 'ends before it starts: correct one of the two',
      holds: ({ start, end }) =>
        typeof start !== 'string' || typeof end !== 'string' || !isBefore(end, start),
    },
  ],
  [
    'ContactPoint',
    {
      rule: 'base-cpt-2',
      text: 'has a value but no system: say whether it is phone, email or another',
      holds: ({ value, system }) => value === undefined || system !== undefined,
    },
  ],
  [
    'Attachment',
    {
      rule: 'base-att-1',
      text: 'has data but no content type: supply contentType',
      holds: ({ data, contentType }) => data === undefined || contentType !== undefined,
    },
  ],
  ...['Quantity', 'Age', 'Count', 'Distance', 'Duration'].map((type) => [type, QUANTITY] as const),
]);

/** @returns the invariant that the value of the type breaks, if any */
export function typeFault(type: string, value: Json): TypeFault | undefined {
  const rule = RULES.get(type);
  return rule === undefined || rule.holds(value) ? undefined : rule;
}
