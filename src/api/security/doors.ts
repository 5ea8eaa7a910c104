/** Turns the address of a request into the door that it goes through: one table, and what is not in it is refused. */
import type { Permission } from './clients.ts';

/** What a door asks for. */
export type Ask =
  /** nothing: it shows what everybody may know */
  | 'nothing'
  /** a client with a right on the type */
  | 'client'
  /** a client that may post to the source */
  | 'source'
  /** this machine, or a client with the permission by HTTP Basic or as anywhere */
  | { readonly page: Permission }
  /** the operator's token, or a client with the permission */
  | { readonly operator: Permission }
  /** what the route itself asks for: a secret, a token or a certificate of its own */
  | 'its own';

export interface Door {
  /** path, `{…}` for one part of any name, `/*` at its end for all that is below */
  readonly path: string;
  readonly ask: Ask;
  /** for the documentation */
  readonly serves: string;
}

/** The FHIR base; the same as in server.ts, which stands above this. */
export const FHIR = '/fhir/R4';

/** The first that fits holds. */
export const DOORS: readonly Door[] = [
  { path: '/health', ask: 'nothing', serves: 'whether the process lives' },
  { path: '/ready', ask: 'nothing', serves: 'whether it can work' },
  { path: '/.well-known/jwks.json', ask: 'nothing', serves: 'public keys that we ask NHS services by' },
  { path: '/.well-known/oauth-authorization-server', ask: 'nothing', serves: 'where tokens are had' },
  { path: '/auth/jwks', ask: 'nothing', serves: 'public keys that access tokens are signed with' },
  { path: '/auth/token', ask: 'its own', serves: 'access tokens, for a signed assertion or a certificate' },
  { path: `${FHIR}/metadata`, ask: 'nothing', serves: 'what is served' },
  { path: `${FHIR}/.well-known/smart-configuration`, ask: 'nothing', serves: 'where tokens are had' },
  { path: '/openapi.json', ask: 'nothing', serves: 'description of the API' },
  { path: `${FHIR}/OperationDefinition/{id}`, ask: 'nothing', serves: 'what operations take and give' },
  { path: FHIR, ask: 'client', serves: 'batch and transaction' },
  { path: `${FHIR}/$export-status/{id}`, ask: 'client', serves: 'how an export of the client’s own stands' },
  {
    path: `${FHIR}/$export-file/{id}/{file}`,
    ask: 'client',
    serves: 'files of an export of the client’s own',
  },
  { path: `${FHIR}/*`, ask: 'client', serves: 'people’s data' },
  { path: '/intake/receipts/{id}', ask: 'source', serves: 'what became of what was posted' },
  { path: '/intake/{source}/{kind}', ask: 'source', serves: 'takes records' },
  { path: '/metrics', ask: { page: 'metrics' }, serves: 'numbers for Prometheus' },
  { path: '/', ask: { page: 'console' }, serves: 'status page' },
  { path: '/coded-activity', ask: { page: 'console' }, serves: 'page of coded activity' },
  { path: '/work', ask: { page: 'console' }, serves: 'pages of the worklist' },
  { path: '/work/{id}', ask: { page: 'console' }, serves: 'page of one item' },
  { path: '/assets/*', ask: 'nothing', serves: 'styles and fonts of the pages' },
  { path: '/favicon.ico', ask: 'nothing', serves: 'nothing' },
  {
    path: '/coded-activity/*',
    ask: { operator: 'coded-activity' },
    serves: 'lists for practices, and receipts for them',
  },
  { path: '/worklist', ask: { operator: 'worklist' }, serves: 'what needs a person' },
  { path: '/worklist/*', ask: { operator: 'worklist' }, serves: 'one item, and what is done about it' },
  { path: '/deliveries/*', ask: { operator: 'deliveries' }, serves: 'withdrawals and filings' },
  {
    path: '/control/*',
    ask: 'its own',
    serves: 'the command line: the token in the lock file of the data folder',
  },
  { path: '/subscriptions/*', ask: 'its own', serves: 'hooks of EHRs: a secret for each target' },
];

/** @param path of a service that has a door of its own, such as the one that takes messages */
export function ownDoor(path: string, serves: string): readonly Door[] {
  return [
    { path, ask: 'its own', serves },
    { path: `${path}/*`, ask: 'its own', serves },
  ];
}

/**
 * Compares as Express does: letters of any case, a slash at the end. A door that asks for nothing is found by its very
 * letters alone, so that no other spelling of an address opens it.
 * @returns finds the door of a path
 */
export function doorsOf(doors: readonly Door[]): (path: string) => Door | undefined {
  const exact = new Map(doors.filter(({ path }) => !/[{*]/.test(path)).map((door) => [door.path, door]));
  const patterns = doors.map((door) => ({ door, pattern: patternOf(door) }));
  return (path) => exact.get(path) ?? patterns.find(({ pattern }) => pattern.test(path))?.door;
}

function patternOf({ path, ask }: Door): RegExp {
  const parts = path
    .replace(/\/\*$/, '')
    .split(/\{\w+\}/)
    .map((part) => part.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&'));
  const end = path.endsWith('/*') ? '/.*' : ask === 'nothing' ? '' : '/?';
  return new RegExp(`^${parts.join('[^/]+')}${end}$`, ask === 'nothing' ? '' : 'i');
}

/** @returns the table of the documentation */
export function doorTable(doors: readonly Door[]): string {
  const rows = doors.map(({ path, ask, serves }) => `| \`${path}\` | ${wordsOf(ask)} | ${serves} |`);
  return ['| Path | Asks for | Serves |', '|---|---|---|', ...rows].join('\n');
}

function wordsOf(ask: Ask): string {
  if (typeof ask === 'object')
    return 'page' in ask
      ? `this machine, or a client with \`${ask.page}\``
      : `the operator’s token, or a client with \`${ask.operator}\``;
  const words = { nothing: 'nothing', client: 'a client with the scope', source: 'a client with the source' };
  return ask === 'its own' ? 'a credential of its own' : words[ask];
}
