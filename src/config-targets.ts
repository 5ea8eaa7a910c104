/** What hedgerow.config.json may say of one target: where it is, what goes there, and what comes back. */
import { z } from 'zod';
import { barsTargetMembers } from './config/bars.ts';
import { documentSchema, NO_ADDRESS } from './config/gp-connect.ts';
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
    .enum(['fhir', 'webhook', 'bars', 'document'])
    .default('fhir')
    .describe(
      'fhir: a FHIR R4 server; webhook: events are posted to an address (docs/webhook.md); bars: referrals go to a service by the Booking and Referral Standard (docs/bars.md); document: summaries go to practices and referrers (docs/message-to-gp.md)',
    ),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens')
    .describe('Name of the target; never changes'),
  url: z
    .url()
    .default(NO_ADDRESS)
    .describe(
      'Base URL of the FHIR R4 server; of a webhook the address that events are posted to; only documents need none',
    ),
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
  document: documentSchema.optional().describe('Documents: what is written, when, and by which ways it goes'),
  ...barsTargetMembers,
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

/** What makes a message, or is waited for before one is made; what else it carries is gathered then. */
const BARS_TYPES = [
  'ServiceRequest',
  'Task',
  'Patient',
  'Consent',
  'Condition',
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'HealthcareService',
];

type TargetMembers = z.infer<typeof targetMembers>;

function asBars(target: TargetMembers) {
  const { codedOnly = false, ...send } = target.send ?? {};
  const receipts = target.receipts ?? receiptsSchema.parse({ by: 'task' });
  const purpose = target.purpose ?? ('refer' as const);
  return { ...target, purpose, receipts, send: { ...send, types: BARS_TYPES, codedOnly } };
}

const NO_USE_CASE =
  'there is no default: no use case of BaRS covers social prescribing today. NHS England allocates one at onboarding (a use case agreed with the BaRS programme, an application on the API platform with BaRS enabled, the service and our own endpoint in the Directory of Services and the endpoint catalogue); give its code and display';

function barsFaults(target: TargetMembers, fault: (path: string, message: string) => void): void {
  const { kind, send, receive, ids, bearerTokenEnv } = target;
  if (kind !== 'bars') {
    for (const name of Object.keys(barsTargetMembers) as (keyof typeof barsTargetMembers)[])
      if (target[name] !== undefined)
        fault(name, 'only a target of kind bars has it: leave it out, or set "kind"');
    return;
  }
  if (target.service === undefined) fault('service', 'names the service that referrals go to');
  if (target.useCase === undefined) fault('useCase', NO_USE_CASE);
  if (send?.types) fault('send', 'what a message holds is fixed by BaRS: leave "types" out');
  if (receive) fault('receive', 'services answer by messages (nhs.bars): leave it out');
  if (ids === 'server') fault('ids', 'a service names no resources: leave it out');
  if (bearerTokenEnv !== undefined) fault('bearerTokenEnv', 'access is that of "nhs": leave it out');
}

function documentFaults(target: TargetMembers, fault: (path: string, message: string) => void): void {
  const { kind, url, document, receive, ids, bearerTokenEnv, send, receipts } = target;
  if (kind !== 'document') {
    if (url === NO_ADDRESS) fault('url', 'where it is: its base URL, or the address of a webhook');
    if (document !== undefined)
      fault('document', 'only a target of kind document has it: leave it out, or set "kind"');
    return;
  }
  if (document === undefined) fault('document', 'names the ways that documents go: give "ways"');
  if (url !== NO_ADDRESS) fault('url', 'documents go by their "ways": leave it out');
  if (receive) fault('receive', 'acknowledgements come by themselves: leave it out');
  if (ids === 'server') fault('ids', 'a document names no resources there: leave it out');
  if (bearerTokenEnv !== undefined) fault('bearerTokenEnv', 'a way has its own: leave it out');
  if (send?.types) fault('send', 'what a document holds is fixed: leave "types" out');
  if (receipts) fault('receipts', 'a document is tracked by itself: leave it out');
}

/** A target with what its kind sets by default. */
export const targetSchema = targetMembers
  .superRefine((target, context) => {
    const { kind, secretEnv, sources, receive, ids } = target;
    const fault = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    barsFaults(target, fault);
    documentFaults(target, fault);
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
    if (target.kind === 'bars') return asBars(target);
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
