/** Turns calls of the MESH API into requests of one mailbox, each with a header of its own, and their answers into values. */
import { arch, platform, release } from 'node:os';
import type { Writable } from 'node:stream';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { Circuit } from '../../wire/circuit.ts';
import type { Exchange } from '../../wire/exchange.ts';
import { send, type WireAnswer } from '../../wire/http.ts';
import { type Endpoint, endpointsIn, type Page, pageIn, type Tracked, trackedIn } from './answers.ts';
import { faultOf, type MeshFault } from './faults.ts';

export interface MeshClientOptions {
  /** such as https://mesh-sync.spineservices.nhs.uk */
  readonly baseUrl: string;
  /** upper case */
  readonly mailbox: string;
  /** a new Authorization header for each request */
  readonly authorize: () => string;
  readonly exchange: Exchange;
  readonly circuit: Circuit;
  readonly clock: () => number;
  /** longest wait for an answer without content */
  readonly deadlineMs: number;
  /** longest wait for a chunk to go or come */
  readonly transferMs: number;
  readonly apiVersion: 1 | 2;
  /** of this software, as the handshake tells it */
  readonly version: string;
}

/** An answer, or why there is none. */
export type Answered<T> = { readonly ok: true; readonly value: T } | MeshFault;

/** Where the body of a chunk goes, by the headers that came before it. */
export type Into = (headers: Readonly<Record<string, string | undefined>>) => Writable | undefined;

export interface MeshClient {
  handshake(signal: AbortSignal): Promise<Answered<void>>;
  inbox(
    page: { readonly size: number; readonly continueFrom?: string | undefined },
    signal: AbortSignal,
  ): Promise<Answered<Page>>;
  /** @param chunk from 1 */
  download(messageId: string, chunk: number, into: Into, signal: AbortSignal): Promise<Answered<WireAnswer>>;
  acknowledge(messageId: string, signal: AbortSignal): Promise<Answered<void>>;
  /** @returns the id that MESH gave. Never repeated by itself: an ambiguous end must be looked into */
  post(
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<Answered<string>>;
  /** @param chunk from 2 */
  postChunk(
    messageId: string,
    chunk: number,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<Answered<void>>;
  track(messageId: string, signal: AbortSignal): Promise<Answered<Tracked>>;
  /** Deprecated by MESH, and there all the same. A fault of status 404: none, of status 300: several */
  trackLocal(localId: string, signal: AbortSignal): Promise<Answered<Tracked>>;
  lookUp(odsCode: string, workflowId: string, signal: AbortSignal): Promise<Answered<readonly Endpoint[]>>;
  search(workflowId: string, signal: AbortSignal): Promise<Answered<readonly Endpoint[]>>;
}

interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** below /messageexchange */
  readonly path: string;
  /** the path without what it names, for errors */
  readonly doing: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly into?: Into;
}

export function createMeshClient(options: MeshClientOptions): MeshClient {
  const asking: Asking = {
    own: encodeURIComponent(options.mailbox),
    ask: (one, signal) => request(options, one, signal),
  };
  return { ...inboxCalls(asking), ...outboxCalls(asking), ...askedOf(asking, options.version) };
}

/** How the calls of one mailbox are made. */
interface Asking {
  /** the mailbox, as it stands in a path */
  readonly own: string;
  readonly ask: (one: Ask, signal: AbortSignal) => Promise<Answered<WireAnswer>>;
}

function inboxCalls({ own, ask }: Asking): Pick<MeshClient, 'inbox' | 'download' | 'acknowledge'> {
  return {
    async inbox({ size, continueFrom }, signal) {
      const from = continueFrom === undefined ? '' : `&continue_from=${encodeURIComponent(continueFrom)}`;
      const path = `${own}/inbox?max_results=${size}${from}`;
      return mapped(await ask({ method: 'GET', path, doing: 'GET inbox' }, signal), pageIn);
    },
    download(messageId, chunk, into, signal) {
      const path = `${own}/inbox/${encodeURIComponent(messageId)}${chunk === 1 ? '' : `/${chunk}`}`;
      const headers = { 'accept-encoding': 'gzip' };
      return ask({ method: 'GET', path, doing: 'GET of a message', headers, into }, signal);
    },
    async acknowledge(messageId, signal) {
      const path = `${own}/inbox/${encodeURIComponent(messageId)}/status/acknowledged`;
      return none(await ask({ method: 'PUT', path, doing: 'PUT of an acknowledgement' }, signal));
    },
  };
}

function outboxCalls({ own, ask }: Asking): Pick<MeshClient, 'post' | 'postChunk' | 'track' | 'trackLocal'> {
  const tracking = async (which: string, signal: AbortSignal): Promise<Answered<Tracked>> => {
    const path = `${own}/outbox/tracking${which}`;
    return mapped(await ask({ method: 'GET', path, doing: 'GET tracking' }, signal), trackedIn);
  };
  return {
    async post(headers, body, signal) {
      const asked = { method: 'POST', path: `${own}/outbox`, doing: 'POST outbox' } as const;
      const answer = await ask({ ...asked, headers: { ...headers, ...GZIP }, body }, signal);
      return answer.ok ? idIn(answer.value) : answer;
    },
    async postChunk(messageId, chunk, headers, body, signal) {
      const path = `${own}/outbox/${encodeURIComponent(messageId)}/${chunk}`;
      const asked = { method: 'POST', path, doing: 'POST of a further chunk' } as const;
      return none(await ask({ ...asked, headers: { ...headers, ...GZIP }, body }, signal));
    },
    track: (id, signal) => tracking(`?messageID=${encodeURIComponent(id)}`, signal),
    trackLocal: (id, signal) => tracking(`/${encodeURIComponent(id)}`, signal),
  };
}

function askedOf({ own, ask }: Asking, version: string): Pick<MeshClient, 'handshake' | 'lookUp' | 'search'> {
  const endpoints = async (path: string, doing: string, signal: AbortSignal) =>
    mapped(await ask({ method: 'GET', path, doing }, signal), endpointsIn);
  return {
    async handshake(signal) {
      const headers = {
        'mex-ClientVersion': `hedgerow-${version}`,
        'mex-OSName': platform(),
        'mex-OSVersion': release(),
        'mex-OSArchitecture': arch(),
      };
      return none(await ask({ method: 'POST', path: own, doing: 'POST of the handshake', headers }, signal));
    },
    lookUp(ods, workflow, signal) {
      const path = `endpointlookup/${encodeURIComponent(ods)}/${encodeURIComponent(workflow)}`;
      return endpoints(path, 'GET endpointlookup', signal);
    },
    search: (workflow, signal) =>
      endpoints(`workflowsearch/${encodeURIComponent(workflow)}`, 'GET workflowsearch', signal),
  };
}

const GZIP = { 'Content-Encoding': 'gzip' };

function mapped<T>(answer: Answered<WireAnswer>, read: (answer: WireAnswer) => T): Answered<T> {
  return answer.ok ? { ok: true, value: read(answer.value) } : answer;
}

function none(answer: Answered<WireAnswer>): Answered<void> {
  return answer.ok ? { ok: true, value: undefined } : answer;
}

/** Taken, and no id to know it by: whether it is there must be looked into like an answer that never came. */
function idIn({ body, status }: WireAnswer): Answered<string> {
  const { message_id, messageID } = (body ?? {}) as { message_id?: unknown; messageID?: unknown };
  const id = message_id ?? messageID;
  if (typeof id === 'string' && id !== '') return { ok: true, value: id };
  const diagnostics = `MESH answered ${status} to POST outbox, without the id of the message.`;
  const outcome = outcomeOf(issueOf({ code: 'structure', rule: 'mesh-no-id', diagnostics }));
  return { ok: false, retry: 'ambiguous', outcome, status };
}

async function request(
  options: MeshClientOptions,
  one: Ask,
  signal: AbortSignal,
): Promise<Answered<WireAnswer>> {
  const { circuit, clock, exchange, authorize } = options;
  const waitMs = circuit.waitMs(clock());
  if (waitMs !== 0) return pausing(waitMs ?? options.deadlineMs);
  circuit.begin();
  const { method, path, body, into } = one;
  const answer = await send(
    {
      method,
      url: `${options.baseUrl}/messageexchange/${path}`,
      headers: { ...acceptOf(options), ...one.headers, Authorization: authorize() },
      ...(body === undefined ? {} : { body }),
      ...(into && {
        into: (status: number, headers: WireAnswer['headers']) => (status < 300 ? into(headers) : undefined),
      }),
    },
    {
      deadlineMs: body || into ? options.transferMs : options.deadlineMs,
      ...{ signal, exchange },
      reads: into ? 'bytes' : method === 'PUT' ? 'status' : 'json',
    },
  );
  if (!answer.ok) {
    circuit.failed(clock());
    return answer;
  }
  if (answer.status >= 500 || answer.status === 429) circuit.failed(clock());
  else circuit.succeeded();
  return answer.status < 300 ? { ok: true, value: answer } : faultOf(one.doing, answer, clock());
}

function acceptOf({ apiVersion }: MeshClientOptions): Readonly<Record<string, string>> {
  return apiVersion === 2 ? { accept: 'application/vnd.mesh.v2+json' } : { accept: 'application/json' };
}

function pausing(waitMs: number): MeshFault {
  const diagnostics = 'MESH failed several times in a row: nothing is sent to it for a while.';
  const outcome = outcomeOf(issueOf({ code: 'transient', rule: 'mesh-not-now', diagnostics }));
  return { ok: false, retry: 'transient', outcome, waitMs };
}
