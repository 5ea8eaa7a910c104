/** What hedgerow.config.json may say of the Organisation Data Service: where it is asked, what its codes mean, and when. */
import { z } from 'zod';
import { cronSchema, timeZoneSchema } from './schedule.ts';
import { serviceUrlSchema } from './service-url.ts';

const codesSchema = z.strictObject({
  practiceRole: z.string().min(1).default('RO76').describe('Role of a general practice'),
  pcnRole: z.string().min(1).default('RO272').describe('Role of a primary care network'),
  pcnRelationship: z
    .string()
    .min(1)
    .default('RE8')
    .describe('Relationship of a practice with its network, of the FHIR interface'),
  successor: z
    .array(z.string().min(1))
    .min(1)
    .default(['Successor'])
    .describe('What a link to whoever took over is called'),
  predecessor: z
    .array(z.string().min(1))
    .min(1)
    .default(['Predecessor'])
    .describe('What a link to whoever was before is called'),
});

export const odsSchema = z.strictObject({
  form: z
    .enum(['ord', 'fhir'])
    .default('ord')
    .describe('ord: the ORD interface, open to all; fhir: the FHIR R4 interface of the API platform'),
  url: serviceUrlSchema
    .optional()
    .describe('Base URL; default the public ORD, or the FHIR interface of the environment'),
  apiKeyEnv: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Name of the environment variable with the API key that the FHIR interface is asked under; default nhs.access',
    ),
  freshDays: z.number().positive().default(7).describe('Days that an answer is not asked for again'),
  codes: codesSchema.prefault({}).describe('Codes of ODS, where they are others than by default'),
  deadlineMs: z.int().min(100).default(10_000).describe('Longest wait for one answer, in milliseconds'),
  schedule: cronSchema.default('15 4 * * *'),
  timeZone: timeZoneSchema,
});

export type OdsConfig = z.infer<typeof odsSchema>;
