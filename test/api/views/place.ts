/** An adapter that runs views, over four people of two organisations. */
import type { RequestHandler } from 'express';
import { type Access, OPEN_ACCESS, type Right, setAccess } from '../../../src/api/access.ts';
import type { ViewRunOptions } from '../../../src/api/views/answer-run.ts';
import { viewRuns } from '../../../src/api/views/routes.ts';
import type { ShippedView } from '../../../src/api/views/shipped.ts';
import type { Store } from '../../../src/store/store.ts';
import { SEES_ALL } from '../../../src/store/viewer.ts';
import { commit, contact, idOf, NOW_MS, patient, recordOf, referral } from '../../store/samples.ts';
import { parts, startAdapter, type TestAdapter } from '../adapter.ts';

export const BASE = '/fhir/R4';
export const URL_OF_PEOPLE = 'https://views.example/ViewDefinition/people';

export const PEOPLE: ShippedView = {
  id: 'people',
  json: {
    ...{ resourceType: 'ViewDefinition', id: 'people', url: URL_OF_PEOPLE, version: '1.0.0', name: 'people' },
    ...{ status: 'active', resource: 'Patient' },
    select: [
      {
        column: [
          { name: 'id', path: 'getResourceKey()', type: 'id' },
          { name: 'born', path: 'birthDate', type: 'date' },
          { name: 'note', path: "'=1+1'", type: 'string' },
        ],
      },
    ],
  },
};

/** The client and its types (all rights on each) are in a header: `first Patient,Observation`. */
const CLIENTS: Readonly<Record<string, Partial<Access>>> = {
  tenant: { viewer: { ...SEES_ALL, organisations: ['Z99902'] } },
  narrow: {
    may: (type: string, _right: Right) => type === 'Observation',
    viewer: { ...SEES_ALL, types: new Map([['Observation', [[]]]]) },
  },
  searcher: { may: (type: string, right: Right) => type === 'Patient' && right === 'search' },
  research: { isDeidentified: true },
};
const guard: RequestHandler = (request, response, next) => {
  const client = request.get('x-test') ?? 'open';
  setAccess(response, { ...OPEN_ACCESS, client, ...CLIENTS[client] });
  next();
};

export async function startRuns(more: Partial<ViewRunOptions> = {}): Promise<TestAdapter> {
  let store: Store | undefined;
  const later = new Proxy({} as Store, { get: (_, name) => Reflect.get(store!, name) });
  const runs = viewRuns({
    ...{ store: later, definitions: parts().definitions, views: [PEOPLE], clock: () => NOW_MS },
    ...more,
  });
  const adapter = await startAdapter({ app: { guard, fhir: [runs] } });
  store = adapter.store;
  return adapter;
}

export const NAMES = ['ann', 'bob', 'cid', 'dee'] as const;

/** Dee is another organisation's. */
export async function withPeople(adapter: TestAdapter): Promise<TestAdapter> {
  const of = (name: string, ownerOrg: string) =>
    recordOf(
      [patient(name, { birthDate: '1980-01-02' }), referral(`r-${name}`, name), contact(`c-${name}`, name)],
      { key: name, ownerOrg },
    );
  await commit(adapter.store, ...NAMES.map((name) => of(name, name === 'dee' ? 'Z99902' : 'X26')));
  return adapter;
}

export const idsOf = (...names: readonly string[]): string[] => names.map(idOf).sort();

/** @returns the answer to a run of a view that is sent along */
export function postRun(
  adapter: TestAdapter,
  view: unknown,
  more: readonly object[] = [],
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const parameter = [{ name: 'viewResource', resource: view }, ...more];
  return fetch(`${adapter.url}${BASE}/$viewdefinition-run`, {
    method: 'POST',
    body: JSON.stringify({ resourceType: 'Parameters', parameter }),
    headers: { 'Content-Type': 'application/fhir+json', ...headers },
  });
}

export const linesOf = async (answer: Response): Promise<{ id: string }[]> => {
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { id: string });
};
