/** What hedgerow.config.json may say of NHS services: who we are there, how we are let in, and which of them are used. */
import { z } from 'zod';

/** Organisation and software as NHS services are told of them. */
const organisationSchema = z.strictObject({
  odsCode: z.string().regex(/^[A-Za-z0-9]{3,10}$/, 'an ODS code'),
  name: z.string().min(1),
});

export const nhsSchema = z.strictObject({
  environment: z
    .enum(['sandbox', 'int', 'prod'])
    .default('sandbox')
    .describe('Which of the NHS environments: their addresses follow from it'),
  organisation: organisationSchema.optional().describe('For whom requests are made'),
});

export type NhsConfig = z.infer<typeof nhsSchema>;
