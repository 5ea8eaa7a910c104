/** An e-Referral Service that refuses what the real one refuses: questions without a service, too many a day, other formats. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

const STU3 = 'https://fhir.nhs.uk/STU3';
const MOST_LISTS_A_DAY = 2;
const NAMES: ReadonlyMap<string, string> = new Map([
  ['11010', 'Riverside Social Prescribing'],
  ['11020', 'Hilltop Social Prescribing'],
]);

export interface ErsReferral {
  readonly ubrn: string;
  readonly nhsNumber: string;
  /** eRS-ReferralState-1; left out: none is told */
  readonly state?: string;
  /** it is on this list */
  readonly list?: string;
  /** on whose lists of that name; left out: that of the first service */
  readonly service?: string | readonly string[];
}

export interface ErsServer {
  readonly url: string;
  /** by booking reference: changed at will between looks */
  readonly referrals: Map<string, ErsReferral>;
  /** answers to give instead, by `METHOD path`: a status, and headers */
  readonly broken: Map<string, { status: number; headers?: Record<string, string>; body?: string }>;
  /** what was asked, as `METHOD path` */
  readonly asked: string[];
  /** awaited before each answer */
  before: ((key: string) => Promise<void> | undefined) | undefined;
  /** lists may be asked for anew */
  nextDay(): void;
}

/** @param services those that the caller may ask for @param token tells what requests must bear; default nothing */
export async function startErsServer(
  services: readonly string[] = ['11010'],
  token?: () => string,
): Promise<ErsServer> {
  const referrals = new Map<string, ErsReferral>();
  const broken: ErsServer['broken'] = new Map();
  const asked: string[] = [];
  const lists = new Map<string, number>();
  const server = createServer((request, response) => {
    void textOf(request).then(async (text) => {
      const path = request.url ?? '';
      const key = `${request.method} ${path}`;
      asked.push(key);
      await ers.before?.(key);
      const answer = broken.get(key) ?? answerTo(request, path, text);
      response.writeHead(answer.status, { 'content-type': 'application/fhir+json', ...answer.headers });
      response.end(answer.body ?? '');
    });
  });
  const answerTo = (request: IncomingMessage, path: string, text: string): Answer => {
    if (token && request.headers.authorization !== `Bearer ${token()}`) return { status: 401, body: '{}' };
    if (!request.headers['x-correlation-id']) return { status: 400, body: '{}' };
    if (request.headers.accept !== 'application/fhir+json') return { status: 406, body: '{}' };
    if (request.method === 'POST' && path === '/ReferralRequest/$ers.fetchworklist')
      return listFor(request, text);
    const ubrn = /^\/ReferralRequest\/(\d{12})$/.exec(path)?.[1];
    const found = ubrn === undefined ? undefined : referrals.get(ubrn);
    return found ? { status: 200, body: JSON.stringify(requestOf(found)) } : { status: 404, body: '{}' };
  };
  const listFor = (request: IncomingMessage, text: string): Answer => {
    if (request.headers['content-type'] !== 'application/fhir+json') return { status: 415, body: '{}' };
    const { resourceType, meta, parameter } = JSON.parse(text) as Question;
    const list = parameter.find(({ name }) => name === 'listType')?.valueCodeableConcept?.coding[0];
    const wanted = parameter.find(({ name }) => name === 'service')?.valueIdentifier?.value;
    const isWhole =
      resourceType === 'Parameters' && meta.profile[0]?.endsWith('eRS-FetchWorklist-Parameters-1');
    if (!isWhole || list?.system !== `${STU3}/CodeSystem/eRS-ReferralListSelector-1`)
      return { status: 400, body: '{}' };
    if (wanted === undefined) return { status: 422, body: '{}' };
    if (!services.includes(wanted)) return { status: 403, body: '{}' };
    const asking = `${wanted} ${list.code}`;
    const count = (lists.get(asking) ?? 0) + 1;
    lists.set(asking, count);
    if (count > MOST_LISTS_A_DAY) return { status: 429, body: '{}' };
    const there = [...referrals.values()].filter(
      (one) => one.list === list.code && [one.service ?? services[0]].flat().includes(wanted),
    );
    return { status: 200, body: JSON.stringify(listOf(there, wanted)) };
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ers: ErsServer = { url, referrals, broken, asked, before: undefined, nextDay: () => lists.clear() };
  return ers;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

interface Question {
  readonly resourceType: string;
  readonly meta: { readonly profile: readonly string[] };
  readonly parameter: readonly {
    readonly name: string;
    readonly valueCodeableConcept?: { readonly coding: readonly { system: string; code: string }[] };
    readonly valueIdentifier?: { readonly system: string; readonly value: string };
  }[];
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function requestOf({ ubrn, nhsNumber, state }: ErsReferral): object {
  const told = {
    url: `${STU3}/StructureDefinition/Extension-eRS-ReferralState-1`,
    extension: [
      { url: 'state', valueCoding: { system: `${STU3}/CodeSystem/eRS-ReferralState-1`, code: state } },
    ],
  };
  const submitted = {
    url: `${STU3}/StructureDefinition/Extension-eRS-ClinicalInfoFirstSubmitted-1`,
    valueDateTime: '2026-03-11T13:55:32.927Z',
  };
  return {
    resourceType: 'ReferralRequest',
    id: ubrn,
    meta: { versionId: '1' },
    extension: [submitted, ...(state === undefined ? [] : [told])],
    status: 'active',
    intent: 'plan',
    subject: { identifier: { system: 'http://fhir.nhs.net/Id/nhs-number', value: nhsNumber } },
  };
}

function listOf(referrals: readonly ErsReferral[], service: string): object {
  const reference = {
    identifier: { system: 'http://fhir.nhs.net/Id/ers-service', value: service },
    display: NAMES.get(service),
  };
  const url = `${STU3}/StructureDefinition/Extension-eRS-ReferralsforReview-WorkListItem-1`;
  return {
    resourceType: 'List',
    status: 'current',
    mode: 'snapshot',
    entry: referrals.map(({ ubrn }) => ({
      extension: [{ url, extension: [{ url: 'service', valueReference: reference }] }],
      item: { reference: `ReferralRequest/${ubrn}` },
    })),
  };
}
