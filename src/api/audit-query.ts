/** Turns the parameters of a search for AuditEvents into a question to the audit. */
import { type Checked, refuse } from '../fhir/outcome.ts';
import type { AccessQuery } from '../store/accesses.ts';
import type { AccessAction } from '../store/audit-chain.ts';
import type { ResourceKey } from '../store/resources.ts';
import type { Pairs } from './address.ts';
import { CLIENT_SYSTEM, OUTCOMES, subtypeOf, TYPE } from './audit-event.ts';
import { dateOf } from './search/values.ts';

export interface AuditSearch {
  readonly query: AccessQuery;
  /** what was understood, for the self link */
  readonly pairs: Pairs;
  /** names that are not served */
  readonly unknown: readonly string[];
  /** nothing can be found */
  readonly isEmpty: boolean;
}

const DEFAULT_COUNT = 50;
const MOST = 500;
/** What is served, by name and type. */
export const AUDIT_PARAMETERS = {
  date: 'date',
  agent: 'reference',
  entity: 'reference',
  patient: 'reference',
  type: 'token',
  subtype: 'token',
  outcome: 'token',
} as const;

type Draft = { -readonly [name in keyof AccessQuery]: AccessQuery[name] };
type Reader = (draft: Draft, value: string) => boolean;

const REFERENCE = /^(?:https?:\/\/.+\/)?([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})$/;
const ID = /^[A-Za-z0-9.-]{1,64}$/;
const NEVER: readonly AccessAction[] = [];

/** Each is false for a value that cannot be read. */
const READERS: Readonly<Record<string, Reader>> = {
  date: readDate,
  agent: (draft, value) => meet(draft, 'client', value.replace(/^Device\//, '')),
  'agent:identifier': (draft, value) => {
    const [system, client = ''] = value.includes('|') ? value.split('|') : [CLIENT_SYSTEM, value];
    return system === CLIENT_SYSTEM ? meet(draft, 'client', client) : none(draft);
  },
  entity: (draft, value) => addEntities(draft, value, (one) => REFERENCE.exec(one)?.[1]),
  patient: (draft, value) =>
    addEntities(draft, value, (one) => (ID.test(one) ? `Patient/${one}` : REFERENCE.exec(one)?.[1])),
  type: (draft, value) =>
    value.split(',').some((one) => one === TYPE.code || one === `${TYPE.system}|${TYPE.code}`) || none(draft),
  subtype: (draft, value) => {
    const codes = value.split(',').flatMap(interactionOf);
    if (codes.length === 0 || codes.length > MOST_CODES) return codes.length === 0 && none(draft);
    draft.interactions = [...(draft.interactions ?? []), codes];
    return true;
  },
  outcome: (draft, value) => {
    const codes = value.split(',').map((one) => one.slice(one.lastIndexOf('|') + 1));
    const actions = (Object.keys(OUTCOMES) as AccessAction[]).filter((one) => codes.includes(OUTCOMES[one]));
    draft.actions = draft.actions ? draft.actions.filter((one) => actions.includes(one)) : actions;
    return true;
  },
  _count: (draft, value) => {
    if (!/^\d{1,6}$/.test(value)) return false;
    draft.count = Math.min(Number(value), MOST);
    return true;
  },
  _cursor: (draft, value) => {
    if (!/^[1-9]\d{0,14}$/.test(value)) return false;
    draft.before = Number(value);
    return true;
  },
};
/** Says how the answer is written. */
const OF_THE_ANSWER = new Set(['_format', '_pretty']);

/** @param organisations whose clients' accesses may be seen; undefined: all */
export function readAuditSearch(
  pairs: Pairs,
  organisations: readonly string[] | undefined,
): Checked<AuditSearch> {
  const draft: Draft = { organisations, count: DEFAULT_COUNT };
  const understood: Pairs[number][] = [];
  const unknown: string[] = [];
  for (const [name, value] of pairs) {
    const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    if (OF_THE_ANSWER.has(name)) continue;
    if (!read) unknown.push(name);
    else if (value === '' || !read(draft, value)) return refuse(faultOf(name));
    else understood.push([name, value]);
  }
  const isEmpty = draft.actions?.length === 0 || draft.count === 0;
  return {
    ok: true,
    value: { query: { ...draft, count: draft.count || 1 }, pairs: understood, unknown, isEmpty },
  };
}

function readDate(draft: Draft, value: string): boolean {
  const date = dateOf(value);
  if (!date) return false;
  const { prefix, lowMs, highMs } = date;
  if (prefix === 'ne' || prefix === 'ap') return false;
  const [low, high] = {
    eq: [lowMs, highMs],
    ge: [lowMs, undefined],
    gt: [highMs, undefined],
    sa: [highMs, undefined],
    lt: [undefined, lowMs],
    eb: [undefined, lowMs],
    le: [undefined, highMs],
  }[prefix];
  if (low !== undefined) draft.lowMs = Math.max(low, draft.lowMs ?? low);
  if (high !== undefined) draft.highMs = Math.min(high, draft.highMs ?? high);
  return true;
}

function meet(draft: Draft, name: 'client', value: string): boolean {
  if (draft[name] !== undefined && draft[name] !== value) return none(draft);
  draft[name] = value;
  return value !== '';
}

function none(draft: Draft): true {
  draft.actions = NEVER;
  return true;
}

function addEntities(draft: Draft, value: string, keyOf: (one: string) => string | undefined): boolean {
  const keys = value.split(',').map(keyOf);
  if (keys.some((key) => key === undefined) || keys.length > MOST_ENTITIES) return false;
  draft.entities = [...(draft.entities ?? []), keys as ResourceKey[]];
  return true;
}
const MOST_ENTITIES = 50;
const MOST_CODES = 50;

/** @returns the interaction that a token names; none where there is no such code in that system */
function interactionOf(token: string): string[] {
  const at = token.lastIndexOf('|');
  const code = token.slice(at + 1);
  if (!/^\$?[A-Za-z-]{1,64}$/.test(code)) return [];
  return at < 0 || token.slice(0, at) === subtypeOf(code).system ? [code] : [];
}

function faultOf(name: string): Parameters<typeof refuse>[0] {
  return {
    code: 'value',
    rule: 'api-audit-search',
    diagnostics: `The value of ${name} cannot be read: date takes a date with eq, ge, gt, sa, le, lt or eb; agent a client's name; entity Type/id; patient an id; subtype up to 50 codes; outcome 0, 4 or 8; _count a number.`,
    expression: `http.${name.replaceAll(/[^\w-]/g, '')}`,
  };
}
