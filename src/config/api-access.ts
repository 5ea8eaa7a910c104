/** What hedgerow.config.json may say of who enters the API: clients, how each is known, what each may do, and whose tokens are believed. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { isLoopbackHost, serviceUrlSchema } from './service-url.ts';

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'];
const PERMISSIONS = ['console', 'metrics', 'worklist', 'deliveries', 'coded-activity'] as const;
/** What an issuer may sign with: never a shared secret, never nothing. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

const clientId = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'letters, digits, points, hyphens, underscores');
const envName = z.string().min(1);

const jwksSchema = z
  .strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(20) })
  .refine(
    ({ keys }) => keys.every((key) => PRIVATE_MEMBERS.every((member) => !(member in key))),
    'holds a private or a shared key: write down the public parts alone, and make a new pair, since this one has been seen',
  )
  .refine(
    ({ keys }) => keys.every(({ kid }) => typeof kid === 'string' && kid !== ''),
    'a key has no kid: give each one of its own',
  )
  .refine(
    ({ keys }) => new Set(keys.map(({ kid }) => kid)).size === keys.length,
    'two keys have the same kid',
  );

const certificateSchema = z
  .strictObject({
    subject: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Distinguished name, such as CN=vendor,O=Vendor Ltd,C=GB; an authority of tls.clientCaFile must have signed it',
      ),
    fingerprint: z
      .string()
      .regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, 'a SHA-256 fingerprint: 64 hexadecimal digits')
      .transform((text) => text.replaceAll(':', '').toLowerCase())
      .optional()
      .describe('SHA-256 of this very certificate; it may be signed by itself'),
  })
  .refine(
    ({ subject, fingerprint }) => (subject === undefined) !== (fingerprint === undefined),
    'names either a subject or a fingerprint',
  );

const clientSchema = z
  .strictObject({
    id: clientId.describe('Id of the client: iss and sub of its assertions, and its name in the audit'),
    name: z.string().min(1).optional().describe('What people call it'),
    organisations: z
      .union([z.literal('all'), z.array(z.string().min(1).max(64)).min(1).max(1_000)])
      .describe(
        'Organisations whose people it sees: ODS codes as in "ownerOrg" of sources; the first owns what it creates, unless a request names another of them in NHSD-End-User-Organisation-ODS. all: those of everybody',
      ),
    scopes: z
      .array(z.string().min(1).max(2_000))
      .max(200)
      .default([])
      .describe(
        'SMART scopes that it may have, such as system/ServiceRequest.rs or system/Observation.rs?category=survey',
      ),
    jwks: jwksSchema.optional().describe('Public keys that its assertions are signed with'),
    jwksUrl: serviceUrlSchema
      .optional()
      .describe(
        'Where its public keys are had, in place of "jwks"; asked again when a key is not among them',
      ),
    apiKeySha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'what "hedgerow api-key" has printed: 64 hexadecimal digits')
      .optional()
      .describe('SHA-256 of its API key, as "hedgerow api-key" prints it; the key itself is in no file'),
    certificate: certificateSchema
      .optional()
      .describe(
        'Client certificate that it is known by; its tokens are then good with that certificate alone',
      ),
    purpose: z
      .enum(['share-with-gp', 'refer', 'research'])
      .optional()
      .describe(
        "What it reads for: a person's consent must cover it. Without it: the organisation's work on its own records",
      ),
    sources: z
      .array(z.string().regex(/^[^/\s]+(\/[^/\s]+)?$/, 'a source, or source/kind'))
      .max(100)
      .default([])
      .describe('Sources whose records it may post to /intake: platform, or platform/referral for one kind'),
    permissions: z
      .array(z.enum(PERMISSIONS))
      .default([])
      .describe('What it may see beside FHIR; none of it is parted by organisation'),
    deidentified: z
      .boolean()
      .default(false)
      .describe(
        'It sees people only de-identified, by $export and $viewdefinition-run, and nothing else (docs/de-identification.md); its purpose is then research',
      ),
    mayBreakGlass: z
      .boolean()
      .default(false)
      .describe('It may look through labels and consents in an emergency, with a reason in X-Break-Glass'),
    seesRestricted: z
      .boolean()
      .default(false)
      .describe('It sees what has a confidentiality label R or V, and all that belongs to restricted people'),
    ratePerMinute: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(6_000)
      .describe('Requests a minute, in each process'),
  })
  .superRefine((client, context) => {
    for (const message of client.deidentified ? deidentifiedFaults(client) : [])
      context.addIssue({ code: 'custom', path: ['deidentified'], message });
  });

/** What else a client sees would say who somebody is. */
function deidentifiedFaults(client: {
  readonly purpose?: string | undefined;
  readonly sources: readonly string[];
  readonly permissions: readonly string[];
  readonly mayBreakGlass: boolean;
  readonly seesRestricted: boolean;
}): readonly string[] {
  const wrong = [
    ...(client.purpose === 'research' ? [] : ['set "purpose" to research']),
    ...(client.sources.length > 0 ? ['take out "sources"'] : []),
    ...(client.permissions.length > 0 ? ['take out "permissions"'] : []),
    ...(client.mayBreakGlass ? ['take out "mayBreakGlass"'] : []),
    ...(client.seesRestricted ? ['take out "seesRestricted"'] : []),
  ];
  return wrong.map(
    (what) => `a client that sees people only de-identified has no other way to them: ${what}`,
  );
}

const issuerSchema = z
  .strictObject({
    issuer: z.string().min(1).describe('Value of iss, letter by letter'),
    audience: z.string().min(1).describe('Value of aud that tokens for this adapter carry'),
    algorithms: z.array(z.enum(ALGORITHMS)).min(1).describe('What it signs with; nothing else is believed'),
    jwksUrl: serviceUrlSchema
      .optional()
      .describe('Where its keys are had; default as its OpenID configuration says, asked at the first token'),
    clientClaim: z.string().min(1).default('client_id').describe('Claim that names the client'),
    clients: z
      .record(z.string().min(1), clientId)
      .describe('Which client of ours each value of that claim is; others are not let in'),
    scopeClaim: z
      .string()
      .min(1)
      .default('scope')
      .describe(
        'Claim with the scopes: a text with spaces, or a list. What the client may not have is left out',
      ),
  })
  .refine(({ issuer, jwksUrl }) => jwksUrl !== undefined || isSafeUrl(issuer), {
    path: ['issuer'],
    message: 'is no https address to find its keys by: name "jwksUrl"',
  });

export const serverTlsSchema = z.strictObject({
  certFile: z
    .string()
    .min(1)
    .describe('PEM file with the certificate of this server, and those between it and the authority'),
  keyFile: z
    .string()
    .min(1)
    .describe('PEM file with its private key; both are looked at again when they change'),
  clientCaFile: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file with the authorities that client certificates are believed by'),
});

const apiAccessMembers = z.strictObject({
  open: z
    .boolean()
    .default(false)
    .describe('Everything is open to whoever is on this machine, and to nobody else: for trying out'),
  publicUrl: serviceUrlSchema
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .describe(
      'Address that clients reach this adapter by; tokens are made out for it. Default where it listens, on this machine',
    ),
  clients: z.array(clientSchema).max(1_000).default([]),
  issuers: z.array(issuerSchema).max(20).default([]).describe('Others whose access tokens are believed'),
  tokenLifetimeSeconds: z
    .int()
    .min(10)
    .max(3_600)
    .default(300)
    .describe('How long an access token is good; SMART recommends five minutes at most'),
  signingKeyEnvs: z
    .array(envName)
    .min(1)
    .max(4)
    .optional()
    .describe(
      'Names of environment variables with EC private keys (P-256 or P-384, PEM): the first signs access tokens, the others are still believed. Default a key in the data folder; adapters that share a PostgreSQL need to name one',
    ),
  tls: serverTlsSchema.optional().describe('Listen by HTTPS; without it a proxy in front has to'),
  conditionalDeletes: z
    .int()
    .min(1)
    .max(1_000)
    .default(1)
    .describe(
      'How many resources one conditional delete may delete, all or none; 1: conditions that find several are refused',
    ),
  tokenRequestsPerMinute: z
    .int()
    .min(1)
    .default(300)
    .describe('Requests for tokens that one address may make in a minute'),
  failuresPerMinute: z
    .int()
    .min(1)
    .default(60)
    .describe(
      'Credentials that are none which one address may show in a minute; beyond it new ones are not looked at',
    ),
});

/** What one setting says of another is checked here. */
export const apiAccessSchema = apiAccessMembers.superRefine((access, context) => {
  const { open, clients, issuers, tls } = access;
  const fault = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  if (open && clients.length + issuers.length > 0)
    fault(['open'], 'who has clients is not open: take out "open", or the clients');
  const ids = new Set(clients.map(({ id }) => id));
  for (const [at, client] of clients.entries()) {
    for (const message of clientFaults(client, issuers, tls)) fault(['clients', at], message);
    const isTwice = (same: (other: (typeof clients)[number]) => boolean): boolean =>
      clients.slice(0, at).some(same);
    if (isTwice(({ id }) => id === client.id)) fault(['clients', at, 'id'], 'another client has this id');
    const { apiKeySha256, certificate } = client;
    if (apiKeySha256 !== undefined && isTwice((other) => other.apiKeySha256 === apiKeySha256))
      fault(['clients', at, 'apiKeySha256'], 'another client has this key');
    if (certificate && isTwice((other) => sameCertificate(other.certificate, certificate)))
      fault(['clients', at, 'certificate'], 'another client has this certificate');
  }
  for (const [at, issuer] of issuers.entries()) {
    if (issuers.slice(0, at).some((other) => other.issuer === issuer.issuer))
      fault(['issuers', at, 'issuer'], 'this issuer is named twice');
    for (const [value, id] of Object.entries(issuer.clients))
      if (!ids.has(id)) fault(['issuers', at, 'clients', value], 'there is no client of this id');
  }
});

type Client = z.infer<typeof clientSchema>;
type Certificate = NonNullable<Client['certificate']>;

function clientFaults(
  { id, jwks, jwksUrl, apiKeySha256, certificate, scopes, sources, permissions }: Client,
  issuers: readonly z.infer<typeof issuerSchema>[],
  tls: z.infer<typeof serverTlsSchema> | undefined,
): string[] {
  const isNamed = issuers.some((issuer) => Object.values(issuer.clients).includes(id));
  const faults: string[] = [];
  if (jwks !== undefined && jwksUrl !== undefined) faults.push('has "jwks" and "jwksUrl": name one of them');
  if ((jwks ?? jwksUrl ?? apiKeySha256 ?? certificate) === undefined && !isNamed)
    faults.push(
      'cannot be known: give it "jwks", "jwksUrl", "apiKeySha256" or "certificate", or name it in an issuer',
    );
  if (certificate !== undefined && tls === undefined)
    faults.push('has a certificate, which is shown to an HTTPS server alone: set "tls"');
  if (certificate?.subject !== undefined && tls !== undefined && tls.clientCaFile === undefined)
    faults.push(
      'is known by the subject of its certificate: set "clientCaFile" of "tls", or name its fingerprint',
    );
  if (scopes.length + sources.length + permissions.length === 0)
    faults.push('may do nothing: give it "scopes", "sources" or "permissions"');
  return faults;
}

function sameCertificate(one: Certificate | undefined, other: Certificate): boolean {
  return one?.fingerprint === other.fingerprint && one?.subject === other.subject;
}

function isSafeUrl(text: string): boolean {
  return serviceUrlSchema.safeParse(text).success;
}

export type ApiAccessConfig = z.infer<typeof apiAccessSchema>;

/** @returns what is wrong with the section where the adapter listens at this address, with the member that is to be changed */
export function apiAccessFaults(
  access: ApiAccessConfig,
  host: string,
): readonly { readonly member: string; readonly message: string }[] {
  if (isLoopbackHost(host)) return [];
  const usesTokens = access.clients.some(({ jwks, jwksUrl, certificate }) => jwks ?? jwksUrl ?? certificate);
  return [
    ...(access.open
      ? [
          {
            member: 'open',
            message: 'the adapter listens beyond this machine: set "host" to 127.0.0.1, or name clients',
          },
        ]
      : []),
    ...(usesTokens && access.publicUrl === undefined
      ? [
          {
            member: 'publicUrl',
            message: 'write the address that clients reach this adapter by: tokens are made out for it',
          },
        ]
      : []),
  ];
}

/** @returns the section with absolute paths of its files @param cwd folder that relative ones are in */
export function locatedApiAccess(access: ApiAccessConfig, cwd: string): ApiAccessConfig {
  const { tls } = access;
  if (tls === undefined) return access;
  const { certFile, keyFile, clientCaFile } = tls;
  return {
    ...access,
    tls: {
      certFile: resolve(cwd, certFile),
      keyFile: resolve(cwd, keyFile),
      ...(clientCaFile === undefined ? {} : { clientCaFile: resolve(cwd, clientCaFile) }),
    },
  };
}
