/** Turns the body of a $process-message into a message that can be taken, or into the first fault in the order in which receivers look. */
import type { MessageHeader } from '@medplum/fhirtypes';
import { MESSAGE_EVENTS, MESSAGE_REASONS } from './codes.ts';
import {
  caseOf,
  definitionOf,
  type MessageCase,
  type TakenDefinition,
  takenDefinitions,
} from './combinations.ts';
import { type BarsFault, badRequest as bad } from './errors.ts';
import { addressOf, addressText, type ServiceAddress } from './normal-forms.ts';
import { conformanceFault } from './receive-conformance.ts';
import { type Entry, entriesIn, isJson, type Json } from './receive-entries.ts';
import { instantMs } from './times.ts';

/** What a receiver takes. */
export interface ReceiveRules {
  /** the services that it is; each as `system|value` */
  readonly services: readonly ServiceAddress[];
  /** what Bundle.meta.versionId may begin with, such as `1` or `1.1` */
  readonly versions: readonly string[];
  /** refuse an NHS number that fails its check digit; published test data has such ones */
  readonly strictNhsNumbers: boolean;
}

/** A message that may be taken. */
export interface CheckedMessage {
  readonly bundleId: string;
  readonly asks: MessageCase;
  readonly definition: TakenDefinition;
  /** when it was made, by its sender */
  readonly timeMs: number | undefined;
  readonly header: MessageHeader;
  readonly entries: readonly Entry[];
  readonly focus: Entry;
  /** `system|value` where answers go */
  readonly replyTo: string;
  /** Bundle.meta: its labels are those of everything in it */
  readonly bundleMeta: unknown;
  /** Bundle.id of the message that this answers */
  readonly respondsTo: string | undefined;
}

export type CheckedBody =
  | { readonly ok: true; readonly value: CheckedMessage }
  | { readonly ok: false; readonly fault: BarsFault };

/**
 * Version, destination, definition, combination, focus: the first that is at fault is the answer.
 * @param target whom the headers name
 * @source BaRS, Receiver: order of checks
 */
export function checkMessage(body: unknown, target: ServiceAddress, rules: ReceiveRules): CheckedBody {
  const shape = shapeOf(body);
  if ('fault' in shape) return refused(shape.fault);
  const { bundle, header, entries } = shape;
  const early = versionFault(bundle, rules.versions) ?? destinationFault(header, target, rules.services);
  if (early) return refused(early);
  const definition = definitionOf(header.definition);
  if (!definition) return refused(noDefinition());
  const conformance = conformanceFault(bundle, entries, definition, rules);
  if (conformance) return refused(conformance);
  const focus = focusOf(header, entries);
  const status = focus && 'entry' in focus ? textOf(focus.entry.resource.status) : undefined;
  const event = codeOf(header.eventCoding, MESSAGE_EVENTS);
  const workflow = caseOf({ event, reason: reasonOf(header), status, definition });
  if ('fault' in workflow) return refused(focusFirst(focus, status) ?? workflow.fault);
  if ('fault' in focus) return refused(focus.fault);
  const source = isJson(header.source) ? addressOf(header.source.endpoint) : undefined;
  const wrong =
    focusFault(focus.entry, workflow.asks) ?? answerFault(header, workflow.asks) ?? replyFault(source);
  if (wrong) return refused(wrong);
  return {
    ok: true,
    value: {
      bundleId: bundle.id as string,
      asks: workflow.asks,
      definition,
      timeMs: instantMs(bundle.timestamp),
      header: header as unknown as MessageHeader,
      bundleMeta: bundle.meta,
      entries,
      focus: focus.entry,
      replyTo: addressText(source!),
      respondsTo: isJson(header.response) ? textOf(header.response.identifier) : undefined,
    },
  };
}

interface Shape {
  readonly bundle: Json;
  readonly header: Json;
  readonly entries: readonly Entry[];
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** What must be there for anything else to be looked at. */
function shapeOf(body: unknown): Shape | { readonly fault: BarsFault } {
  if (!isJson(body) || body.resourceType !== 'Bundle')
    return {
      fault: bad('structure', 'The body is no FHIR Bundle: send a message Bundle as JSON.', 'Bundle'),
    };
  if (body.type !== 'message')
    return { fault: bad('structure', 'Bundle.type is not message.', 'Bundle.type') };
  if (typeof body.id !== 'string' || !ID.test(body.id))
    return {
      fault: bad(
        'required',
        'Bundle.id is missing or no FHIR id: it names the message, and responses point to it.',
        'Bundle.id',
      ),
    };
  const entries = entriesIn(body.entry);
  if ('fault' in entries) return entries;
  const header = entries[0]?.resource;
  if (header?.resourceType !== 'MessageHeader')
    return {
      fault: bad(
        'structure',
        'The first entry of the Bundle is no MessageHeader.',
        'Bundle.entry[0].resource',
      ),
    };
  return { bundle: body, header, entries };
}

function versionFault(bundle: Json, versions: readonly string[]): BarsFault | undefined {
  const version = isJson(bundle.meta) ? textOf(bundle.meta.versionId) : undefined;
  const at = 'Bundle.meta.versionId';
  if (version === undefined)
    return bad('invariant', `${at} is missing: it carries the version of the BaRS application.`, at);
  const isTaken = versions.some(
    (one) => version === one || version.startsWith(`${one}.`) || version.startsWith(`${one}-`),
  );
  if (isTaken) return undefined;
  return {
    code: 'REC_UNPROCESSABLE_ENTITY',
    issue: 'not-supported',
    diagnostics: `${at} is a version that is not taken here. Taken are versions that begin with ${versions.join(', ')}.`,
    expression: at,
  };
}

function destinationFault(
  header: Json,
  target: ServiceAddress,
  services: readonly ServiceAddress[],
): BarsFault | undefined {
  const ours = new Set(services.map(addressText));
  const isHere = (one: ServiceAddress | undefined): boolean =>
    one !== undefined && ours.has(addressText(one));
  const at = 'Bundle.entry[0].resource.destination[0].endpoint';
  const first: unknown = Array.isArray(header.destination) ? header.destination[0] : undefined;
  if (!isJson(first) || textOf(first.endpoint) === undefined)
    return bad('required', `MessageHeader.destination names no endpoint.`, at);
  if (!isHere(target)) return notHere('The header nhsd-target-identifier', undefined);
  if (!isHere(addressOf(first.endpoint))) return notHere('MessageHeader.destination.endpoint', at);
  return undefined;
}

function notHere(what: string, expression: string | undefined): BarsFault {
  return {
    code: 'REC_NOT_FOUND',
    issue: 'not-found',
    diagnostics: `${what} names a service that is not here: send to the endpoint that the Directory of Services has for it.`,
    expression,
  };
}

function noDefinition(): BarsFault {
  const at = 'Bundle.entry[0].resource.definition';
  return bad(
    'not-supported',
    `MessageHeader.definition is none that is taken here. Taken are ${takenDefinitions().join(', ')}.`,
    at,
  );
}

type Focus = { readonly entry: Entry } | { readonly fault: BarsFault };

function focusOf(header: Json, entries: readonly Entry[]): Focus {
  const at = 'Bundle.entry[0].resource.focus';
  const all: readonly unknown[] = Array.isArray(header.focus) ? header.focus : [];
  if (all.length !== 1)
    return {
      fault: bad(
        all.length === 0 ? 'required' : 'invariant',
        'MessageHeader.focus must name one resource.',
        at,
      ),
    };
  const reference = isJson(all[0]) ? all[0].reference : undefined;
  const entry = entries.find(({ fullUrl }) => fullUrl === reference);
  return entry
    ? { entry }
    : { fault: bad('invariant', 'MessageHeader.focus names no entry of the Bundle.', `${at}[0].reference`) };
}

/** Without a focus there is no status that could go with anything: then that is what is wrong. */
function focusFirst(focus: Focus, status: string | undefined): BarsFault | undefined {
  return status === undefined && 'fault' in focus ? focus.fault : undefined;
}

function focusFault({ resource }: Entry, asks: MessageCase): BarsFault | undefined {
  const types = asks === 'response' ? ['ServiceRequest', 'Encounter'] : ['ServiceRequest'];
  if (types.includes(resource.resourceType)) return undefined;
  return bad(
    'invariant',
    `MessageHeader.focus is a ${resource.resourceType}: it must be ${types.join(' or ')}.`,
    'Bundle.entry[0].resource.focus[0]',
  );
}

function answerFault(header: Json, asks: MessageCase): BarsFault | undefined {
  if (asks !== 'response') return undefined;
  const isNamed = isJson(header.response) && textOf(header.response.identifier) !== undefined;
  return isNamed
    ? undefined
    : bad(
        'required',
        'MessageHeader.response.identifier is missing: it is the Bundle.id of the message that is answered.',
        'Bundle.entry[0].resource.response.identifier',
      );
}

function replyFault(source: ServiceAddress | undefined): BarsFault | undefined {
  return source
    ? undefined
    : bad(
        'required',
        'MessageHeader.source.endpoint is missing or not of the form system|id: answers go there.',
        'Bundle.entry[0].resource.source.endpoint',
      );
}

function reasonOf(header: Json): string | undefined {
  return isJson(header.reason) && Array.isArray(header.reason.coding)
    ? header.reason.coding.map((one) => codeOf(one, MESSAGE_REASONS)).find((code) => code !== undefined)
    : undefined;
}

function codeOf(coding: unknown, system: string): string | undefined {
  return isJson(coding) && coding.system === system ? textOf(coding.code) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function refused(fault: BarsFault): { ok: false; fault: BarsFault } {
  return { ok: false, fault };
}
