/** Turns a referral's resources into what can be asked of them: by reference, by type, by what they are based on. */

import type {
  Organization,
  Patient,
  Practitioner,
  PractitionerRole,
  Reference,
  Resource,
  ResourceType,
} from '@medplum/fhirtypes';
import { ODS_CODE_SYSTEM } from '../../fhir/identifiers.ts';
import { isInError } from '../../fhir/in-error.ts';
import type { Party } from './content.ts';
import { type Displays, nameIn, nameOfConcept } from './words.ts';

type Typed<Type extends ResourceType> = Extract<Resource, { resourceType: Type }>;

/** Resources by key; what was entered in error is not among them. */
export interface Gathered {
  of<Type extends ResourceType>(type: Type): readonly Typed<Type>[];
  at(reference: Reference | undefined): Resource | undefined;
}

/** @param resources each once, under ids of ours */
export function gatheredOf(resources: readonly Resource[]): Gathered {
  // in one order, however they were read: the same document is made of them
  const counting = resources
    .filter((resource) => !isInError(resource))
    .toSorted((a, b) => (`${a.resourceType}/${a.id}` < `${b.resourceType}/${b.id}` ? -1 : 1));
  const byKey = new Map(counting.map((one) => [`${one.resourceType}/${one.id}`, one]));
  return {
    of: (type) => counting.filter((one): one is Typed<typeof type> => one.resourceType === type),
    at: (reference) => byKey.get(reference?.reference ?? ''),
  };
}

/** @returns ODS code of an organisation */
export function odsOf(organization: Organization | undefined): string | undefined {
  return organization?.identifier?.find(({ system }) => system === ODS_CODE_SYSTEM)?.value;
}

/** @returns the organisation that a reference leads to, directly or by a role */
export function organizationOf(
  gathered: Gathered,
  reference: Reference | undefined,
): Organization | undefined {
  const found = gathered.at(reference);
  if (found?.resourceType === 'Organization') return found;
  if (found?.resourceType === 'PractitionerRole') return organizationOf(gathered, found.organization);
  if (found?.resourceType === 'HealthcareService') return organizationOf(gathered, found.providedBy);
  return undefined;
}

/** @returns who a reference leads to, as far as it says; an empty party where nothing does */
export function partyOf(gathered: Gathered, reference: Reference | undefined, displays: Displays): Party {
  const found = gathered.at(reference);
  if (found === undefined) return { ...(reference?.display ? { name: reference.display } : {}) };
  switch (found.resourceType) {
    case 'PractitionerRole':
      return ofRole(gathered, found, displays);
    case 'Practitioner':
      return trimmed({ name: nameIn(found.name), ...reached(found) });
    case 'Organization':
      return ofOrganization(found);
    case 'RelatedPerson':
      return trimmed({
        name: nameIn(found.name),
        role: nameOfConcept(found.relationship?.[0], displays) ?? 'A relative or friend',
      });
    case 'Patient':
      return { role: 'The person' };
    default:
      return {};
  }
}

function ofRole(gathered: Gathered, role: PractitionerRole, displays: Displays): Party {
  const practitioner = gathered.at(role.practitioner) as Practitioner | undefined;
  const organization = organizationOf(gathered, role.organization);
  return trimmed({
    ...(organization ? ofOrganization(organization) : {}),
    name: nameIn(practitioner?.name) ?? role.practitioner?.display,
    role: nameOfConcept(role.code?.[0], displays),
    ...reached(practitioner ?? {}),
    ...reached(role),
  });
}

function ofOrganization(organization: Organization): Party {
  return trimmed({
    organisation: organization.name,
    odsCode: odsOf(organization),
    ...reached(organization),
  });
}

function reached({ telecom = [] }: Pick<PractitionerRole, 'telecom'>): Party {
  const by = (system: string): string | undefined => telecom.find((one) => one.system === system)?.value;
  return trimmed({ phone: by('phone'), email: by('email') });
}

function trimmed(party: { readonly [Key in keyof Party]: Party[Key] | undefined }): Party {
  return Object.fromEntries(Object.entries(party).filter(([, value]) => value !== undefined)) as Party;
}

/** @returns the practice of a person */
export function practiceOf(gathered: Gathered, patient: Patient | undefined): Organization | undefined {
  for (const reference of patient?.generalPractitioner ?? []) {
    const found = organizationOf(gathered, reference);
    if (found) return found;
  }
  return undefined;
}
