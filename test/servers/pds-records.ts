/** Makes records of PDS, of people who are made up. */
import type { Patient } from '@medplum/fhirtypes';

/** A record as PDS keeps it. */
export interface PdsRecord extends Patient {
  readonly id: string;
}

/** Birth date of those who are made up. */
export const BORN = '1961-04-09';

interface RecordParts extends Partial<Patient> {
  readonly family?: string;
  readonly given?: string;
  /** U, R or V */
  readonly security?: string;
  readonly version?: string;
}

/** @returns a record of PDS, of somebody made up */
export function pdsRecord(
  number: string,
  { family = 'Example', given = 'Robin', security = 'U', version = '1', ...more }: RecordParts = {},
): PdsRecord {
  const url = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
  const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus';
  const status = { system, version: '1.0.0', code: '01', display: 'Number present and verified' };
  const confidentiality = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
  const displays: Readonly<Record<string, string>> = { U: 'unrestricted', R: 'restricted', V: 'restricted' };
  return {
    resourceType: 'Patient',
    id: number,
    identifier: [
      {
        system: 'https://fhir.nhs.uk/Id/nhs-number',
        value: number,
        extension: [{ url, valueCodeableConcept: { coding: [status] } }],
      },
    ],
    meta: {
      versionId: version,
      security: [{ system: confidentiality, code: security, display: displays[security] ?? security }],
    },
    name: [{ id: 'n1', use: 'usual', period: { start: '2020-01-01' }, given: [given], family }],
    gender: 'female',
    birthDate: BORN,
    ...more,
  };
}
