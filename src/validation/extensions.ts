/** Holds extensions against their own definitions: where they may stand, what they hold, whether they change the meaning. */
import type { Definitions } from '../fhir/definitions.ts';
import { typesAt } from '../fhirpath/place.ts';
import type { Checking } from './checking.ts';
import type { TypeBook } from './element-rules.ts';
import { addedContexts } from './extension-contexts.ts';
import { DEEPEST, type Json, running } from './run.ts';
import type { ExtensionsOf } from './schema.ts';

export interface ExtensionFault {
  readonly rule:
    | 'fhir-extension-url'
    | 'fhir-extension-modifier'
    | 'fhir-extension-context'
    | 'fhir-extension';
  readonly text: string;
}

const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\S+$/i;

export function areExtensionsFine(value: unknown, of: ExtensionsOf, checks: Checking): boolean {
  if (!Array.isArray(value)) return true;
  for (const item of value) if (extensionFault(item, of, checks) || !isAsDefined(item, checks)) return false;
  return true;
}

/** @returns what is wrong with an extension where it stands; what it holds is for its definition to say */
export function extensionFault(
  item: unknown,
  of: ExtensionsOf,
  checks: Checking,
): ExtensionFault | undefined {
  const url = (item as Json | null)?.url;
  if (typeof url !== 'string' || url.trim() === '') return undefined; // its own type says so
  if (of.isNested) return undefined; // the extension around it names its parts
  if (!ABSOLUTE.test(url))
    return {
      rule: 'fhir-extension-url',
      text: 'has a url that is not absolute: write the canonical of its definition',
    };
  const book = definitionOf(url, checks);
  if (!book)
    return of.isModifier
      ? {
          rule: 'fhir-extension-modifier',
          text: 'changes the meaning of what it stands on and is not known here: add its package (profiles add), or leave it out',
        }
      : undefined;
  if (book.isModifier !== of.isModifier)
    return {
      rule: 'fhir-extension-modifier',
      text: `must be written as ${book.isModifier ? 'modifierExtension' : 'extension'}: so its definition says`,
    };
  if (mayStand(book, of, checks.definitions)) return undefined;
  const places = [...book.context.map(({ expression }) => expression), ...addedContexts(book.url)].join(', ');
  return { rule: 'fhir-extension-context', text: `may not stand here: its definition allows ${places}` };
}

/** @returns the definition of an extension, where it is known; parts of another have names in place of URLs */
export function definitionOf(url: unknown, checks: Checking): TypeBook | undefined {
  const book = typeof url === 'string' && ABSOLUTE.test(url) ? checks.books.find(url) : undefined;
  return book?.type === 'Extension' && book.isProfile ? book : undefined;
}

function isAsDefined(item: unknown, checks: Checking): boolean {
  const book = definitionOf((item as Json | null)?.url, checks);
  if (!book) return true;
  const run = running();
  if (run.depth > DEEPEST) return false;
  return run.held.alone(item, () => {
    run.depth++;
    const isFine = checks.ofBook(book)(item);
    run.depth--;
    return isFine;
  });
}

const answers = new WeakMap<TypeBook, Map<ExtensionsOf, boolean>>();

/** An element is known by its type here, not by every path to it: what is allowed on `Patient.name` is taken on any HumanName. */
function mayStand(book: TypeBook, of: ExtensionsOf, definitions: Definitions): boolean {
  if (book.context.length === 0) return true;
  const known = answers.get(book) ?? new Map<ExtensionsOf, boolean>();
  answers.set(book, known);
  const answer =
    known.get(of) ??
    (book.context.some(
      ({ type, expression = '' }) => type !== 'element' || isContext(expression, of, definitions),
    ) ||
      addedContexts(book.url).some((expression) => isContext(expression, of, definitions)));
  known.set(of, answer);
  return answer;
}

function isContext(expression: string, { owners }: ExtensionsOf, definitions: Definitions): boolean {
  if (expression === 'Element' || expression === '*' || owners.includes(expression)) return true;
  return owners.some((owner) => {
    const types = definitions.type(owner) ? [owner] : (typesAt(definitions, owner) ?? [owner]);
    if (types.some((type) => type === expression || definitions.isA(type, expression))) return true;
    // a primitive's extensions stand on `Element`: which primitive is not known there
    const allowed = typesAt(definitions, expression.split('#').at(-1) ?? expression) ?? [];
    return allowed.some((type) => types.includes(type) || (owner === 'Element' && /^[a-z]/.test(type)));
  });
}
