/** Compiles rules to checks: one ajv function a definition, made when it is first needed. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { Ajv } from 'ajv';
import type { Definitions } from '../fhir/definitions.ts';
import { BundleEntries } from './bundle/entries.ts';
import type { Check, Checking } from './checking.ts';
import { type SliceTest, testsOf } from './discriminate.ts';
import type { ElementRules, Slicing, TypeBook } from './element-rules.ts';
import { compileRules, type Rule } from './invariants.ts';
import { addKeywords, isResourceFine } from './keywords.ts';
import { isOfForm } from './members.ts';
import { statedType } from './references.ts';
import { isContained, resolveReference } from './resolve.ts';
import type { RuleBooks } from './rule-books.ts';
import { among, DEEPEST, type Json, running, within } from './run.ts';
import { objectSchema, type Schema, statedSchema, valueSchema } from './schema.ts';
import { isStated, type StatedOn } from './stated.ts';
import type { Terms } from './terms.ts';

export class Checks implements Checking {
  readonly books: RuleBooks;
  readonly definitions: Definitions;
  readonly terms: Terms;
  /** what could not be compiled: the validator refuses to start with these */
  readonly faults: OperationOutcomeIssue[] = [];
  readonly #ajv: Ajv;
  readonly #ofBook = new Map<TypeBook, Check>();
  readonly #ofElement = new Map<ElementRules, Check>();
  readonly #ofContent = new Map<ElementRules, Check>();
  readonly #ofResource = new Map<string, Check>();
  readonly #ofType = new Map<string, Check>();
  readonly #rules = new Map<StatedOn['constraints'], readonly Rule[]>();
  readonly #tests = new Map<Slicing, readonly SliceTest[]>();

  constructor(books: RuleBooks, definitions: Definitions, terms: Terms) {
    this.books = books;
    this.definitions = definitions;
    this.terms = terms;
    this.#ajv = new Ajv({ strict: false, validateSchema: false, messages: false, logger: false });
    addKeywords(this.#ajv, this);
  }

  /** @returns the check of a value of a type or profile, without the profiles that the value claims */
  ofBook(book: TypeBook): Check {
    const known = this.#ofBook.get(book);
    if (known) return known;
    const { root } = book;
    const isResource = book.kind === 'resource';
    const invariants = {
      type: book.type,
      constraints: root.constraints.filter(isStated),
    };
    const inner = this.compile({
      ...objectSchema(root.content, { type: book.type, isResource }),
      ...(isResource && this.books.type(book.type)?.isAbstract && { fhirIsOpen: true }),
      ...statedSchema(root),
      ...(invariants.constraints.length > 0 && { fhirInvariants: invariants }),
    });
    const check: Check =
      book.type === 'Bundle' ? (value) => among(new BundleEntries(value as Json), () => inner(value)) : inner;
    this.#ofBook.set(book, check);
    return check;
  }

  /** @returns the check of a data type's values, compiled when it is first asked */
  ofType(code: string): Check {
    const known = this.#ofType.get(code);
    if (known) return known;
    const deep = whenAsked(() => {
      const book = this.books.type(code);
      if (book?.kind === 'resource') return (resource) => isResourceOf(this, resource, code);
      return book ? this.ofBook(book) : () => true;
    });
    this.#ofType.set(code, deep);
    return deep;
  }

  /** @returns the check of a value that has the content of an element elsewhere (`contentReference`) */
  ofContent(rules: ElementRules): Check {
    const known = this.#ofContent.get(rules);
    if (known) return known;
    const deep = whenAsked(() =>
      this.compile(objectSchema(rules.content, { type: rules.path, isResource: false })),
    );
    this.#ofContent.set(rules, deep);
    return deep;
  }

  /** @returns the check of one value of an element, as the rules of a slice say */
  ofElement(rules: ElementRules): Check {
    const known = this.#ofElement.get(rules);
    if (known) return known;
    const checks = rules.types.map((type) => ({
      type,
      check: this.compile(valueSchema(rules, type, { type: '', isResource: false })),
    }));
    const check: Check = (value) =>
      checks.length === 0 || checks.some((one) => isOfForm(value, one.type.code) && one.check(value));
    this.#ofElement.set(rules, check);
    return check;
  }

  rules({ type, constraints }: StatedOn): readonly Rule[] {
    const known = this.#rules.get(constraints);
    if (known) return known;
    const rules = compileRules(type, constraints, this.definitions, this.faults);
    this.#rules.set(constraints, rules);
    return rules;
  }

  tests(slicing: Slicing): readonly SliceTest[] {
    const known = this.#tests.get(slicing);
    if (known) return known;
    const tests = testsOf(slicing, this);
    this.#tests.set(slicing, tests);
    return tests;
  }

  compile(schema: Schema): Check {
    return this.#ajv.compile(schema) as Check;
  }

  book(canonical: string): TypeBook | undefined {
    return this.books.find(canonical);
  }

  /** A profile that is not here is met: that it was not checked is said where it is claimed. */
  conforms(value: unknown, canonical: string): boolean {
    const book = this.books.find(canonical);
    if (!book) return !this.books.isFaulty(canonical);
    if (book.kind !== 'resource') return running().held.against(value, book, () => this.ofBook(book)(value));
    if (!this.isOf(value, book)) return false;
    return running().held.against(value, book, () =>
      within(value as Json, isContained(value), () => this.ofBook(book)(value)),
    );
  }

  isOf(value: unknown, { type }: TypeBook): boolean {
    const resourceType = (value as Json | null)?.resourceType;
    if (resourceType === type) return true;
    return typeof resourceType === 'string' && this.definitions.isA(resourceType, type);
  }

  isIn(value: unknown, valueSet: string): boolean | undefined {
    return this.terms.isIn(value, valueSet);
  }

  resolve(reference: unknown): Json | undefined {
    const text = typeof reference === 'string' ? reference : (reference as Json | null)?.reference;
    return typeof text === 'string' ? resolveReference(text) : undefined;
  }

  typeReferredTo(reference: unknown): string | undefined {
    return statedType(reference);
  }

  /** @returns the check of a resource by its type, whatever it claims; undefined where the type is none of R4's */
  ofResource(value: unknown): Check | undefined {
    const type = (value as Json | null)?.resourceType;
    if (typeof type !== 'string') return undefined;
    const known = this.#ofResource.get(type);
    if (known) return known;
    const book = this.books.type(type);
    if (book?.kind !== 'resource' || book.isAbstract) return undefined;
    const check = this.ofBook(book);
    this.#ofResource.set(type, check);
    return check;
  }
}

/** An element that a profile narrows to one type of resource. */
function isResourceOf(checks: Checks, value: unknown, type: string): boolean {
  if ((value as Json | null)?.resourceType !== type) return false;
  return isResourceFine(checks, value, { profiles: [], isContained: isContained(value) });
}

/** A check that is compiled when it is first asked, and ends where values are nested too deep. */
function whenAsked(make: () => Check): Check {
  let check: Check | undefined;
  return (value) => {
    check ??= make();
    const run = running();
    if (run.depth > DEEPEST) return false;
    run.depth++;
    const isGood = check(value);
    run.depth--;
    return isGood;
  };
}
