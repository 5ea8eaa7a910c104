/** Turns an Organization and its OrganizationAffiliations, as the FHIR R4 interface of ODS gives them, into an organisation. */
import type { Bundle, Extension, Organization, OrganizationAffiliation } from '@medplum/fhirtypes';
import { ODS_CODE_SYSTEM } from '../../fhir/identifiers.ts';
import { type OdsCodes, type OdsLink, type OdsOrganisation, type OdsRole, odsCode } from './organisation.ts';

/** @source NHS England Implementation Guide, Extension-England-OrganisationRole and Extension-England-TypedPeriod */
const ROLE = 'https://fhir.nhs.uk/England/StructureDefinition/Extension-England-OrganisationRole';
const TYPED_PERIOD = 'https://fhir.nhs.uk/England/StructureDefinition/Extension-England-TypedPeriod';

/** @returns undefined where the bodies have not the form of an organisation and what it has to do with others */
export function readFhir(
  organization: unknown,
  affiliations: unknown,
  codes: OdsCodes,
): OdsOrganisation | undefined {
  const said = organization as Organization | undefined;
  const bundle = affiliations as Bundle | undefined;
  if (said?.resourceType !== 'Organization' || bundle?.resourceType !== 'Bundle') return undefined;
  const code = said.identifier?.find(({ system }) => system === ODS_CODE_SYSTEM)?.value;
  if (code === undefined || said.name === undefined) return undefined;
  const links = (bundle.entry ?? []).flatMap(({ resource }) =>
    resource?.resourceType === 'OrganizationAffiliation' ? [resource] : [],
  );
  const works = operational(said);
  return {
    code: odsCode(code),
    name: said.name,
    status: said.active === false ? 'inactive' : 'active',
    roles: (said.extension ?? []).filter(({ url }) => url === ROLE).flatMap(roleOf),
    successors: linksOf(links, codes.successor),
    predecessors: linksOf(links, codes.predecessor),
    pcn: linksOf(
      links.filter(({ active }) => active !== false),
      [codes.pcnRelationship],
    )[0]?.code,
    openedOn: works?.start?.slice(0, 10),
    closedOn: works?.end?.slice(0, 10),
    lastChange: said.meta?.lastUpdated?.slice(0, 10),
  };
}

function roleOf(role: Extension): OdsRole[] {
  const code = part(role, 'roleCode')?.valueCodeableConcept?.coding?.[0]?.code;
  if (code === undefined) return [];
  const isPrimary = part(role, 'primaryRole')?.valueBoolean === true;
  return [{ code, isPrimary, isActive: part(role, 'active')?.valueBoolean !== false }];
}

function operational({ extension }: Organization): { start?: string; end?: string } | undefined {
  const period = extension?.find(
    (one) => one.url === TYPED_PERIOD && part(one, 'dateType')?.valueCoding?.code === 'Operational',
  );
  return period && part(period, 'period')?.valuePeriod;
}

function part({ extension }: Extension, url: string): Extension | undefined {
  return extension?.find((one) => one.url === url);
}

/** @returns the other ends of affiliations with one of these codes */
function linksOf(links: readonly OrganizationAffiliation[], codes: readonly string[]): OdsLink[] {
  const wanted = new Set(codes.map((code) => code.toLowerCase()));
  return links
    .filter(({ code }) =>
      code?.some(({ coding }) => coding?.some((one) => wanted.has((one.code ?? '').toLowerCase()))),
    )
    .flatMap(({ participatingOrganization, period }) => {
      const code = participatingOrganization?.identifier?.value;
      return code === undefined ? [] : [{ code: odsCode(code), since: period?.start?.slice(0, 10) }];
    });
}
