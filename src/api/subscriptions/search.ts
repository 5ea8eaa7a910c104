/** Finds a client's own Subscriptions by the parameters that R4 has for them. */
import type { BundleEntry, Subscription } from '@medplum/fhirtypes';
import type { Request, Response } from 'express';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { Store } from '../../store/store.ts';
import { accessOf, touch } from '../access.ts';
import { baseOf, type Pairs, queryOf } from '../address.ts';
import { preferOf } from '../prefer.ts';
import { readText, statusOfBody } from '../resource-body.ts';
import { sendFault, sendFhir } from '../respond.ts';
import { linkOf } from '../search/searchset.ts';
import { splitValues } from '../search/values.ts';
import { shown } from './kept.ts';

/** What R4 searches Subscriptions by. @source hl7.org/fhir/R4/subscription.html#search */
export const SUBSCRIPTION_PARAMETERS = [
  { name: 'criteria', type: 'string', of: ({ criteria }: Subscription) => criteria },
  { name: 'payload', type: 'token', of: ({ channel }: Subscription) => channel.payload },
  { name: 'status', type: 'token', of: ({ status }: Subscription) => status },
  { name: 'type', type: 'token', of: ({ channel }: Subscription) => channel.type },
  { name: 'url', type: 'uri', of: ({ channel }: Subscription) => channel.endpoint },
] as const;

const ID = { name: '_id', type: 'token', of: ({ id }: Subscription) => id } as const;
/** They say how the answer is laid out; there is one page. */
const LAYOUT: ReadonlySet<string> = new Set(['_format', '_pretty', '_count', '_total']);

/** Answers a search by GET, or by POST with a form. */
export async function searchOwn(
  store: Pick<Store, 'subscriptions'>,
  request: Request,
  response: Response,
): Promise<void> {
  const query = await queryIn(request, response);
  if (!query) return;
  const asked = query.filter(([name]) => !LAYOUT.has(name));
  const parameters = [ID, ...SUBSCRIPTION_PARAMETERS];
  const unknown = asked.filter(([name]) => !parameters.some((one) => one.name === name));
  const fault = {
    code: 'not-supported',
    rule: 'api-search-parameter',
    diagnostics: `Subscriptions are searched by ${parameters.map(({ name }) => name).join(', ')}, without modifiers; another is not used.`,
    expression: 'http',
  } as const;
  if (
    unknown.length > 0 &&
    (preferOf(request).handling === 'strict' || unknown.some(([name]) => /[:.]/.test(name)))
  )
    return sendFault(response, 400, fault);
  const all = (await store.subscriptions.list(accessOf(response).client)).map(shown);
  const found = all.filter((one) =>
    asked.every(([name, value]) => {
      const parameter = parameters.find((other) => other.name === name);
      return !parameter || splitValues(value).some((text) => isMatch(parameter, one, text));
    }),
  );
  touch(response, { interaction: 'search-type', keys: found.map(({ id }) => `Subscription/${id}` as const) });
  const base = baseOf(request);
  const used = asked.filter((pair) => !unknown.includes(pair));
  const entry = found.map((one) => entryOf(one, base));
  const warning = outcomeOf(issueOf({ ...fault, severity: 'warning' }));
  if (unknown.length > 0) entry.push({ resource: warning, search: { mode: 'outcome' } });
  sendFhir(response, 200, {
    resourceType: 'Bundle',
    type: 'searchset',
    total: found.length,
    link: [{ relation: 'self', url: linkOf(base, 'Subscription', used) }],
    ...(entry.length > 0 ? { entry } : {}),
  });
}

function isMatch(
  { type, of }: { readonly type: string; readonly of: (one: Subscription) => string | undefined },
  one: Subscription,
  text: string,
): boolean {
  const value = of(one);
  if (value === undefined) return false;
  if (type === 'string') return value.toLowerCase().startsWith(text.toLowerCase());
  return value === (type === 'token' ? text.slice(text.indexOf('|') + 1) : text);
}

function entryOf(resource: Subscription & { readonly id: string }, base: string): BundleEntry {
  return { fullUrl: `${base}/Subscription/${resource.id}`, resource, search: { mode: 'match' } };
}

async function queryIn(request: Request, response: Response): Promise<Pairs | undefined> {
  let form = '';
  if (request.method === 'POST') {
    const body = await readText(request, ['application/x-www-form-urlencoded']);
    if (!body.ok) {
      sendFhir(response, statusOfBody(body.outcome), body.outcome);
      return undefined;
    }
    form = body.value.text;
  }
  const [own, sent] = [queryOf(request.originalUrl), queryOf(`?${form}`)];
  if (own.ok && sent.ok) return [...own.value, ...sent.value];
  sendFhir(response, 400, (own.ok ? (sent as Extract<typeof sent, { ok: false }>) : own).outcome);
  return undefined;
}
