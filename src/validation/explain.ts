/** Turns a resource into every fault that rules find in it: slow, and asked only where the compiled check says no. */

import { BundleEntries } from './bundle-entries.ts';
import type { Checking, Explaining } from './checking.ts';
import { urlOfType } from './discriminate.ts';
import type { ElementRules, TypeBook, TypeRules } from './element-rules.ts';
import { explainExtensions } from './explain-extensions.ts';
import { explainSlices } from './explain-slices.ts';
import { explainStated } from './explain-stated.ts';
import { Faults, type Place } from './faults.ts';
import { arePaired } from './keywords.ts';
import { primitiveFault } from './primitive-formats.ts';
import { among, claimsOf, DEEPEST, type Json, running, within } from './run.ts';
import { hasCompanion, isPrimitiveType, isSlicedByType, namesOf, type Owner, sliceOfType } from './schema.ts';
import { specialFaults } from './special.ts';

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
    const book = this.checks.books.find(url);
    if (!book) {
      const text = `claims the profile ${url}, which is not known here and was not checked: add its package with "profiles add"`;
      this.faults.add(at, 'profile-unknown', text, { severity: 'information', code: 'not-found' });
    } else if (book.type === value.resourceType) this.book(value, book, at);
    else {
      const text = `claims the profile ${url}, which is one on ${book.type}: claim another, or none`;
      this.faults.add(at, 'profile-type', text, STRUCTURE);
    }
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
    const members = Object.keys(value).filter((key) => value[key] !== undefined);
    if (members.length === 0) return this.faults.add(at, 'empty', 'is an empty object: leave it out');
    const known = new Set(owner.isResource ? ['resourceType'] : []);
    for (const rules of content) {
      for (const { name, type } of namesOf(rules)) {
        known.add(name);
        if (isPrimitiveType(type.code) && hasCompanion(rules, owner)) known.add(`_${name}`);
      }
    }
    for (const key of members)
      if (!known.has(key))
        this.faults.add(
          at.below(key),
          'unknown-element',
          `is no element of ${at.nameOf(owner.type)}: remove it, or correct its name`,
          STRUCTURE,
        );
    for (const rules of content) this.#element(value, rules, owner, at);
    for (const fault of specialFaults(owner.type, value, this.checks))
      this.faults.add(fault.element ? at.below(fault.element) : at, fault.rule, fault.text, {
        severity: fault.severity,
        code: fault.code,
      });
  }

  #element(owner: Json, rules: ElementRules, about: Owner, at: Place): void {
    const names = namesOf(rules).filter(
      ({ name }) => owner[name] !== undefined || owner[`_${name}`] !== undefined,
    );
    const [first, second] = names;
    if (!first) {
      if (rules.min > 0) this.#missing(rules, at);
      return;
    }
    if (second)
      this.faults.add(
        at.below(second.name),
        'choice',
        `stands beside ${first.name}: keep one of the two`,
        STRUCTURE,
      );
    for (const { name, type } of names)
      this.#member(owner, name, sliceOfType(rules, type) ?? rules, rules, type, about, at);
    this.#typeSlices(names, rules, at);
  }

  #missing(rules: ElementRules, at: Place): void {
    const name = rules.isChoice ? namesOf(rules).map((one) => one.name) : [rules.name];
    const what = name.length > 5 ? `${rules.name}[x]` : name.join(' or ');
    const short = rules.short ? ` (${rules.short})` : '';
    this.faults.add(at.below(rules.name), 'required', `is missing: supply ${what}${short}`, {
      code: 'required',
    });
  }

  /** A slice of a choice that must be there, of another type than what is there. */
  #typeSlices(names: readonly { readonly name: string }[], rules: ElementRules, at: Place): void {
    if (!rules.isChoice || !rules.slicing || !isSlicedByType(rules)) return;
    for (const { rules: slice, name } of rules.slicing.slices) {
      const wanted = namesOf(slice).map((one) => one.name);
      if (slice.min > 0 && !names.some((one) => wanted.includes(one.name)))
        this.faults.add(
          at.below(rules.name),
          'slice-required',
          `must be written as ${wanted.join(' or ')} (slice ${name})`,
          { code: 'required' },
        );
    }
  }

  #member(
    owner: Json,
    name: string,
    rules: ElementRules,
    whole: ElementRules,
    type: TypeRules,
    about: Owner,
    at: Place,
  ): void {
    const value = owner[name];
    const here = at.below(name);
    const hasBeside = isPrimitiveType(type.code) && hasCompanion(rules, about);
    const beside = hasBeside ? owner[`_${name}`] : undefined;
    if (whole.max === 0) return this.faults.add(here, 'forbidden', 'may not be there: remove it', STRUCTURE);
    if (beside !== undefined) this.#companion(beside, rules, at.below(`_${name}`));
    if (value === undefined) return;
    if (value === null) return this.#null(here);
    if (!whole.isArray) {
      if (Array.isArray(value))
        return this.faults.add(
          here,
          'cardinality',
          'may not repeat: write one value, without brackets',
          STRUCTURE,
        );
      this.value(value, rules, type, here, beside, about);
      if (whole.slicing && !(whole.isChoice && isSlicedByType(whole)))
        explainSlices(this, [value], whole, here);
      return;
    }
    if (!Array.isArray(value))
      return this.faults.add(here, 'cardinality', 'may repeat: write it as an array', STRUCTURE);
    this.#list(value, owner, rules, type, here, about);
  }

  #list(
    items: readonly unknown[],
    owner: Json,
    rules: ElementRules,
    type: TypeRules,
    here: Place,
    about: Owner,
  ): void {
    const { name } = rules;
    if (items.length === 0) return this.faults.add(here, 'empty', 'is an empty array: leave it out');
    const count = items.length;
    if (count < rules.min || count > rules.max) {
      const bound = count < rules.min ? `at least ${rules.min}` : `at most ${rules.max}`;
      this.faults.add(here, 'cardinality', `has ${count} items: it must have ${bound}`, STRUCTURE);
    }
    const isPrimitive = isPrimitiveType(type.code);
    const beside = isPrimitive ? owner[`_${name}`] : undefined;
    if (isPrimitive && !arePaired(owner, [name]))
      this.faults.add(
        here,
        'null',
        'holds a null that no id or extension at the same place explains: leave it out',
        STRUCTURE,
      );
    items.forEach((item, index) => {
      if (item === null && isPrimitive) return;
      this.value(
        item,
        rules,
        type,
        here.item(index),
        Array.isArray(beside) ? beside[index] : undefined,
        about,
      );
    });
    if (type.code === 'Extension') explainExtensions(this, items, rules, about, here);
    if (rules.slicing) explainSlices(this, items, rules, here);
  }

  #null(here: Place): void {
    this.faults.add(here, 'null', 'is null: leave it out', STRUCTURE);
  }

  /** What stands beside a primitive: its id and extensions. */
  #companion(beside: unknown, rules: ElementRules, here: Place): void {
    if (beside === null) return this.#null(here);
    if (rules.isArray !== Array.isArray(beside))
      return this.faults.add(
        here,
        'cardinality',
        rules.isArray
          ? 'may repeat: write it as an array'
          : 'may not repeat: write one object, without brackets',
        STRUCTURE,
      );
    const own = rules.content.filter(({ name }) => name !== 'value');
    const content = own.length > 0 ? own : (this.checks.books.type('Element')?.root.content ?? []);
    const owner: Owner = { type: 'Element', isResource: false, path: rules.path };
    if (!Array.isArray(beside)) return this.object(beside, content, owner, here);
    beside.forEach((one, index) => {
      if (one !== null) this.object(one, content, owner, here.item(index));
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
    if (value === null) return this.#null(here);
    const before = this.faults.errors;
    this.#structure(value, rules, type, here);
    if (this.faults.errors > before) return;
    explainStated(this, value, { rules, type, owner: about }, here, beside);
  }

  #structure(value: unknown, rules: ElementRules, type: TypeRules, here: Place): void {
    const { code, profiles } = type;
    if (isPrimitiveType(code)) {
      const fault = primitiveFault(code, value);
      if (fault)
        this.faults.add(
          here,
          fault.rule,
          fault.text,
          fault.rule === 'fhir-type' ? STRUCTURE : { code: 'value' },
        );
      return;
    }
    if (code === 'Resource' || code === 'DomainResource')
      return this.#inner(value, type, rules.name === 'contained', here);
    const same = rules.sameAs ?? rules;
    if (same.content.length > 0) {
      const name = code === 'BackboneElement' || code === 'Element' || rules.sameAs ? same.path : code;
      this.object(value, same.content, { type: name, isResource: false, path: rules.path }, here);
    } else if (profiles.length === 0 && /^[A-Z]/.test(code)) {
      const book = this.checks.books.type(code);
      if (book) this.book(value, book, here);
    }
    if (profiles.length > 0) this.oneOf(value, profiles, here);
  }

  /** One of several profiles must hold; where there is one, its faults are those of the value. */
  oneOf(value: unknown, profiles: readonly string[], here: Place): void {
    if (!isObject(value))
      return this.faults.add(here, 'type', 'has the wrong JSON type: write an object', STRUCTURE);
    if (profiles.some((url) => this.checks.conforms(value, url))) return;
    const book = profiles.length === 1 ? this.checks.books.find(profiles[0]!) : undefined;
    const before = this.faults.errors;
    if (book && !running().open.has(value)) this.#open(value, () => this.book(value, book, here));
    // where bindings are left to a profile, the profile finds what is missing here
    if (this.faults.errors === before && !this.faults.hasBelow(here) && !here.leavesBindings)
      this.faults.add(
        here,
        'profile-conforms',
        `conforms to none of the profiles allowed here: ${profiles.join(', ')}`,
      );
  }

  #open(value: unknown, body: () => void): void {
    const { open } = running();
    open.add(value);
    body();
    open.delete(value);
  }

  #inner(value: unknown, { profiles }: TypeRules, isContained: boolean, here: Place): void {
    if (!isObject(value))
      return this.faults.add(here, 'type', 'has the wrong JSON type: write an object, a resource', STRUCTURE);
    within(value, isContained, () => {
      this.once(here, () => this.resource(value, here.within()));
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

const STRUCTURE = { code: 'structure' } as const;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
