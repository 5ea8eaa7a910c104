/** Turns an ODS code into what ODS says of it now, by its ORD interface or its FHIR R4 one. */
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { sendAuthorized } from '../../wire/authorized.ts';
import type { Exchange } from '../../wire/exchange.ts';
import type { WireAnswer, WireFailure } from '../../wire/http.ts';
import { classify } from '../../wire/retry-class.ts';
import type { AccessTokens } from '../../wire/token.ts';
import type { OdsCodes, OdsOrganisation } from './organisation.ts';
import { readFhir } from './read-fhir.ts';
import { readOrd } from './read-ord.ts';

export interface OdsClientOptions {
  readonly form: 'ord' | 'fhir';
  /** without a slash at its end */
  readonly baseUrl: string;
  readonly exchange: Exchange;
  /** for the FHIR interface, where it is asked under an access token */
  readonly tokens?: AccessTokens | undefined;
  /** for the FHIR interface, where it is asked under a key */
  readonly apiKey?: string | undefined;
  readonly deadlineMs: number;
  /** a new one each time */
  readonly uuid: () => string;
  readonly codes: OdsCodes;
}

/** What ODS says: an organisation, or that there is none of this code. */
export type OdsSaid = { readonly ok: true; readonly organisation: OdsOrganisation | undefined } | WireFailure;

export type AskOds = (code: string, signal: AbortSignal) => Promise<OdsSaid>;

/** @returns what asks once, and keeps nothing */
export function createOdsClient(options: OdsClientOptions): AskOds {
  const ask = options.form === 'ord' ? askOrd : askFhir;
  return async (code, signal) => {
    const said = await ask(options, code, signal);
    if (!said.ok || said.organisation === undefined || said.organisation.code === code) return said;
    return fault(options, 'permanent', `answered ${said.organisation.code} where ${code} was asked for`);
  };
}

async function askOrd(options: OdsClientOptions, code: string, signal: AbortSignal): Promise<OdsSaid> {
  const answer = await get(options, `organisations/${encodeURIComponent(code)}`, 'application/json', signal);
  if (!answer.ok) return answer;
  const { errorCode } = (answer.body ?? {}) as { errorCode?: unknown };
  if (answer.status === 404 && Number(errorCode) === 404) return { ok: true, organisation: undefined };
  return said(options, answer, () => readOrd(answer.body, options.codes));
}

async function askFhir(options: OdsClientOptions, code: string, signal: AbortSignal): Promise<OdsSaid> {
  const type = 'application/fhir+json';
  const id = encodeURIComponent(code);
  const answer = await get(options, `Organization/${id}`, type, signal);
  if (!answer.ok) return answer;
  const { resourceType } = (answer.body ?? {}) as { resourceType?: unknown };
  if (answer.status === 404 && resourceType === 'OperationOutcome')
    return { ok: true, organisation: undefined };
  if (answer.status !== 200) return said(options, answer, () => undefined);
  const search = `OrganizationAffiliation?primary-organization=${id}&_count=${MOST_LINKS}`;
  const links = await get(options, search, type, signal);
  if (!links.ok) return links;
  return said(options, links, () => readFhir(answer.body, links.body, options.codes));
}

const MOST_LINKS = 1_000;

function get(
  { baseUrl, apiKey, uuid, ...options }: OdsClientOptions,
  path: string,
  accept: string,
  signal: AbortSignal,
): Promise<WireAnswer | WireFailure> {
  const headers: Record<string, string> = { accept, 'x-request-id': uuid() };
  if (apiKey !== undefined) headers.apikey = apiKey;
  return sendAuthorized({ method: 'GET', url: `${baseUrl}/${path}`, headers }, { ...options, signal });
}

/** A 404 that is no answer of ODS (a proxy, a wrong address) says nothing of the organisation. */
function said(
  options: OdsClientOptions,
  { status }: WireAnswer,
  read: () => OdsOrganisation | undefined,
): OdsSaid {
  if (status !== 200) return fault(options, classify(status), `answered ${status}`);
  const organisation = read();
  if (organisation) return { ok: true, organisation };
  return fault(options, 'permanent', `answered in a form that is not that of "${options.form}"`);
}

function fault({ baseUrl }: OdsClientOptions, retry: WireFailure['retry'], what: string): WireFailure {
  const diagnostics = `${new URL(baseUrl).host} ${what}: check nhs.ods.form and nhs.ods.url.`;
  return {
    ok: false,
    retry,
    outcome: outcomeOf(issueOf({ code: 'exception', rule: 'ods-answer', diagnostics })),
  };
}
