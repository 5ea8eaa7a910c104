/** Turns the requests of a batch, a transaction or a history into faults: method, url and resource must fit each other. */

import { textOf } from '../json-parts.ts';
import type { SpecialFault } from '../special-fault.ts';
import type { Entry } from './entry.ts';

type IsResourceType = (name: string) => boolean;

/** A request's url, relative to the base. */
interface Target {
  readonly steps: readonly string[];
  readonly query: string | undefined;
}

/** Methods that send a resource, and those that must not. */
const SENDS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
const SENDS_NOTHING: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD']);
/** Methods that change the resource that they name. */
const WRITES: ReadonlySet<string> = new Set(['DELETE', 'PUT', 'PATCH']);

const ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** @source hl7.org/fhir/R4/http.html#transaction, hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.request */
export function requestFaults(
  entries: readonly Entry[],
  bundleType: unknown,
  isResourceType: IsResourceType,
): readonly SpecialFault[] {
  const isPast = bundleType === 'history';
  const faults: SpecialFault[] = [];
  const written = new Set<string>();
  for (const entry of entries) {
    const method = textOf(entry.request?.method);
    const url = textOf(entry.request?.url);
    if (method === undefined || url === undefined) continue; // structure says so
    if (!SENDS.has(method) && !SENDS_NOTHING.has(method)) continue; // its binding says so
    const target = targetOf(url);
    faults.push(...resourceFaults(entry, method, target, isPast));
    const form = isPast ? undefined : urlFault(method, url, target, isResourceType);
    if (form) faults.push({ rule: 'bundle-request-url', element: at(entry, 'request.url'), ...form });
    else faults.push(...agreementFaults(entry, method, target, isPast));
    if (isPast) continue;
    faults.push(...conditionFaults(entry, method));
    if (!form && WRITES.has(method)) faults.push(...repeated(entry, target, written));
  }
  return faults;
}

function at({ index }: Entry, below: string): string {
  return `entry[${index}].${below}`;
}

function targetOf(url: string): Target {
  const mark = url.indexOf('?');
  const path = (mark < 0 ? url : url.slice(0, mark)).replace(/^\//, '');
  return { steps: path.split('/'), query: mark < 0 ? undefined : url.slice(mark + 1) };
}

function isOperation({ steps }: Target): boolean {
  return steps.some((step) => step.startsWith('$'));
}

function resourceFaults(
  entry: Entry,
  method: string,
  target: Target,
  isPast: boolean,
): readonly SpecialFault[] {
  const rule = 'bundle-request-resource';
  const element = at(entry, 'resource');
  if (SENDS_NOTHING.has(method) && entry.resource)
    return isPast && method !== 'DELETE'
      ? []
      : [{ rule, element, text: `may not be there, as ${method} sends none: remove it`, code: 'structure' }];
  const mayBeEmpty = isPast || isOperation(target) || target.steps.at(-1) === '_search';
  return SENDS.has(method) && !mayBeEmpty && !entry.resource
    ? [{ rule, element, text: `is missing: ${method} sends one`, code: 'required' }]
    : [];
}

/** What a url must be, by method. */
const FORMS: ReadonlyMap<string, string> = new Map([
  ['POST', 'the type alone to create (Patient), or an operation'],
  ['PUT', 'Type/id, or Type? and criteria'],
  ['PATCH', 'Type/id, or Type? and criteria'],
  ['DELETE', 'Type/id, or Type? and criteria'],
]);

function urlFault(
  method: string,
  url: string,
  target: Target,
  isResourceType: IsResourceType,
): Pick<SpecialFault, 'text' | 'severity' | 'code'> | undefined {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(url))
    return { text: 'is absolute: write it relative to the base of the server', code: 'value' };
  const form = FORMS.get(method);
  if (form !== undefined && !isOfForm(method, target, isResourceType))
    return { text: `does not fit ${method}: write ${form}`, code: 'value' };
  return url.startsWith('/')
    ? { text: 'begins with a slash: write it without', severity: 'warning', code: 'value' }
    : undefined;
}

function isOfForm(method: string, target: Target, isResourceType: IsResourceType): boolean {
  const { steps, query } = target;
  const [type = '', id] = steps;
  if (method === 'POST') {
    if (isOperation(target) || steps.at(-1) === '_search') return true;
    return steps.length === 1 && query === undefined && isResourceType(type);
  }
  if (!isResourceType(type)) return false;
  if (steps.length === 1) return query !== undefined && query !== '';
  return steps.length === 2 && ID.test(id!) && query === undefined;
}

/** The url and the resource name the same type, and a PUT the same id. */
function agreementFaults(
  entry: Entry,
  method: string,
  target: Target,
  isPast: boolean,
): readonly SpecialFault[] {
  const isWrite = method === 'PUT' || method === 'POST';
  if (!isWrite || entry.type === undefined || isOperation(target)) return [];
  const [type, id] = target.steps;
  if (type === '_search' || id === '_search') return [];
  if (type !== entry.type) {
    const text = `names another type than that of the resource, ${entry.type}: correct the one or the other`;
    return [{ rule: 'bundle-request-type', element: at(entry, 'request.url'), text, code: 'value' }];
  }
  if (method !== 'PUT' || id === undefined || entry.id === id || (isPast && entry.id === undefined))
    return [];
  const text = 'is not the id that request.url names: write the same id';
  return [{ rule: 'bundle-request-id', element: at(entry, 'resource.id'), text, code: 'value' }];
}

/** A conditional create takes a query alone, and nothing else takes one. */
function conditionFaults(entry: Entry, method: string): readonly SpecialFault[] {
  const criteria = textOf(entry.request?.ifNoneExist);
  if (criteria === undefined) return [];
  const rule = 'bundle-request-condition';
  const element = at(entry, 'request.ifNoneExist');
  if (method !== 'POST')
    return [
      { rule, element, text: `is for POST, and ${method} passes it over: remove it`, severity: 'warning' },
    ];
  return criteria.includes('?')
    ? [{ rule, element, text: 'has more than the query: write only what follows the "?"', code: 'value' }]
    : [];
}

function repeated(entry: Entry, { steps, query }: Target, written: Set<string>): readonly SpecialFault[] {
  const key = steps.join('/') + (query === undefined ? '' : `?${query}`);
  if (!written.has(key)) {
    written.add(key);
    return [];
  }
  const text = 'writes a resource that an earlier entry writes too: keep one of the two';
  return [{ rule: 'bundle-request-repeated', element: at(entry, 'request.url'), text, code: 'duplicate' }];
}
