/** Reads a Subscription that a client sends: what it is about, where it goes, and how; or every fault, by element. */
import type { Extension, OperationOutcomeIssue, Resource, Subscription } from '@medplum/fhirtypes';
import { type Checked, hasErrors, issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { Validator } from '../../validation/validator.ts';
import type { ServedSearch } from '../search/served.ts';
import { type Interest, readInterest } from './criteria.ts';
import { type EndpointRules, endpointFault } from './endpoint.ts';

export const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

export type PayloadContent = 'empty' | 'id-only' | 'full-resource';

/** How a subscriber is told. */
export interface Channel {
  readonly endpoint: string;
  /** of the body; undefined: nothing but the call itself */
  readonly payload: string | undefined;
  /** of a topic's notifications; a search of R4 sends the resource, or nothing */
  readonly content: PayloadContent;
  /** seconds without an event after which a notification says that all is well */
  readonly heartbeatS: number | undefined;
  /** seconds for one call */
  readonly timeoutS: number | undefined;
  /** events in one notification at most */
  readonly maxCount: number | undefined;
}

export interface Asked {
  readonly subscription: Subscription;
  readonly interest: Interest;
  readonly channel: Channel;
  readonly headers: readonly string[];
  readonly endMs: number | undefined;
  readonly state: 'requested' | 'off';
}

export interface Reading {
  readonly served: ServedSearch;
  readonly validator: Pick<Validator, 'validate'>;
  readonly rules: EndpointRules;
  /** FHIR base, to know our own resources by in absolute references */
  readonly base: string;
  readonly nowMs: number;
}

const BODIES = ['application/fhir+json', 'application/json'];
const LONGEST_TIMEOUT_S = 60;
const SHORTEST_HEARTBEAT_S = 10;
const MOST_EVENTS = 100;
const MOST_HEADERS = 10;
const LONGEST_HEADER = 4_096;

/** @returns every fault found */
export function readSubscription(resource: Resource, reading: Reading): Checked<Asked> {
  if (resource.resourceType !== 'Subscription')
    return faulty([
      fault('Subscription', 'the body is of another type than the address: send a Subscription', 'invalid'),
    ]);
  const issues = reading.validator.validate(withoutTheirProfiles(resource));
  if (hasErrors(issues)) return { ok: false, outcome: outcomeOf(...issues) };
  const interest = interestOf(resource, reading);
  const channel = channelOf(resource);
  const faults = [
    ...(interest.ok ? [] : interest.outcome.issue),
    ...stateFaults(resource, reading.nowMs),
    ...channelFaults(resource, channel, reading.rules, interest.ok && interest.value.topic !== undefined),
    ...headerFaults(resource.channel.header ?? []),
  ];
  if (!interest.ok || faults.length > 0) return faulty(faults);
  return {
    ok: true,
    value: {
      subscription: resource,
      interest: interest.value,
      channel,
      headers: resource.channel.header ?? [],
      endMs: resource.end === undefined ? undefined : Date.parse(resource.end),
      state: resource.status === 'off' ? 'off' : 'requested',
    },
  };
}

/** What is asked of it is read here, whether its profile is at hand or not. */
function withoutTheirProfiles({ meta: _, ...subscription }: Subscription): Subscription {
  return subscription;
}

/** @returns what is news by a kept Subscription; the parameters that are served may have become fewer since */
export function interestOf(
  { criteria, ...resource }: Subscription,
  { served, base }: Pick<Reading, 'served' | 'base'>,
): Checked<Interest> {
  const { _criteria } = resource as { _criteria?: { extension?: Extension[] } };
  const filters = valuesOf(_criteria?.extension, 'backport-filter-criteria').map(({ valueString }) =>
    String(valueString),
  );
  return readInterest(served, criteria, filters, base);
}

export function channelOf({ channel }: Subscription): Channel {
  const { _payload } = channel as { _payload?: { extension?: Extension[] } };
  const number = (name: string): number | undefined => {
    const [found] = valuesOf(channel.extension, name);
    return found?.valueUnsignedInt ?? found?.valuePositiveInt ?? found?.valueInteger;
  };
  const content = valuesOf(_payload?.extension, 'backport-payload-content')[0]?.valueCode;
  return {
    endpoint: channel.endpoint ?? '',
    payload: channel.payload,
    content: (content as PayloadContent | undefined) ?? 'empty',
    heartbeatS: number('backport-heartbeat-period'),
    timeoutS: number('backport-timeout'),
    maxCount: number('backport-max-count'),
  };
}

function valuesOf(extension: readonly Extension[] | undefined, name: string): readonly Extension[] {
  return (extension ?? []).filter(({ url }) => url === `${BACKPORT}/${name}`);
}

function stateFaults({ status, end }: Subscription, nowMs: number): OperationOutcomeIssue[] {
  const isKnown = status === 'requested' || status === 'active' || status === 'off';
  return [
    ...(isKnown
      ? []
      : [fault('Subscription.status', 'write requested, or off; the server says what becomes of it')]),
    ...(end !== undefined && Date.parse(end) <= nowMs
      ? [fault('Subscription.end', 'is past: write a time to come, or leave it out')]
      : []),
  ];
}

function channelFaults(
  { channel }: Subscription,
  { endpoint, payload, content, heartbeatS, timeoutS, maxCount }: Channel,
  rules: EndpointRules,
  hasTopic: boolean,
): OperationOutcomeIssue[] {
  const at = 'Subscription.channel';
  const wrongAddress = endpointFault(endpoint, rules);
  const media = payload?.replace(/;.*$/s, '').trim().toLowerCase();
  return [
    ...(channel.type === 'rest-hook'
      ? []
      : [fault(`${at}.type`, 'only rest-hook is served', 'not-supported')]),
    ...(wrongAddress ? [fault(`${at}.endpoint`, wrongAddress)] : []),
    ...(media !== undefined && !BODIES.includes(media)
      ? [fault(`${at}.payload`, `only ${BODIES[0]} is sent`, 'not-supported')]
      : []),
    ...(hasTopic && media === undefined
      ? [fault(`${at}.payload`, `notifications of a topic have a body: write ${BODIES[0]}`)]
      : []),
    ...(hasTopic && !['empty', 'id-only', 'full-resource'].includes(content)
      ? [fault(`${at}.payload.extension`, 'write empty, id-only or full-resource')]
      : []),
    ...outside(`${at}.extension`, 'backport-heartbeat-period', heartbeatS, SHORTEST_HEARTBEAT_S, 86_400),
    ...outside(`${at}.extension`, 'backport-timeout', timeoutS, 1, LONGEST_TIMEOUT_S),
    ...outside(`${at}.extension`, 'backport-max-count', maxCount, 1, MOST_EVENTS),
  ];
}

function outside(
  path: string,
  name: string,
  value: number | undefined,
  least: number,
  most: number,
): OperationOutcomeIssue[] {
  if (value === undefined || (value >= least && value <= most)) return [];
  return [fault(path, `${name} is from ${least} to ${most}`)];
}

/** What the connection itself sets, and what would make one request two. */
const OWN_HEADERS = new Set([
  ...['host', 'connection', 'content-length', 'content-type', 'transfer-encoding', 'upgrade', 'te'],
  ...['trailer', 'expect', 'keep-alive', 'proxy-authorization', 'proxy-connection'],
]);

/** The value is never said again: it may be a secret. */
function headerFaults(headers: readonly string[]): OperationOutcomeIssue[] {
  const path = 'Subscription.channel.header';
  const what = 'write Name: value, in visible characters';
  const faults = headers.flatMap((header, at) => {
    const name = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*[\x21-\x7e][\x20-\x7e]*$/.exec(header)?.[1];
    if (name === undefined || header.length > LONGEST_HEADER) return [fault(`${path}[${at}]`, what)];
    return OWN_HEADERS.has(name.toLowerCase())
      ? [fault(`${path}[${at}]`, 'this header is set by the adapter itself: leave it out')]
      : [];
  });
  return headers.length > MOST_HEADERS ? [fault(path, `give at most ${MOST_HEADERS}`)] : faults;
}

function fault(
  expression: string,
  what: string,
  code: OperationOutcomeIssue['code'] = 'value',
): OperationOutcomeIssue {
  return issueOf({
    code,
    rule: 'subscription-element',
    diagnostics: `${expression}: ${what}.`,
    expression,
  });
}

function faulty(issues: readonly OperationOutcomeIssue[]): Checked<never> {
  return { ok: false, outcome: outcomeOf(...issues) };
}
