/** What hedgerow.config.json may say of the Personal Demographics Service: whether NHS numbers are checked there, how fast, and how often again. */
import { z } from 'zod';
import { serviceUrlSchema } from './service-url.ts';

export const pdsSchema = z.strictObject({
  baseUrl: serviceUrlSchema
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .describe('Base of the FHIR R4 endpoints; default that of the environment'),
  tps: z
    .number()
    .positive()
    .max(1_000)
    .default(5)
    .describe('Requests a second that the application may make, over all processes on the store'),
  concurrency: z.int().min(1).max(64).default(5).describe('People asked about at once, in one process'),
  recheckDays: z
    .int()
    .min(1)
    .default(30)
    .describe('Days after which somebody who has not changed is asked about again'),
  trace: z
    .boolean()
    .default(true)
    .describe('Whoever has no NHS number is looked for by name, birth date and part of the postcode'),
  deadlineMs: z.int().min(100).default(10_000).describe('Longest wait for one answer, in milliseconds'),
});

export type PdsConfig = z.infer<typeof pdsSchema>;
