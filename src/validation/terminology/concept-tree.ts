/** Turns the concepts of a CodeSystem into a graph: who stands above whom, and what properties each has. */
import type { CodeSystem, CodeSystemConcept } from '@medplum/fhirtypes';
import { conceptsOf, writtenValue } from './code-system.ts';

/** A CodeSystem as filters see it. Cycles in what is published do no harm. */
export interface ConceptTree {
  has(code: string): boolean;
  /** the code itself and all below it */
  within(code: string): ReadonlySet<string>;
  /** the code itself and all above it */
  above(code: string): ReadonlySet<string>;
  /** values of a property: `code`, `concept`, `display`, `definition`, `parent`, `child`, or one of the system's own */
  values(code: string, property: string): readonly string[];
  /** whether the property means something here: one of those named above, declared by the system, or had by a concept */
  declares(property: string): boolean;
}

/** The names of the relation in concept properties; v3 CodeSystems say `subsumedBy` where others say `parent`. */
const PARENT_NAMES = new Set(['parent', 'subsumedBy']);
const CHILD_NAMES = new Set(['child']);
/** Properties that every concept has: without a value they are false. */
const FLAGS = new Set(['inactive', 'notSelectable']);
const ALWAYS = new Set(['code', 'concept', 'display', 'definition', 'parent', 'child', ...FLAGS]);

type Relation = Map<string, Set<string>>;

export function conceptTree(codeSystem: CodeSystem): ConceptTree {
  const concepts = new Map<string, CodeSystemConcept>();
  const parents: Relation = new Map();
  const children: Relation = new Map();
  const relate = (parent = '', child = ''): void => {
    addTo(children, parent, child);
    addTo(parents, child, parent);
  };
  const isParent = namesOf(codeSystem, PARENT_NAMES, '#parent');
  const isChild = namesOf(codeSystem, CHILD_NAMES, '#child');
  const own = new Set(codeSystem.property?.map(({ code }) => code));
  for (const concept of conceptsOf(codeSystem.concept)) {
    const { code = '' } = concept;
    concepts.set(code, concept);
    for (const child of concept.concept ?? []) relate(code, child.code);
    for (const property of concept.property ?? []) {
      own.add(property.code);
      if (isParent.has(property.code ?? '')) relate(writtenValue(property), code);
      if (isChild.has(property.code ?? '')) relate(code, writtenValue(property));
    }
  }
  return {
    has: (code) => concepts.has(code),
    within: (code) => reached(code, children),
    above: (code) => reached(code, parents),
    values: (code, property) => valuesOf(concepts.get(code), property, { parents, children }),
    declares: (property) => ALWAYS.has(property) || own.has(property),
  };
}

function valuesOf(
  concept: CodeSystemConcept | undefined,
  name: string,
  { parents, children }: { readonly parents: Relation; readonly children: Relation },
): readonly string[] {
  if (!concept) return [];
  const { code = '', display, definition, property = [] } = concept;
  if (name === 'code' || name === 'concept') return [code];
  if (name === 'display') return display === undefined ? [] : [display];
  if (name === 'definition') return definition === undefined ? [] : [definition];
  if (name === 'parent') return [...(parents.get(code) ?? [])];
  if (name === 'child') return [...(children.get(code) ?? [])];
  const values = property.filter((one) => one.code === name).map(writtenValue);
  return values.length === 0 && FLAGS.has(name) ? ['false'] : values;
}

/** @returns the codes of properties that mean the relation, by their name or by the URI that they are declared with */
function namesOf({ property = [] }: CodeSystem, names: ReadonlySet<string>, uriEnd: string): Set<string> {
  return new Set([
    ...names,
    ...property.filter(({ uri }) => uri?.endsWith(uriEnd)).map(({ code }) => code ?? ''),
  ]);
}

function reached(start: string, relation: Relation): Set<string> {
  const found = new Set([start]);
  // a Set takes new members while it is walked, each once
  for (const code of found) for (const next of relation.get(code) ?? []) found.add(next);
  return found;
}

function addTo(relation: Relation, key: string, value: string): void {
  const values = relation.get(key);
  if (values) values.add(value);
  else relation.set(key, new Set([value]));
}
