/** Turns one parameter of a search into a condition of the store: with its modifier, through chains, and `_has`. */
import type { StoredType } from '../../fhir/definitions.ts';
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { SearchClause } from '../../store/store.ts';
import { type ClauseParts, idClause, plainClause, updatedClause } from './plain.ts';
import { faultOf } from './reading.ts';
import { isFollowed, isStored } from './served.ts';

/** `a.b.c.d.name` goes through four references; `_has` within `_has` counts as one each. */
const DEEPEST_CHAIN = 4;
/** Types that all chains of one parameter may lead through, where it names none. */
const MOST_BRANCHES = 24;

/**
 * @param name as in the query: `status:not`, `subject:Patient.name`, `_has:Observation:patient:code`
 * @returns undefined where the type has no such parameter here; or what is wrong with it
 * @source FHIR R4, 3.1.1.4.4 (modifiers), 3.1.1.4.14 (chained), 3.1.1.4.15 (reverse chained)
 */
export function readClause(
  parts: ClauseParts,
  type: StoredType,
  name: string,
  value: string,
): Checked<SearchClause> | undefined {
  return new Chains(parts, value).clause(type, name, 0);
}

/** One parameter on its way through references. */
class Chains {
  readonly #parts: ClauseParts;
  readonly #value: string;
  #branches = 0;

  constructor(parts: ClauseParts, value: string) {
    this.#parts = parts;
    this.#value = value;
  }

  clause(type: StoredType, name: string, depth: number): Checked<SearchClause> | undefined {
    if (depth > DEEPEST_CHAIN)
      return tooCostly(`a chain goes through at most ${DEEPEST_CHAIN} references; ask for less at once`);
    if (name.startsWith('_has:')) return this.#has(type, name, depth);
    const dot = name.indexOf('.');
    if (dot >= 0) return this.#chain(type, name.slice(0, dot), name.slice(dot + 1), depth);
    const colon = name.indexOf(':');
    const code = colon < 0 ? name : name.slice(0, colon);
    const modifier = colon < 0 ? undefined : name.slice(colon + 1);
    if (code === '_id') return idClause(this.#value, modifier);
    if (code === '_lastUpdated') return updatedClause(this.#value, modifier);
    const parameter = this.#parts.served.get(type)?.get(code);
    return parameter && plainClause(this.#parts, parameter, modifier, this.#value);
  }

  /** `subject:Patient.name`, `patient.organization.name`: through each type that the reference may point at and has the rest. */
  #chain(type: StoredType, head: string, rest: string, depth: number): Checked<SearchClause> | undefined {
    const [code = '', named, ...more] = head.split(':');
    const parameter = this.#parts.served.get(type)?.get(code);
    if (!parameter) return undefined;
    const shown = code; // the rest is the client's words
    if (!isFollowed(parameter)) return faultOf(shown, `${code} is no reference that can be followed`);
    if (more.length > 0 || (named !== undefined && !parameter.targets.includes(named)))
      return faultOf(shown, `write ${parameter.targets.filter(isStored).join(' or ')} after ${code}:`);
    const types = named === undefined ? parameter.targets.filter(isStored) : [named].filter(isStored);
    this.#branches += types.length;
    if (this.#branches > MOST_BRANCHES)
      return tooCostly(`${code} leads to many types; name the one that is meant, as in ${code}:${types[0]}`);
    const found: SearchClause[] = [];
    for (const target of types) {
      const inner = this.clause(target, rest, depth + 1);
      if (!inner) continue;
      if (!inner.ok && (named !== undefined || types.length === 1 || isCost(inner))) return inner;
      if (!inner.ok) continue;
      found.push({ kind: 'chain', param: parameter.code, type: target, clauses: [inner.value] });
    }
    const [only] = found;
    if (only) return { ok: true, value: found.length === 1 ? only : { kind: 'any', clauses: found } };
    return faultOf(
      shown,
      `write after the dot a search parameter of ${types.join(' or ') || 'a type that is served and that it refers to'}`,
    );
  }

  /** `_has:Observation:patient:code`: an Observation refers here by `patient`, and its `code` is the value. */
  #has(type: StoredType, name: string, depth: number): Checked<SearchClause> {
    const [, from = '', code = '', ...rest] = name.split(':');
    const wanted = rest.join(':');
    if (!isStored(from) || wanted === '')
      return faultOf('_has', 'write _has:Type:reference:parameter, with a type that is served');
    const parameter = this.#parts.served.get(from)?.get(code);
    if (!parameter || !isFollowed(parameter) || !parameter.targets.includes(type))
      return faultOf('_has', `${from} does not refer to ${type} by a parameter of this name that is served`);
    const inner = this.clause(from, wanted, depth + 1);
    if (!inner) return faultOf('_has', `${from} has no search parameter of this name that is served`);
    if (!inner.ok) return inner;
    return {
      ok: true,
      value: { kind: 'has', type: from, param: parameter.code, clauses: [inner.value] },
    };
  }
}

function tooCostly(what: string): ReturnType<typeof refuse> {
  const diagnostics = `This search is too costly: ${what}.`;
  return refuse({ code: 'too-costly', rule: 'api-search-cost', diagnostics, expression: 'http' });
}

function isCost({ outcome }: ReturnType<typeof refuse>): boolean {
  return outcome.issue.some((issue) => issue.code === 'too-costly');
}

/** @returns the types of other resources that a condition looks into: who may not search them may not ask so */
export function typesWithin(clauses: readonly SearchClause[]): ReadonlySet<string> {
  const types = new Set<string>();
  for (const clause of clauses) {
    if (!('clauses' in clause)) continue;
    if ('type' in clause) types.add(clause.type);
    for (const type of typesWithin(clause.clauses)) types.add(type);
  }
  return types;
}
