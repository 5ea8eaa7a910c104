/** What hedgerow.config.json may say of the NHS e-Referral Service: whose lists are read, when, and what is believed. */
import { z } from 'zod';
import { isTimeZone } from '../store/turn-times.ts';
import { serviceUrlSchema } from './service-url.ts';

/** As often as an application may ask for the list of one service. */
const MOST_TIMES_A_DAY = 2;

const serviceSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[0-9]{1,12}$/, 'digits')
    .describe('e-RS service id, such as 11010'),
  name: z.string().min(1).optional().describe('Name of the service; default as e-RS names it'),
});

export const ersSchema = z.strictObject({
  services: z.array(serviceSchema).min(1).describe('Services whose referrals are taken in'),
  lists: z
    .array(z.enum(['REFERRALS_FOR_REVIEW', 'APPOINTMENT_SLOT_ISSUES']))
    .min(1)
    .default(['REFERRALS_FOR_REVIEW', 'APPOINTMENT_SLOT_ISSUES'])
    .describe('Lists that are read: these two are open to applications'),
  times: z
    .array(z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'a time, such as 07:30'))
    .min(1)
    .max(MOST_TIMES_A_DAY, 'e-RS lets an application ask for a list twice a day')
    .default(['07:00', '13:00'])
    .describe('When lists are read: at most twice a day'),
  timeZone: z
    .string()
    .refine(isTimeZone, 'is no time zone that is known here: write one such as Europe/London or UTC')
    .default('Europe/London'),
  numbersAreVerified: z
    .boolean()
    .default(false)
    .describe('NHS numbers of e-RS count as present and verified, without asking PDS'),
  ownerOrg: z.string().min(1).default('local').describe('Organisation that owns what is taken in'),
  url: serviceUrlSchema
    .optional()
    .describe('Base of the FHIR STU3 endpoints; default that of the environment'),
  serviceSystem: z
    .string()
    .min(1)
    .default('http://fhir.nhs.net/Id/ers-service')
    .describe('Identifier system of service ids, as e-RS writes it'),
  deadlineMs: z.int().min(100).default(30_000).describe('Longest wait for one answer, in milliseconds'),
});

export type ErsConfig = z.infer<typeof ersSchema>;
