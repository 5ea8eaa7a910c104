/** What hedgerow.config.json may say of NHS services: who we are there, how we are let in, and which of them are used. */
import { z } from 'zod';
import { accessSchema, locatedAccess } from './access.ts';
import { barsSchema } from './bars.ts';
import { codedActivitySchema } from './coded-activity.ts';
import { ersSchema } from './ers.ts';
import { gpConnectSchema } from './gp-connect.ts';
import { locatedMesh, meshSchema } from './mesh.ts';
import { odsSchema } from './ods.ts';
import { pdsSchema } from './pds.ts';

/** Organisation and software as NHS services are told of them. */
const organisationSchema = z.strictObject({
  odsCode: z.string().regex(/^[A-Za-z0-9]{3,10}$/, 'an ODS code'),
  name: z.string().min(1),
});

/** The program as requests name it: BaRS asks for all three. */
const softwareSchema = z.strictObject({
  name: z.string().min(1).default('Hedgerow').describe('Name of the software'),
  manufacturer: z.string().min(1).default('Hedgerow').describe('Who makes or runs it'),
  version: z.string().min(1).optional().describe('Version; default that of the adapter'),
});

export const nhsSchema = z.strictObject({
  environment: z
    .enum(['sandbox', 'int', 'prod'])
    .default('sandbox')
    .describe('Which of the NHS environments: their addresses follow from it'),
  organisation: organisationSchema.optional().describe('For whom requests are made'),
  software: softwareSchema.prefault({}).describe('What makes the requests'),
  access: accessSchema
    .optional()
    .describe(
      'Application, keys and certificate that the API platform lets us in by; the sandbox asks for none',
    ),
  ers: ersSchema.optional().describe('Referrals of the e-Referral Service are taken in'),
  bars: barsSchema.optional().describe('Booking and Referral Standard (docs/bars.md)'),
  codedActivity: codedActivitySchema
    .optional()
    .describe('Coded entries for GP records are listed for practices'),
  pds: pdsSchema.optional().describe('NHS numbers are checked at PDS (docs/pds.md)'),
  gpConnect: gpConnectSchema
    .optional()
    .describe('Documents go to practices by GP Connect Send Document (docs/message-to-gp.md)'),
  mesh: meshSchema.optional().describe('Messages are sent and received by MESH (docs/mesh.md)'),
  ods: odsSchema
    .optional()
    .describe('Organisation Data Service: closed practices and who took over from them (docs/nhs-access.md)'),
});

export type NhsConfig = z.infer<typeof nhsSchema>;

/** @returns the section with absolute paths of its files @param cwd folder that relative ones are in */
export function locatedNhs(nhs: NhsConfig, cwd: string): NhsConfig {
  const { access, mesh } = nhs;
  return {
    ...nhs,
    ...(access === undefined ? {} : { access: locatedAccess(access, cwd) }),
    ...(mesh === undefined ? {} : { mesh: locatedMesh(mesh, cwd) }),
  };
}
