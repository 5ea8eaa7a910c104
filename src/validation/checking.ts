/** What compiled checks and explanations ask of each other, so that none of their files imports the one that ties them together. */
import type { Definitions } from '../fhir/definitions.ts';
import type { SliceTest } from './discriminate.ts';
import type { Discerning } from './discriminator-path.ts';
import type { ElementRules, Slicing, TypeBook, TypeRules } from './element-rules.ts';
import type { Faults, Place } from './explain/faults.ts';
import type { Rule } from './invariants.ts';
import type { Owner } from './members.ts';
import type { RuleBooks } from './rule-books.ts';
import type { Json } from './run.ts';
import type { Schema } from './schema.ts';
import type { StatedOn } from './stated.ts';
import type { Terms } from './terms.ts';

/** @returns true when there is nothing to say of the value */
export type Check = (value: unknown) => boolean;

/** The compiled checks of everything that is known. */
export interface Checking extends Discerning {
  readonly books: RuleBooks;
  readonly definitions: Definitions;
  readonly terms: Terms;
  /** @returns the check of a value of a type or profile, without the profiles that the value claims */
  ofBook(book: TypeBook): Check;
  /** @returns the check of a data type's values */
  ofType(code: string): Check;
  /** @returns the check of a value that has the content of an element elsewhere (`contentReference`) */
  ofContent(rules: ElementRules): Check;
  /** @returns the check of one value of an element, as the rules of a slice say */
  ofElement(rules: ElementRules): Check;
  /** @returns the check of a resource by its type, whatever it claims; undefined where the type is none of R4's */
  ofResource(value: unknown): Check | undefined;
  /** @returns compiled invariants */
  rules(stated: StatedOn): readonly Rule[];
  /** @returns one test a slice */
  tests(slicing: Slicing): readonly SliceTest[];
  compile(schema: Schema): Check;
  /** whether a resource is of the type that a definition is of */
  isOf(value: unknown, book: TypeBook): boolean;
  book(canonical: string): TypeBook | undefined;
  resolve(reference: unknown): Json | undefined;
}

/** An explanation in the making. */
export interface Explaining {
  readonly checks: Checking;
  readonly faults: Faults;
  /**
   * Explains what has a definition of its own, a resource or an extension within another, the first time only: each
   * definition around it would explain it again, and so on at every level.
   */
  once(here: Place, body: () => void): void;
  /** Explains a value by a definition: a type's or a profile's. */
  book(value: unknown, book: TypeBook, at: Place): void;
  /** Explains an object by the elements that it may have. */
  object(value: unknown, content: readonly ElementRules[], owner: Owner, at: Place): void;
  /** Explains one value of an element: its structure, and when that is sound what is stated on it. */
  value(
    value: unknown,
    rules: ElementRules,
    type: TypeRules,
    here: Place,
    beside?: unknown,
    about?: Owner,
  ): void;
}
