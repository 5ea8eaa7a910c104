/** What hedgerow.config.json may say of one target: where it is, what goes there, and what comes back. */
import { z } from 'zod';
import { STORED_TYPES } from './fhir/definitions.ts';
import { REFERRAL_ACTORS } from './referral/states.ts';

export const speaksForSchema = z
  .array(z.enum(REFERRAL_ACTORS))
  .min(1)
  .optional()
  .describe('Parties whose steps of a referral it may tell (docs/referral-states.md); default all');

const receiveSchema = z.strictObject({
  mode: z
    .enum(['poll', 'subscribe'])
    .default('poll')
    .describe('poll looks at intervals; subscribe takes hooks at /subscriptions/{target} too'),
  types: z.array(z.enum(STORED_TYPES)).min(1).default(['Patient', 'ServiceRequest', 'Task']),
  by: z
    .enum(['search', 'history'])
    .default('search')
    .describe('How changes are asked for; history tells of deletions too, where the server has it'),
  everySeconds: z.number().positive().default(30).describe('Seconds between looks'),
  overlapSeconds: z
    .number()
    .min(0)
    .default(300)
    .describe('How far a look reaches back before the last change seen'),
  pageSize: z.int().min(1).max(1_000).default(100),
  since: z.iso.datetime({ offset: true }).optional().describe('Where to begin; default: at the first start'),
  withProvenance: z.boolean().default(false).describe('Ask for the Provenance of each change with it'),
  ownerOrg: z.string().min(1).default('local').describe('Organisation that owns what was made there'),
  secretEnv: z.string().optional().describe('Name of the environment variable with the secret of hooks'),
  secretHeader: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]*$/)
    .default('X-Hedgerow-Secret'),
  callbackUrl: z
    .url()
    .optional()
    .describe(
      'Address of /subscriptions/{target} as the server sees it; with it the Subscriptions are made there',
    ),
  payload: z.enum(['empty', 'id-only', 'full-resource']).default('empty'),
  topic: z.url().optional().describe('Topic to subscribe to, for servers of the Subscriptions backport'),
});

const sendSchema = z.strictObject({
  practices: z
    .array(z.string().regex(/^[A-Za-z0-9]{3,10}$/, 'an ODS code'))
    .min(1)
    .optional()
    .describe('ODS codes: only people whose general practice or managing organisation is one of these'),
  types: z
    .array(z.string().regex(/^[A-Z][A-Za-z]+$/, 'a resource type'))
    .min(1)
    .optional()
    .describe('Resource types that go there; Patient always goes with them'),
  codedOnly: z
    .boolean()
    .default(false)
    .describe('Codes, numbers and dates only: free text is left out, and what says nothing without it'),
  consentScopes: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'Codes of Consent.scope, such as patient-privacy or treatment (system|code for other systems): only people who consented in one of these; what they decided in another is not heard',
    ),
  consentReasons: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'Reasons (v3-ActReason, such as TREAT or CAREMGT): a Consent whose provision is limited to others is not heard',
    ),
  origin: z
    .enum(['ehr', 'elsewhere'])
    .optional()
    .describe(
      'ehr: only what was made or changed in an EHR whose changes are taken in, with what it refers to and what becomes of it; elsewhere: whoever said it. Default of a webhook ehr, else elsewhere',
    ),
});

const receiptsSchema = z.strictObject({
  by: z
    .enum(['http', 'task'])
    .default('http')
    .describe('What says that a delivery was filed: the answer to it, or a Task that comes back from there'),
  types: z
    .array(z.string().regex(/^[A-Z][A-Za-z]+$/, 'a resource type'))
    .min(1)
    .default(['ServiceRequest']),
  raiseAfterHours: z
    .number()
    .positive()
    .default(72)
    .describe('Sent and not filed for so long: an item on the worklist'),
});

const SIGNATURE_HEADER = 'Hedgerow-Signature';
export const signatureHeaderSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]*$/)
  .default(SIGNATURE_HEADER);

const targetMembers = z.strictObject({
  kind: z
    .enum(['fhir', 'webhook'])
    .default('fhir')
    .describe('fhir: a FHIR R4 server; webhook: events are posted to an address (docs/webhook.md)'),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens')
    .describe('Name of the target; never changes'),
  url: z.url().describe('Base URL of the FHIR R4 server; of a webhook the address that events are posted to'),
  ids: z
    .enum(['client', 'server'])
    .default('client')
    .describe('Who names resources: client = PUT with our id, server = POST with If-None-Exist'),
  twins: z
    .enum(['report', 'entered-in-error', 'delete'])
    .default('report')
    .describe(
      'What becomes of the younger of two copies at a server that names resources: left and put on the worklist, marked, or deleted; one that was changed there is only ever reported',
    ),
  verify: z
    .enum(['answers', 'reads'])
    .default('answers')
    .describe(
      'What the answer to a transaction is believed of: answers = an entry that names its version, others are read back; reads = every entry is read back, for servers that claim what they did not write',
    ),
  requiresVerifiedNhsNumber: z
    .boolean()
    .default(true)
    .describe('Send only people whose NHS number is verified (hr-8)'),
  allowRestricted: z
    .boolean()
    .default(false)
    .describe('Send restricted people, without address, telecom and GP'),
  purpose: z
    .enum(['share-with-gp', 'refer', 'research'])
    .optional()
    .describe('Consent that covers this target; default share-with-gp, of a webhook refer'),
  send: sendSchema.optional().describe('Which people, types and content go there; default all'),
  receipts: receiptsSchema.optional().describe('Keep what the target makes of a delivery; default not kept'),
  concurrency: z.int().min(1).max(64).default(8).describe('People delivered at once'),
  deadlineMs: z.int().min(100).default(10_000).describe('Longest wait for one answer, in milliseconds'),
  speaksFor: speaksForSchema,
  bearerTokenEnv: z.string().optional().describe('Name of the environment variable with a bearer token'),
  receive: receiveSchema.optional().describe('Take changes that are made there; without it none are'),
  secretEnv: z
    .string()
    .optional()
    .describe('Webhook: name of the environment variable with the secret that events are signed with'),
  signatureHeader: signatureHeaderSchema.describe('Webhook: header of the signature'),
  sources: z
    .array(z.string())
    .default([])
    .describe('Webhook: sources whose records come from the same system, and are not sent back to it'),
});

/** What a case system needs of a referral that was made in an EHR, and no more. */
const REFERRAL_TYPES = [
  'ServiceRequest',
  'Task',
  'Patient',
  'Consent',
  'Condition',
  'RelatedPerson',
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'HealthcareService',
  'Location',
];

/** A target with what its kind sets by default. */
export const targetSchema = targetMembers
  .superRefine(({ kind, secretEnv, sources, receive, ids }, context) => {
    const fault = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (kind === 'webhook') {
      if (secretEnv === undefined)
        fault('secretEnv', 'a webhook names the secret that its events are signed with');
      if (receive)
        fault('receive', 'of a webhook nothing is asked: what its system says comes through /intake');
      if (ids === 'server') fault('ids', 'a webhook names no resources: leave it out');
      return;
    }
    if (secretEnv !== undefined)
      fault('secretEnv', 'only events of a webhook are signed: leave it out, or set "kind"');
    if (sources.length > 0)
      fault('sources', 'only a webhook has sources of its own: leave it out, or set "kind"');
  })
  .transform((target) => {
    const isWebhook = target.kind === 'webhook';
    const purpose = target.purpose ?? (isWebhook ? ('refer' as const) : ('share-with-gp' as const));
    if (!isWebhook) return { ...target, purpose };
    const { codedOnly = false, ...send } = target.send ?? {};
    return {
      ...target,
      purpose,
      send: { types: REFERRAL_TYPES, origin: 'ehr' as const, ...send, codedOnly },
    };
  });
