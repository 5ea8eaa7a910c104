/** Turns a client and the scopes granted to it into what it may do: rights by type, and what the store lets it see. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { STORED_TYPES, type StoredType } from '../../fhir/definitions.ts';
import { type Checked, issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { SearchClause } from '../../store/search-query.ts';
import type { Viewer } from '../../store/viewer.ts';
import type { Access, Right } from '../access.ts';
import type { Pairs } from '../address.ts';
import type { ApiClient } from './clients.ts';
import { type Scope, writeScope } from './scopes.ts';

/** Reads the conditions of a scope as a search of the type reads them. */
export type ReadConditions = (type: StoredType, conditions: Pairs) => Checked<readonly SearchClause[]>;

/** What a request may do, by what it is about to do. */
export interface Grant {
  readonly client: ApiClient;
  /** for reading one resource and its versions */
  readonly reading: Access;
  /** for everything else: where a type is searched under other conditions than it is read, those of the search hold */
  readonly searching: Access;
}

type Types = ReadonlyMap<string, readonly (readonly SearchClause[])[]>;

/** @returns what the client may do under these scopes; or what is wrong with a scope's conditions */
export function grantOf(client: ApiClient, scopes: readonly Scope[], read: ReadConditions): Checked<Grant> {
  const faults: OperationOutcome['issue'] = [];
  const seen = { read: new Map<string, Sets>(), search: new Map<string, Sets>() };
  for (const scope of scopes)
    for (const type of scope.type === '*' ? STORED_TYPES : [scope.type]) {
      const clauses = clausesOf(scope, type, read, faults);
      for (const right of ['read', 'search'] as const)
        if (scope.rights.has(right)) addTo(seen[right], type, clauses);
    }
  if (faults.length > 0) return { ok: false, outcome: outcomeOf(...faults) };
  const rights = rightsOf(scopes);
  const accessWith = (types: Types): Access => ({
    client: client.id,
    organisation: client.organisations === 'all' ? 'local' : client.organisations[0]!,
    viewer: viewerOf(client, types),
    ...(client.deidentified && { isDeidentified: true }),
    may: (type, right) => rights.get(type)?.has(right) ?? rights.get('*')?.has(right) ?? false,
    maySend: (source, kind) => client.sources.has(source) || client.sources.has(`${source}/${kind}`),
  });
  return {
    ok: true,
    value: {
      client,
      reading: accessWith(new Map([...seen.search, ...seen.read])),
      searching: accessWith(new Map([...seen.read, ...seen.search])),
    },
  };
}

type Sets = (readonly SearchClause[])[];

function addTo(types: Map<string, Sets>, type: string, clauses: readonly SearchClause[]): void {
  const sets = types.get(type) ?? [];
  sets.push(clauses);
  types.set(type, sets);
}

function clausesOf(
  scope: Scope,
  type: string,
  read: ReadConditions,
  faults: OperationOutcome['issue'],
): readonly SearchClause[] {
  if (scope.conditions.length === 0) return [];
  const clauses = STORED.has(type) ? read(type as StoredType, scope.conditions) : undefined;
  if (clauses?.ok && clauses.value.length > 0) return clauses.value;
  const why =
    clauses?.ok === false ? clauses.outcome.issue.map(({ diagnostics }) => diagnostics).join(' ') : '';
  faults.push(
    issueOf({
      code: 'value',
      rule: 'access-scope-conditions',
      diagnostics:
        `The scope ${writeScope(scope)} has conditions that ${type} cannot be searched by. ${why}`.trim(),
    }),
  );
  return [];
}

const STORED: ReadonlySet<string> = new Set(STORED_TYPES);

/** Of every type that a scope names, with what holds for all types. */
function rightsOf(scopes: readonly Scope[]): ReadonlyMap<string, ReadonlySet<Right>> {
  const all = scopes.filter(({ type }) => type === '*').flatMap(({ rights }) => [...rights]);
  const rights = new Map<string, Set<Right>>([['*', new Set(all)]]);
  for (const { type, rights: own } of scopes)
    rights.set(type, new Set([...(rights.get(type) ?? all), ...own]));
  return rights;
}

function viewerOf({ organisations, purpose, seesRestricted = false }: ApiClient, types: Types): Viewer {
  const isAll = STORED_TYPES.every((type) => types.get(type)?.some((clauses) => clauses.length === 0));
  return {
    organisations: organisations === 'all' ? undefined : organisations,
    types: isAll ? undefined : types,
    purpose,
    ...(seesRestricted && { seesRestricted }),
    breaksGlass: false,
  };
}

/** The same access, looking through labels and consents. */
export function breakingGlass(access: Access): Access {
  return { ...access, viewer: { ...access.viewer, breaksGlass: true } };
}
