/** What hedgerow.config.json may say of referrals that come by BaRS: which services we are, who may send, and what is believed. */
import { z } from 'zod';
import { serviceUrlSchema } from './service-url.ts';

const headerName = z.string().regex(/^[A-Za-z][A-Za-z0-9-]*$/, 'a header name');
const odsCode = z
  .string()
  .regex(/^[A-Za-z0-9]{3,10}$/, 'an ODS code')
  .transform((code) => code.toUpperCase());

export const barsReceiveSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens')
    .default('bars-in')
    .describe(
      'Name of the source of these referrals, and of the target that answers go out by; never changes',
    ),
  path: z
    .string()
    .regex(/^(?:\/[A-Za-z0-9._-]+)+$/, 'a path such as /bars/FHIR/R4')
    .default('/bars/FHIR/R4')
    .describe('Path of the FHIR base that the proxy calls'),
  services: z
    .array(z.string().regex(/^[0-9A-Za-z-]{1,64}$/, 'an id of the Directory of Services'))
    .min(1)
    .optional()
    .describe(
      'Ids in the Directory of Services that referrals are sent to; default "dosServiceId" of "bars"',
    ),
  bundleVersions: z
    .array(z.string().regex(/^\d+(?:\.\d+)*$/, 'a version, or the beginning of one'))
    .min(1)
    .default(['1'])
    .describe('What Bundle.meta.versionId of a message begins with'),
  callers: z
    .array(odsCode)
    .min(1)
    .optional()
    .describe('ODS codes of the organisations that may send; default any that the gateway lets through'),
  secretEnv: z
    .string()
    .optional()
    .describe('Name of the environment variable with the secret that the gateway adds to each request'),
  secretHeader: headerName.default('X-Hedgerow-Secret').describe('Header of that secret'),
  clientSubjects: z
    .strictObject({
      header: headerName.describe('Header in which the gateway names the subject of the client certificate'),
      allowed: z.array(z.string().min(1)).min(1),
    })
    .optional()
    .describe('Client certificates that may send, as the gateway that checked them names them'),
  ownerOrg: z.string().min(1).default('local').describe('Organisation that owns what comes in'),
  impliedConsent: z
    .boolean()
    .default(true)
    .describe('Consent for direct care in a message is consent to refer, and to nothing more'),
  nhsNumbers: z
    .enum(['strict', 'as-sent'])
    .default('strict')
    .describe(
      'An NHS number that fails its check digit refuses the message, or is kept as a number that is none; as-sent is for test data',
    ),
  budgetMs: z
    .int()
    .min(100)
    .max(5_000)
    .default(4_800)
    .describe('How long an answer may take, in milliseconds; the work then goes on'),
  largestBytes: z.int().min(10_000).max(10_000_000).default(2_000_000),
  mostWaiting: z.int().min(1).max(10_000).default(200).describe('Messages that may wait for their turn'),
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, 'a version such as 1.1.0')
    .optional()
    .describe('Version of the standard that answers are sent by; default 1.1.0'),
  url: serviceUrlSchema
    .optional()
    .describe('Base URL that answers are sent to; default the proxy of "environment"'),
  concurrency: z.int().min(1).max(64).default(4).describe('People whose senders are answered at once'),
  deadlineMs: z.int().min(100).default(10_000).describe('Longest wait for one answer, in milliseconds'),
});

export type BarsReceiveConfig = z.infer<typeof barsReceiveSchema>;
