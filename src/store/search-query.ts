/** A search of the store: conditions that all hold, an order, and a page of what they find. */
import type { ResourceKey, StoredVersion } from './resources.ts';

export type Prefix = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'sa' | 'eb' | 'ap';
export type DatePrefix = Prefix;

/** system undefined: any; '' : none. code undefined: any of the system */
export interface TokenValue {
  readonly system?: string;
  readonly code?: string;
}

/** half-open range [lowMs, highMs) of the searched value's precision */
export interface DateValue {
  readonly prefix: Prefix;
  readonly lowMs: number;
  readonly highMs: number;
}

/** half-open range [low, high) of the searched value's precision */
export interface NumberValue {
  readonly prefix: Prefix;
  readonly low: number;
  readonly high: number;
}

/** Of a unit where one is named; without a system, `code` is held against code and unit alike. */
export interface QuantityValue extends NumberValue {
  readonly system?: string;
  readonly code?: string;
}

export interface TextValue {
  readonly text: string;
  /** `starts`: without case, accents and punctuation; `contains` likewise; `exact`: as written */
  readonly how: 'starts' | 'contains' | 'exact';
}

export interface UriValue {
  readonly uri: string;
  /** by segments of the path. `below`: it, or what goes on after it; `above`: it, or what it goes on after */
  readonly how: 'exact' | 'below' | 'above';
}

/** An identifier of a kind: both of its type's coding are named, and the value. */
export interface TypedIdentifier {
  readonly system: string;
  readonly code: string;
  readonly value: string;
}

/** What one component of a composite is held to. */
export type CompositePart =
  | ({ readonly kind: 'token' } & TokenValue)
  | ({ readonly kind: 'quantity' } & QuantityValue)
  | ({ readonly kind: 'date' } & DateValue)
  | ({ readonly kind: 'string' } & TextValue)
  | { readonly kind: 'reference'; readonly target: ResourceKey };

/**
 * One condition of a search; the values of one condition are alternatives, conditions all hold. `param` is the code that
 * the store has its rows under. `not`: none of the values is there (a resource without the element is found too).
 */
export type SearchClause =
  | { readonly kind: 'id'; readonly ids: readonly string[]; readonly not?: boolean }
  | {
      readonly kind: 'token';
      readonly param: string;
      readonly values: readonly TokenValue[];
      readonly not?: boolean;
    }
  /** identifiers by their type and value: `:of-type` */
  | { readonly kind: 'typedIdentifier'; readonly param: string; readonly values: readonly TypedIdentifier[] }
  /** words that stand beside a code or a reference, from the beginning of one of them: `:text` */
  | { readonly kind: 'saidText'; readonly param: string; readonly values: readonly string[] }
  | { readonly kind: 'string'; readonly param: string; readonly values: readonly TextValue[] }
  | { readonly kind: 'uri'; readonly param: string; readonly values: readonly UriValue[] }
  | { readonly kind: 'number'; readonly param: string; readonly values: readonly NumberValue[] }
  | { readonly kind: 'quantity'; readonly param: string; readonly values: readonly QuantityValue[] }
  | { readonly kind: 'reference'; readonly param: string; readonly targets: readonly ResourceKey[] }
  /** the Reference's own identifier: `:identifier` */
  | { readonly kind: 'referenceIdentifier'; readonly param: string; readonly values: readonly TokenValue[] }
  | { readonly kind: 'date'; readonly param: string; readonly values: readonly DateValue[] }
  | { readonly kind: 'lastUpdated'; readonly values: readonly DateValue[] }
  | {
      readonly kind: 'composite';
      readonly param: string;
      readonly values: readonly (readonly CompositePart[])[];
    }
  | { readonly kind: 'missing'; readonly param: string; readonly isMissing: boolean }
  /** the parameter refers to a current resource of the type for which the conditions hold */
  | {
      readonly kind: 'chain';
      readonly param: string;
      readonly type: string;
      readonly clauses: readonly SearchClause[];
    }
  /** a current resource of the type, for which the conditions hold, refers here by the parameter: `_has` */
  | {
      readonly kind: 'has';
      readonly type: string;
      readonly param: string;
      readonly clauses: readonly SearchClause[];
    }
  /** any of them holds: compartments */
  | { readonly kind: 'any'; readonly clauses: readonly SearchClause[] };

/** By the least value (or the greatest, when descending) that a resource has for the parameter; those without one last. */
export interface SortKey {
  /** `_lastUpdated`, `_id`, or the code that the store has its rows under */
  readonly param: string;
  readonly descending: boolean;
}

export interface SearchQuery {
  readonly type: string;
  readonly clauses: readonly SearchClause[];
  /** default: in the order in which they came here */
  readonly sort?: readonly SortKey[];
  /** page size, from 0 */
  readonly count: number;
  /** cursor of the page before; pages are stable under writes */
  readonly after?: string;
}
export interface SearchPage {
  readonly versions: readonly StoredVersion[];
  /** cursor of the next page, where there is one */
  readonly next: string | undefined;
}
