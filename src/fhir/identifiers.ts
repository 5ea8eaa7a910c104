/** Turns identifier text into branded types; nothing else in src/ casts to them. */
declare const brand: unique symbol;

/** Ten digits that pass Modulus 11 and are not all one digit. */
export type NhsNumber = string & { readonly [brand]: 'NhsNumber' };
/** SNOMED CT concept id: 6-18 digits, concept partition, Verhoeff check digit. */
export type SnomedId = string & { readonly [brand]: 'SnomedId' };
/** ODS organisation or site code: 3-10 upper-case letters and digits. */
export type OdsCode = string & { readonly [brand]: 'OdsCode' };

export const NHS_NUMBER_SYSTEM = 'https://fhir.nhs.uk/Id/nhs-number';
/** Of numbers that PDS has superseded: UK Core lets a Patient have one NHS number under its own system. */
export const FORMER_NHS_NUMBER_SYSTEM = 'https://hedgerow.example/fhir/Id/former-nhs-number';
export const ODS_CODE_SYSTEM = 'https://fhir.nhs.uk/Id/ods-organization-code';
export const SDS_USER_SYSTEM = 'https://fhir.nhs.uk/Id/sds-user-id';
/** Unique booking reference number of e-RS. */
export const UBRN_SYSTEM = 'https://fhir.nhs.uk/Id/UBRN';
export const SNOMED_SYSTEM = 'http://snomed.info/sct';
/** Of the label of whoever is restricted: R, V. */
export const CONFIDENTIALITY_SYSTEM = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

/** Verhoeff's multiplication table (dihedral group D5) and position permutation. */
const MULTIPLY = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
const PERMUTE = '1576283094';
const PERMUTATIONS = Array.from({ length: 8 }, (_, times) =>
  [...'0123456789'].map((digit) => {
    let out = digit;
    for (let i = 0; i < times; i++) out = PERMUTE[Number(out)]!;
    return Number(out);
  }),
);
/** Namespace of the SNOMED CT United States extension. */
const US_NAMESPACE = '1000124';

/**
 * Reads an NHS number.
 * @param text ten digits, spaces and hyphens allowed: "943 476 5919"
 * @returns bare digits, or undefined when length or Modulus 11 fails, or all digits are one
 * @source NHS Data Dictionary, NHS NUMBER
 */
export function parseNhsNumber(text: string): NhsNumber | undefined {
  const digits = text.replaceAll(/[ -]/g, '');
  if (!/^\d{10}$/.test(digits) || /^(\d)\1{9}$/.test(digits)) return undefined;
  const sum = [...digits.slice(0, 9)].reduce((total, digit, i) => total + Number(digit) * (10 - i), 0);
  const check = (11 - (sum % 11)) % 11; // 10 equals no digit, so it always fails
  return check === Number(digits[9]) ? (digits as NhsNumber) : undefined;
}

/** Why a text is no usable SNOMED CT concept id in UK data. */
export type SnomedFault = 'form' | 'partition' | 'check-digit' | 'us-extension';

/**
 * Says what is wrong with a SNOMED CT concept id, or nothing.
 * @source SNOMED CT Release File Specification, SCTID; UK data never carries ids of the US extension
 */
export function snomedFault(text: string): SnomedFault | undefined {
  if (!/^[1-9]\d{5,17}$/.test(text)) return 'form';
  const partition = text.slice(-3, -1);
  if (partition !== '00' && partition !== '10') return 'partition';
  let check = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = PERMUTATIONS[i % 8]![Number(text[text.length - 1 - i])]!;
    check = Number(MULTIPLY[check]![digit]);
  }
  if (check !== 0) return 'check-digit';
  return partition === '10' && text.slice(-10, -3) === US_NAMESPACE ? 'us-extension' : undefined;
}

/** @param text digits only @returns the id, or undefined when `snomedFault` finds any fault */
export function parseSnomedId(text: string): SnomedId | undefined {
  return snomedFault(text) === undefined ? (text as SnomedId) : undefined;
}

/**
 * Reads an ODS code; letters are upper-cased.
 * @source NHS Data Dictionary, ORGANISATION CODE: 3 to 10 characters (practices 6, PCNs 6, sites 5-9)
 */
export function parseOdsCode(text: string): OdsCode | undefined {
  const code = text.trim().toUpperCase();
  return /^[A-Z0-9]{3,10}$/.test(code) ? (code as OdsCode) : undefined;
}
