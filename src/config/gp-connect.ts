/** What hedgerow.config.json may say of messages to GP practices and referrers: when, by which ways, and in which words of GP Connect. */
import { z } from 'zod';
import { RESPONSE_RANGES } from '../nhs/gp-connect/acknowledgement.ts';
import { serviceUrlSchema } from './service-url.ts';

const NHS_STU3 = 'https://fhir.nhs.uk/STU3';

/** Stands for the address of a target that has none. */
export const NO_ADDRESS = 'about:documents';

const meshWaySchema = z.strictObject({
  kind: z.literal('mesh'),
  mailbox: z.string().min(1).describe('Name of one of the mailboxes of "nhs.mesh"'),
  to: z
    .string()
    .min(1)
    .max(100)
    .default('registered-practice')
    .describe(
      'registered-practice: MESH finds the practice by the person; organisation: the mailbox of the receiving organisation is looked up; else the id of a mailbox',
    ),
});
const fhirWaySchema = z.strictObject({
  kind: z.literal('fhir'),
  url: serviceUrlSchema.describe(
    'Base URL of a FHIR R4 server that takes transactions of Bundle and DocumentReference',
  ),
  bearerTokenEnv: z.string().optional().describe('Name of the environment variable with a bearer token'),
  deadlineMs: z.int().min(100).default(20_000).describe('Longest wait for one answer, in milliseconds'),
});
const folderWaySchema = z.strictObject({
  kind: z.literal('folder'),
  folder: z
    .string()
    .min(1)
    .default('outbox-letters')
    .describe('Folder for PDFs to print and post, in the data folder where it is no whole path'),
});

export const documentSchema = z.strictObject({
  recipient: z
    .enum(['gp', 'referrer'])
    .default('gp')
    .describe('gp: the practice of the person; referrer: who referred, where that is another organisation'),
  messages: z
    .array(z.enum(['accepted', 'closed', 'action']))
    .min(1)
    .default(['closed', 'action'])
    .describe(
      'When a document is made: the referral is accepted, it ends, or something is asked of the practice',
    ),
  ways: z
    .array(z.discriminatedUnion('kind', [meshWaySchema, fhirWaySchema, folderWaySchema]))
    .min(1)
    .describe(
      'Ways to send it, in the order in which they are tried: the next where one refuses or stays silent',
    ),
  silentAfterHours: z
    .number()
    .positive()
    .default(72)
    .describe('Without an acknowledgement for so long, the next way is gone'),
  filedWithinHours: z
    .number()
    .positive()
    .default(168)
    .describe('It arrived, and nobody says that it is filed, for so long: an item on the worklist'),
  type: z
    .strictObject({ code: z.string().regex(/^\d{6,18}$/, 'a SNOMED CT id'), display: z.string().min(1) })
    .default({ code: '371531000', display: 'Report of clinical encounter' })
    .describe('SNOMED CT code of the kind of document'),
  ownerOrg: z.string().min(1).default('local').describe('Organisation whose worklist it concerns'),
});

export type DocumentConfig = z.infer<typeof documentSchema>;

const namesSchema = z.strictObject({
  event: z
    .strictObject({ system: z.url(), code: z.string().min(1), display: z.string().min(1) })
    .default({
      system: `${NHS_STU3}/CodeSystem/ITK-MessageEvent-2`,
      code: 'ITK007C',
      display: 'ITK GP Connect Send Document',
    })
    .describe('MessageHeader.event'),
  handlingExtension: z.url().default(`${NHS_STU3}/StructureDefinition/Extension-ITK-MessageHandling-2`),
  recipientTypeSystem: z.url().default(`${NHS_STU3}/CodeSystem/ITK-RecipientType-1`),
  recipientType: z.string().min(1).default('FA').describe('FA: for action'),
  messageDefinition: z
    .url()
    .default(`${NHS_STU3}/MessageDefinition/ITK-GPConnectSendDocument-MessageDefinition-1`),
  localExtension: z
    .string()
    .min(1)
    .describe('Use case that NHS England has allowed; there is none for social prescribing today'),
  messageBundleProfile: z.url().default(`${NHS_STU3}/StructureDefinition/ITK-Message-Bundle-1`),
  documentBundleProfile: z.url().default(`${NHS_STU3}/StructureDefinition/ITK-Document-Bundle-1`),
  headerProfile: z.url().default(`${NHS_STU3}/StructureDefinition/ITK-MessageHeader-2`),
  compositionProfile: z
    .url()
    .default('https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-Composition-1'),
});

const responseSchema = z.strictObject({
  from: z.int().min(0).describe('First code of the range'),
  to: z.int().min(0).describe('Last code of the range'),
  stage: z
    .enum(['infrastructure', 'business'])
    .describe('infrastructure: a system has it; business: somebody decided about it'),
  verdict: z.enum(['accepted', 'rejected']),
  advice: z.string().min(1).describe('What somebody should do'),
});

export const gpConnectSchema = z.strictObject({
  workflow: z
    .string()
    .min(1)
    .max(300)
    .default('GPCONNECT_SEND_DOCUMENT')
    .describe('Workflow id of documents'),
  acknowledgementWorkflow: z
    .string()
    .min(1)
    .max(300)
    .default('GPCONNECT_SEND_DOCUMENT_ACK')
    .describe('Workflow id of what comes back'),
  format: z.enum(['xml', 'json']).default('xml').describe('How messages are written'),
  businessAcknowledgement: z.boolean().default(true).describe('Ask to be told when it is filed'),
  subject: z
    .string()
    .min(1)
    .default(
      '{title} for {person}, NHS Number: {nhsNumber}, seen at {location}, ODS code: {odsCode}, version {version}',
    )
    .describe('Subject of the MESH message; it holds person data, and is never logged'),
  phone: z.string().min(1).optional().describe('Telephone of our organisation, for whoever reads it'),
  endpoint: z.string().min(1).default('urn:nhs-uk:addressing:ods').describe('MessageHeader.source.endpoint'),
  names: namesSchema.describe('Names and codes of the specifications, where they differ at onboarding'),
  responses: z
    .array(responseSchema)
    .min(1)
    .default([...RESPONSE_RANGES])
    .describe('What response codes mean, the first range that fits'),
});

export type GpConnectConfig = z.infer<typeof gpConnectSchema>;
