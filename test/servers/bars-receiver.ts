/** A service that receives referrals by BaRS, behind the proxy, on this machine: strict, with a memory, and with faults as a test wants them. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Bundle, MessageDefinition, ServiceRequest } from '@medplum/fhirtypes';
import { type Fault, headerFault, messageFault } from './bars-rules.ts';

/** `lost`: it is not even read; `cut`: it is done, and the answer is lost; else an answer in place of doing it, of whose body only the given is sent. */
export type Trouble =
  | 'lost'
  | 'cut'
  | { readonly status: number; readonly code?: string; readonly issue?: string; readonly bare?: boolean };

/** A message that was taken, once. */
export interface Taken {
  readonly requestId: string;
  readonly correlationId: string;
  readonly bundle: Bundle;
  readonly reason: string | undefined;
  readonly status: string;
}

export interface BarsReceiver {
  readonly url: string;
  /** referral by UUID, as it is held */
  readonly held: Map<string, ServiceRequest>;
  readonly taken: Taken[];
  /** every request, in order: `POST /$process-message` */
  readonly requests: {
    readonly line: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }[];
  readonly refusals: Fault[];
  /** replaces what goes wrong; at: the how manieth request, from 0 */
  trouble(with_: (line: string, at: number) => Trouble | undefined): void;
  /** takes use cases on and off */
  takes: boolean;
  close(): Promise<void>;
}

export interface BarsReceiverOptions {
  readonly service: string;
  readonly useCase: string;
  readonly versions?: readonly string[];
  /** every message is looked at as the first one, and none is kept: for measures */
  readonly forgets?: boolean;
  /** where it stands; default / */
  readonly path?: string;
}

export async function startBarsReceiver(options: BarsReceiverOptions): Promise<BarsReceiver> {
  const { service, useCase, versions = ['1.1.0'], path = '' } = options;
  let trouble: (line: string, at: number) => Trouble | undefined = () => undefined;
  const seen = new Set<string>();
  const receiver = {
    held: new Map(),
    taken: [],
    requests: [],
    refusals: [],
    takes: true,
  } as unknown as BarsReceiver;

  const process = (request: IncomingMessage, body: string): Answer => {
    const { headers, method = '' } = request;
    const wrong = headerFault({ headers, method }, service, versions);
    if (wrong) return refuse(wrong);
    const line = (request.url ?? '').slice(path.length);
    if (method === 'GET') return read(line, receiver, useCase);
    if (line !== '/$process-message') return refuse(NOT_FOUND);
    const requestId = String(headers['x-request-id']);
    if (seen.has(requestId))
      return refuse({ status: 409, code: 'REC_CONFLICT', issue: 'duplicate', text: 'known' });
    const bundle = JSON.parse(body) as Bundle;
    const fault = messageFault(bundle, { service, versions, useCase }, (id) => receiver.held.get(id)?.status);
    if (fault) return refuse(fault);
    if (options.forgets) return { status: 200, body: DONE };
    seen.add(requestId);
    take(receiver, bundle, { requestId, correlationId: String(headers['x-correlation-id']) });
    return { status: 200, body: DONE };
  };
  const refuse = (fault: Fault): Answer => {
    receiver.refusals.push(fault);
    return { status: fault.status, body: outcomeOf(fault) };
  };

  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    const line = `${request.method} ${(request.url ?? '').slice(path.length)}`;
    if (options.forgets) return answer(request, response, process(request, body));
    const at = receiver.requests.push({ line, headers: request.headers, body }) - 1;
    const wrong = trouble(line, at);
    if (wrong === 'lost') return void response.destroy();
    if (typeof wrong === 'object') return answer(request, response, troubled(wrong), wrong.bare);
    const answered = process(request, body);
    if (wrong === 'cut') return void response.destroy();
    answer(request, response, answered);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    trouble: (with_: typeof trouble) => {
      trouble = with_;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const DONE = {
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'information', code: 'informational' }],
};

const NOT_FOUND: Fault = {
  status: 404,
  code: 'REC_NOT_FOUND',
  issue: 'not-found',
  text: 'nothing of that id',
};

function troubled({
  status,
  code = 'REC_SERVER_ERROR',
  issue = 'exception',
  bare,
}: Exclude<Trouble, string>): Answer {
  return { status, body: bare ? undefined : outcomeOf({ status, code, issue, text: 'trouble' }) };
}

function read(line: string, { held, takes }: BarsReceiver, useCase: string): Answer {
  const [, id] = /^\/ServiceRequest\/([^/?]+)$/.exec(line) ?? [];
  if (id !== undefined) {
    const found = held.get(id);
    return found ? { status: 200, body: found } : { status: 404, body: outcomeOf(NOT_FOUND) };
  }
  if (line.startsWith('/MessageDefinition?'))
    return { status: 200, body: definitionsOf(takes ? useCase : 'another') };
  if (line === '/metadata')
    return { status: 200, body: { resourceType: 'CapabilityStatement', status: 'active' } };
  return { status: 404, body: outcomeOf(NOT_FOUND) };
}

function definitionsOf(useCase: string): Bundle {
  const definition = {
    resourceType: 'MessageDefinition',
    status: 'active',
    date: '2026-01-01',
    eventCoding: {
      system: 'https://fhir.nhs.uk/CodeSystem/message-events-bars',
      code: 'servicerequest-request',
    },
    useContext: [
      {
        code: { system: 'https://fhir.nhs.uk/CodeSystem/usecases-categories-bars', code: useCase },
        valueCodeableConcept: { coding: [{ code: 'positive' }] },
      },
    ],
  } satisfies MessageDefinition;
  return { resourceType: 'Bundle', type: 'searchset', total: 1, entry: [{ resource: definition }] };
}

function take(receiver: BarsReceiver, bundle: Bundle, ids: Pick<Taken, 'requestId' | 'correlationId'>): void {
  const resources = bundle.entry?.map(({ resource }) => resource) ?? [];
  const focus = resources.find((one): one is ServiceRequest => one?.resourceType === 'ServiceRequest')!;
  const [header] = resources;
  const reason = header?.resourceType === 'MessageHeader' ? header.reason?.coding?.[0]?.code : undefined;
  const before = receiver.held.get(focus.id!);
  receiver.held.set(focus.id!, focus.status === 'active' ? focus : { ...before!, status: focus.status });
  receiver.taken.push({ ...ids, bundle, reason, status: focus.status! });
}

function outcomeOf({ code, issue, text }: Fault): unknown {
  const system = 'https://fhir.nhs.uk/Codesystem/http-error-codes';
  return {
    resourceType: 'OperationOutcome',
    meta: { profile: ['https://fhir.hl7.org.uk/StructureDefinition/UKCore-OperationOutcome'] },
    issue: [{ severity: 'error', code: issue, details: { coding: [{ system, code }] }, diagnostics: text }],
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body }: Answer,
  isBare = false,
): void {
  const { 'x-request-id': id = '', 'x-correlation-id': correlation = '' } = request.headers;
  const ids = isBare ? {} : { 'x-request-id': String(id), 'x-correlation-id': String(correlation) };
  response.writeHead(status, { 'content-type': 'application/fhir+json', ...ids });
  response.end(body === undefined ? '' : JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
