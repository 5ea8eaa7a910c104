/** Turns a StructureDefinition that has a differential only into one with a snapshot, on its base definition. */
import type { ElementDefinition, OperationOutcomeIssue, StructureDefinition } from '@medplum/fhirtypes';
import type { Canonicals } from '../../fhir/canonicals.ts';
import { type Checked, outcomeOf } from '../../fhir/outcome.ts';
import { SnapshotFaults } from './faults.ts';
import { elementsOf, type SnapshotNode, snapshotTree, treeOf } from './tree.ts';
import type { Walk } from './unfold.ts';
import { constrain } from './walk.ts';

type Made = { readonly root: SnapshotNode } | { readonly issues: readonly OperationOutcomeIssue[] };

/** One call's work: what was made on the way, and what is being made, so that a cycle is seen. */
interface Work {
  readonly canonicals: Canonicals;
  readonly made: Map<string, Made>;
  readonly underway: Set<string>;
}

/** A base that stands for nothing: of a logical model without baseDefinition. */
const NO_BASES = new Set(['http://hl7.org/fhir/StructureDefinition/Base']);

/**
 * Generates the snapshot from the differential on `baseDefinition`, whose own snapshot is generated where it has none.
 * Deterministic, and changes nothing that it is given; parts of the snapshot are shared with the definitions it comes from.
 * @param definition a resource, data type, extension or logical model, by constraint or specialisation
 * @returns the definition with `snapshot`, as it is when it has one; or every finding on the differential
 * @source hl7.org/fhir/R4/profiling.html#snapshot
 */
export function snapshotOf(
  definition: StructureDefinition,
  canonicals: Canonicals,
): Checked<StructureDefinition> {
  if (definition.snapshot) return { ok: true, value: definition };
  const made = make(definition, { canonicals, made: new Map(), underway: new Set() });
  if ('issues' in made) return { ok: false, outcome: outcomeOf(...made.issues) };
  return { ok: true, value: { ...definition, snapshot: { element: elementsOf(made.root) } } };
}

function make(definition: StructureDefinition, work: Work): Made {
  const key = keyOf(definition);
  const before = work.made.get(key);
  if (before) return before;
  work.underway.add(key);
  const made = generate(definition, work);
  work.underway.delete(key);
  work.made.set(key, made);
  return made;
}

function keyOf({ url, version = '' }: StructureDefinition): string {
  return `${url}|${version}`;
}

function isUnderway(definition: StructureDefinition, work: Work): boolean {
  return !definition.snapshot && work.underway.has(keyOf(definition));
}

function generate(definition: StructureDefinition, work: Work): Made {
  const faults = new SnapshotFaults(definition.url);
  if (definition.snapshot) {
    const root = snapshotTree(definition.snapshot.element);
    if (root) return { root };
    const text =
      'has a snapshot with gaps, or with an element twice: take the snapshot out, so that it is generated';
    faults.add('snapshot-differential', '', text);
    return { issues: faults.issues };
  }
  const own = differentialOf(definition, faults);
  const base = own && baseOf(definition, own[0]!, work, faults);
  if (!base) return { issues: faults.issues };
  const { root, twice, outside } = treeOf(own);
  for (const element of twice)
    faults.add(
      'snapshot-duplicate',
      element.id ?? element.path,
      'stands there twice: give the second a sliceName of its own, or leave it out',
    );
  for (const element of outside)
    faults.add('snapshot-path', element.id ?? element.path, `is not below ${root.name}: correct its path`);
  const walk = walkOf(definition, base, work, faults);
  const laid = constrain(walk.base, root, root.name, walk);
  return faults.issues.length > 0 ? { issues: faults.issues } : { root: laid };
}

function differentialOf(
  definition: StructureDefinition,
  faults: SnapshotFaults,
): readonly ElementDefinition[] | undefined {
  const own = definition.differential?.element;
  const placeless = own?.findIndex(({ path }) => typeof path !== 'string' || path === '') ?? -1;
  if (placeless >= 0) {
    const place = placeless + 1;
    faults.add('snapshot-path', '', `has no path in element ${place} of its differential: supply it`);
    return undefined;
  }
  if (own && own.length > 0) return own;
  faults.add(
    'snapshot-differential',
    '',
    'has neither a snapshot nor elements in a differential: supply one of them',
  );
  return undefined;
}

function walkOf(
  definition: StructureDefinition,
  base: SnapshotNode,
  work: Work,
  faults: SnapshotFaults,
): Walk {
  return {
    canonicals: work.canonicals,
    url: definition.url,
    baseUrl: definition.baseDefinition ?? definition.url,
    base,
    isSpecialization: definition.derivation !== 'constraint',
    faults,
    tree(canonical) {
      const found = work.canonicals.find('StructureDefinition', canonical);
      if (!found || isUnderway(found, work)) return undefined;
      const made = make(found, work);
      if ('root' in made) return made.root;
      faults.take(made.issues);
      return undefined;
    },
  };
}

/** @returns the root that the differential is laid over, named as the differential names it */
function baseOf(
  definition: StructureDefinition,
  first: ElementDefinition,
  work: Work,
  faults: SnapshotFaults,
): SnapshotNode | undefined {
  const name = first.path.split('.')[0]!;
  const { baseDefinition, derivation } = definition;
  const own = { id: name, path: name, base: { path: name, min: 0, max: '*' } };
  if (derivation !== 'constraint' && (baseDefinition === undefined || NO_BASES.has(baseDefinition)))
    return { name, sliceName: undefined, element: { ...own, min: 0, max: '*' }, children: [], slices: [] };
  const root = baseTree(baseDefinition, work, faults);
  if (!root) return undefined;
  if (derivation !== 'constraint') return { ...root, name, element: { ...root.element, ...own } };
  if (root.name === name) return root;
  faults.add(
    'snapshot-path',
    first.id ?? first.path,
    `starts with ${name}, and the base with ${root.name}: start every path with ${root.name}`,
  );
  return undefined;
}

function baseTree(url: string | undefined, work: Work, faults: SnapshotFaults): SnapshotNode | undefined {
  const found = url === undefined ? undefined : work.canonicals.find('StructureDefinition', url);
  if (!found) {
    const text =
      url === undefined
        ? 'has no baseDefinition: name the definition that it constrains'
        : `builds on ${url}, which is not at hand: add the package that defines it, or correct baseDefinition`;
    faults.add('snapshot-base', '', text);
    return undefined;
  }
  if (isUnderway(found, work)) {
    const text = `builds on ${found.url}, which builds on it: correct baseDefinition of one of them`;
    faults.add('snapshot-cycle', '', text);
    return undefined;
  }
  const made = make(found, work);
  if ('root' in made) return made.root;
  faults.take(made.issues);
  return undefined;
}
