/** Turns the ways in which senders write identifier systems and service addresses into the one that is published. */
import { NHS_NUMBER_SYSTEM, ODS_CODE_SYSTEM, SDS_USER_SYSTEM, UBRN_SYSTEM } from '../../fhir/identifiers.ts';
import {
  FORMER_VERIFICATION_SYSTEM,
  VERIFICATION_SYSTEM,
  VERIFICATION_URL,
} from '../../fhir/verified-number.ts';
import { DOS_SERVICE_ID, SDS_ROLE_PROFILE_ID } from './codes.ts';

const NHS = 'https://fhir.nhs.uk/Id';

const SYSTEMS = [
  ODS_CODE_SYSTEM,
  DOS_SERVICE_ID,
  SDS_ROLE_PROFILE_ID,
  NHS_NUMBER_SYSTEM,
  `${NHS}/chi-number`,
  `${NHS}/ods-site-code`,
  SDS_USER_SYSTEM,
  `${NHS}/cross-care-setting-identifier`,
  UBRN_SYSTEM,
];

const BY_PLAIN_FORM: ReadonlyMap<string, string> = new Map([
  ...SYSTEMS.map((system) => [plainForm(system), system] as const),
  [plainForm(`${NHS}/ods-organisation-code`), ODS_CODE_SYSTEM],
]);

/** Without its scheme, and in lower case: http and https, `Id` and `id`, mean the same. */
function plainForm(system: string): string {
  return system.replace(/^https?:\/\//i, '').toLowerCase();
}

/** @returns the system as it is published; what is none of the NHS's stays as it is */
export function systemOf(text: string): string {
  return BY_PLAIN_FORM.get(plainForm(text)) ?? text;
}

/** A service as messages name it. */
export interface ServiceAddress {
  readonly system: string;
  readonly value: string;
}

/** @param text `system|value` @returns undefined where it is not of that form */
export function addressOf(text: unknown): ServiceAddress | undefined {
  const [, system, value] =
    (typeof text === 'string' && /^([^|\s]{1,200})\|([^|\s]{1,100})$/.exec(text)) || [];
  return system === undefined || value === undefined ? undefined : { system: systemOf(system), value };
}

/** @returns `system|value`, the system as it is published */
export function addressText({ system, value }: ServiceAddress): string {
  return `${systemOf(system)}|${value}`;
}

/** What the earlier code system says, in England's. */
const ENGLAND_CODES: Readonly<Record<string, string>> = {
  'number-present-and-verified': '01',
  'number-present-but-not-traced': '02',
  'trace-required': '03',
  'trace-attempted': '04',
  'trace-needs-to-be-resolved': '05',
  'trace-in-progress': '06',
  'number-not-present-and-trace-not-required': '07',
  'trace-postponed': '08',
};

interface Coding {
  readonly system?: unknown;
  readonly code?: unknown;
}

/** @returns a coding of a verification status in England's code system; one that has no place there stays as it is */
export function verificationOf<T extends Coding>(coding: T): T {
  if (coding.system !== FORMER_VERIFICATION_SYSTEM || typeof coding.code !== 'string') return coding;
  const code = ENGLAND_CODES[coding.code] ?? (/^0[1-8]$/.test(coding.code) ? coding.code : undefined);
  return code === undefined ? coding : { ...coding, system: VERIFICATION_SYSTEM, code };
}

/** @returns whether an extension holds a verification status */
export function isVerification(url: unknown): boolean {
  return url === VERIFICATION_URL;
}
