/** Turns an NHS environment and the name of a service into addresses. */

/** sandbox answers with examples and needs no token; int is for integration tests; prod holds real people. */
export type NhsEnvironment = 'sandbox' | 'int' | 'prod';

/** Services behind the API platform. Others (MESH, the ORD) have addresses of their own. */
export type NhsService = keyof typeof PATHS;

const HOSTS: Readonly<Record<NhsEnvironment, string>> = {
  sandbox: 'https://sandbox.api.service.nhs.uk',
  int: 'https://int.api.service.nhs.uk',
  prod: 'https://api.service.nhs.uk',
};

const PATHS = {
  pds: '/personal-demographics/FHIR/R4',
  bars: '/booking-and-referral/FHIR/R4',
  sds: '/spine-directory/FHIR/R4',
  ods: '/organisation-data-terminology-api/fhir',
  ers: '/referrals/FHIR/STU3',
} as const;

/** @returns the base URL, without a slash at its end @source NHS England API catalogue */
export function baseUrlOf(environment: NhsEnvironment, service: NhsService): string {
  return `${HOSTS[environment]}${PATHS[service]}`;
}

/** @returns where access tokens are asked for; undefined where the environment asks for none */
export function tokenUrlOf(environment: NhsEnvironment): string | undefined {
  return environment === 'sandbox' ? undefined : `${HOSTS[environment]}/oauth2/token`;
}
