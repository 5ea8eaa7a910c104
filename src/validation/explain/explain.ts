/** Turns a resource into every fault that rules find in it: slow, and asked only where the compiled check says no. */
import { BundleEntries } from '../bundle/entries.ts';
import type { Checking, Explaining } from '../checking.ts';
import { urlOfType } from '../discriminator-path.ts';
import type { ElementRules, TypeBook, TypeRules } from '../element-rules.ts';
import { isPrimitiveType, type Owner } from '../members.ts';
import { primitiveFault } from '../primitive-formats.ts';
import { isContained } from '../resolve.ts';
import { among, claimsOf, DEEPEST, type Json, running, within } from '../run.ts';
import { specialFaults } from '../special.ts';
import { explainElement, explainNull } from './element.ts';
import { Faults, type Place, STRUCTURE } from './faults.ts';
import { explainStated } from './stated.ts';
import { explainUnknown } from './unknown.ts';

const NONE: ReadonlySet<ElementRules> = new Set();

export class Explainer implements Explaining {
  readonly checks: Checking;
  readonly faults = new Faults();
  /** errors of what `once` explained, by place */
  readonly #inside = new Map<string, number>();

  constructor(checks: Checking) {
    this.checks = checks;
  }

  /**
   * Explains a resource by its type and by the profiles that it claims.
   * @param at where the resource stands: `Patient`, `Bundle.entry[0].resource`
   */
  resource(value: unknown, at: Place, profiles: readonly string[] = []): void {
    const type = (value as Json | null)?.resourceType;
    const book = typeof type === 'string' ? this.checks.books.find(urlOfType(type)) : undefined;
    if (book?.kind !== 'resource' || book.isAbstract) {
      const text = 'names no resource type of R4: write one, for example Patient';
      return this.faults.add(at.below('resourceType'), 'unknown-type', text, { code: 'structure' });
    }
    const all = [...new Set([...claimsOf(value as Json), ...profiles])];
    const isProfiled = all.some((url) => this.checks.books.find(url)?.type === book.type);
    this.book(value, book, isProfiled ? at.beforeProfiles() : at);
    for (const url of all) this.#profile(value as Json, url, at);
  }

  #profile(value: Json, url: string, at: Place): void {
    const { books } = this.checks;
    const book = books.find(url);
    if (books.isFaulty(url)) {
      const text = `claims the profile ${url}, whose definition is here but has faults: "profiles add" names them`;
      this.faults.add(at, 'profile-faulty', text, { code: 'not-supported' });
    } else if (!book) this.#unknown('claims', url, at);
    else if (this.checks.isOf(value, book)) this.book(value, book, at);
    else {
      const text = `claims the profile ${url}, which is one on ${book.type}: claim another, or none`;
      this.faults.add(at, 'profile-type', text, STRUCTURE);
    }
  }

  #unknown(verb: 'claims' | 'is to be of', url: string, at: Place): void {
    const text = `${verb} the profile ${url}, which is not known here and was not checked: add its package with "profiles add"`;
    this.faults.add(at, 'profile-unknown', text, { severity: 'information', code: 'not-found' });
  }

  /** Explains a value by a definition: a type's or a profile's. */
  book(value: unknown, book: TypeBook, at: Place): void {
    if (book.type === 'Bundle' && isObject(value))
      return among(new BundleEntries(value), () => this.#book(value, book, at));
    this.#book(value, book, at);
  }

  #book(value: unknown, book: TypeBook, at: Place): void {
    const owner: Owner = { type: book.type, isResource: book.kind === 'resource' };
    const before = this.faults.errors;
    this.object(value, book.root.content, owner, at.of(book));
    if (this.faults.errors === before)
      explainStated(
        this,
        value,
        { rules: book.root, type: { code: book.type, profiles: [], targets: [] } },
        at.of(book),
      );
  }

  /** Explains an object by the elements that it may have. */
  object(value: unknown, content: readonly ElementRules[], owner: Owner, at: Place): void {
    if (!isObject(value))
      return this.faults.add(
        at,
        'type',
        `has the wrong JSON type: write an object (${owner.type})`,
        STRUCTURE,
      );
    if (at.depth > DEEPEST)
      return this.faults.add(at, 'depth', `is nested more than ${DEEPEST} levels deep: flatten it`, {
        code: 'too-long',
      });
    if (Object.values(value).every((one) => one === undefined))
      return this.faults.add(at, 'empty', 'is an empty object: leave it out');
    const isOpen = owner.isResource && this.checks.books.type(owner.type)?.isAbstract === true;
    const mistyped = isOpen ? NONE : explainUnknown(this, value, content, owner, at);
    for (const rules of content) if (!mistyped.has(rules)) explainElement(this, value, rules, owner, at);
    for (const fault of specialFaults(owner.type, value, this.checks))
      this.faults.add(fault.element ? at.below(fault.element) : at, fault.rule, fault.text, {
        severity: fault.severity,
        code: fault.code,
      });
  }

  /** Explains one value of an element: its structure, and when that is sound what is stated on it. */
  value(
    value: unknown,
    rules: ElementRules,
    type: TypeRules,
    here: Place,
    beside?: unknown,
    about?: Owner,
  ): void {
    if (value === null) return explainNull(this, here);
    const before = this.faults.errors;
    this.#structure(value, rules, type, here);
    if (this.faults.errors > before) return;
    explainStated(this, value, { rules, type, owner: about }, here, beside);
  }

  #structure(value: unknown, rules: ElementRules, type: TypeRules, here: Place): void {
    const { code, profiles, format } = type;
    if (isPrimitiveType(code)) {
      const fault = primitiveFault(format ?? code, value);
      if (fault)
        this.faults.add(
          here,
          fault.rule,
          fault.text,
          fault.rule === 'fhir-type' ? STRUCTURE : { code: 'value' },
        );
      return;
    }
    const book = this.checks.books.type(code);
    if (book?.kind === 'resource') return this.#inner(value, book, rules, type, here);
    const same = rules.sameAs ?? rules;
    if (same.content.length > 0) {
      const name = code === 'BackboneElement' || code === 'Element' || rules.sameAs ? same.path : code;
      this.object(value, same.content, { type: name, isResource: false, path: rules.path }, here);
    } else if (profiles.length === 0 && book) this.book(value, book, here);
    if (profiles.length > 0) this.oneOf(value, profiles, here);
  }

  /** One of several profiles must hold; where there is one, its faults are those of the value. */
  oneOf(value: unknown, profiles: readonly string[], here: Place): void {
    if (!isObject(value))
      return this.faults.add(here, 'type', 'has the wrong JSON type: write an object', STRUCTURE);
    const { books } = this.checks;
    for (const url of profiles)
      if (!books.find(url) && !books.isFaulty(url)) this.#unknown('is to be of', url, here);
    if (profiles.some((url) => this.checks.conforms(value, url))) return;
    const book = profiles.length === 1 ? this.checks.books.find(profiles[0]!) : undefined;
    const before = this.faults.errors;
    if (book) running().held.explaining(value, book, () => this.book(value, book, here));
    // where bindings are left to a profile, the profile finds what is missing here
    if (this.faults.errors === before && !this.faults.hasBelow(here) && !here.leavesBindings)
      this.faults.add(
        here,
        'profile-conforms',
        `conforms to none of the profiles allowed here: ${profiles.join(', ')}`,
      );
  }

  #inner(
    value: unknown,
    book: TypeBook,
    { name, content }: ElementRules,
    { profiles }: TypeRules,
    here: Place,
  ): void {
    if (!isObject(value))
      return this.faults.add(here, 'type', 'has the wrong JSON type: write an object, a resource', STRUCTURE);
    if (!book.isAbstract && value.resourceType !== book.type)
      return this.faults.add(here, 'type', `is of the wrong type: it must be a ${book.type}`, STRUCTURE);
    within(value, name === 'contained' || isContained(value), () => {
      this.once(here, () => this.resource(value, here.within()));
      if (content.length > 0) this.object(value, content, { type: book.type, isResource: true }, here);
      if (profiles.length > 0) this.oneOf(value, profiles, here);
    });
  }

  once(here: Place, body: () => void): void {
    const known = this.#inside.get(here.expression);
    const before = this.faults.errors;
    if (known === undefined) body();
    else this.faults.errors += known;
    this.#inside.set(here.expression, this.faults.errors - before);
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
