/** Prints the OpenAPI document of what this version serves, or the Postman collection that is made of it. */
import type { CapabilityStatement, CapabilityStatementRestSecurity } from '@medplum/fhirtypes';
import type { Command } from 'commander';
import { saysAudit } from '../api/audit-routes.ts';
import { saysExports } from '../api/export/capability.ts';
import { saysGraphql } from '../api/graphql-routes.ts';
import { openApiOf } from '../api/openapi/document.ts';
import { postmanOf } from '../api/openapi/postman.ts';
import { saysOperations } from '../api/operations/routes.ts';
import { TOKEN_PATH } from '../api/security/token-endpoint.ts';
import { servedStatement } from '../api/served-statement.ts';
import { saysSubscriptions } from '../api/subscriptions/capability.ts';
import { saysViewRun } from '../api/views/routes.ts';
import { withWrites } from '../api/write/says.ts';
import { VERSION } from './load.ts';
import type { Streams } from './streams.ts';

const DEFAULT_URL = 'http://localhost:8080';

interface UrlOption {
  readonly url: string;
}

export function addOpenApiWords(program: Command, { stdout }: Pick<Streams, 'stdout'>): void {
  const words = [
    [
      'openapi',
      'Print the OpenAPI 3.1 document of the HTTP API (as GET /openapi.json serves it).',
      openApiAt,
    ],
    [
      'postman',
      'Print a Postman collection (v2.1) of the HTTP API, with a whole referral as an example.',
      postmanAt,
    ],
  ] as const;
  for (const [name, description, made] of words)
    program
      .command(name)
      .description(description)
      .option('--url <address>', 'address that clients reach the adapter by', DEFAULT_URL)
      .action(({ url }: UrlOption) => {
        stdout.write(`${JSON.stringify(made(url.replace(/\/+$/, '')), undefined, 2)}\n`);
      });
}

function postmanAt(url: string): object {
  return postmanOf(openApiAt(url));
}

/** Nothing is started: what is served is known without. */
export function openApiAt(url: string): ReturnType<typeof openApiOf> {
  const security = { extension: [{ url: 'token', valueUri: `${url}${TOKEN_PATH}` }] };
  return openApiOf(statementAt(`${url}/fhir/R4`, security), url);
}

const SAYS = [
  saysAudit,
  saysGraphql,
  saysSubscriptions,
  saysExports,
  saysViewRun,
  saysOperations,
  withWrites,
];

/** @param base FHIR base @param security how clients are known there, where it is to be said */
export function statementAt(base: string, security?: CapabilityStatementRestSecurity): CapabilityStatement {
  const fhir = SAYS.map((says) => ({ says }));
  const known = security && { security: () => security };
  return servedStatement({ version: VERSION, fhir, ...known }, base, 0);
}
