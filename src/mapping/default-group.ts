/** Finds the group that maps one type to another where a rule only says `src.a -> tgt.a`. */
import type { Member, Shape } from './shapes.ts';
import type { FoundGroup, Site } from './site.ts';

/** A group marked `<<types>>` or `<<type+>>`, and the type that it fills. */
export interface DefaultGroup {
  readonly found: FoundGroup;
  readonly type: string;
}

interface Candidate extends DefaultGroup {
  readonly from: string;
  readonly isTypePlus: boolean;
}

/**
 * @returns the group for these two types; where the target has several types, the `<<type+>>` group of the source's type
 * @source FHIR mapping-language.html, default mapping groups
 */
export function defaultGroup(site: Site, from: Shape, { types }: Member): DefaultGroup | undefined {
  if (from.kind !== 'type') return undefined;
  const known = candidates(site).get(from.name) ?? [];
  const exact = types.length === 1 ? known.find(({ type }) => type === types[0]) : undefined;
  if (exact) return exact;
  const { definitions } = site.unit.shapes;
  const fits = (type: string): boolean =>
    types.length === 0 || types.some((one) => definitions.isA(type, one));
  const isOpen = types.length !== 1 || definitions.type(types[0]!)?.abstract;
  return isOpen ? known.find(({ isTypePlus, type }) => isTypePlus && fits(type)) : undefined;
}

/** @returns the `<<type+>>` groups for resources, where only the record says of which type it is */
export function resourceGroups(site: Site, from: Shape, { types }: Member): readonly Candidate[] {
  const { shapes } = site.unit;
  const { definitions } = shapes;
  const isOpen = from.kind === 'any' || (from.kind === 'type' && definitions.type(from.name)?.abstract);
  const [to] = types;
  if (!isOpen || to === undefined || !shapes.isResource({ kind: 'type', name: to })) return [];
  return [...candidates(site).values()].flat().filter(({ isTypePlus, from: name, type }) => {
    return isTypePlus && definitions.type(name)?.kind === 'resource' && definitions.isA(type, to);
  });
}

/** Those that were found, by the list of groups in which they are: a file sees one. */
const found = new WeakMap<readonly FoundGroup[], Candidates>();

type Candidates = ReadonlyMap<string, readonly Candidate[]>;

/** @returns the default groups that the rule's file sees, by the type of their source */
function candidates(site: Site): Candidates {
  const visible = site.unit.visible(site.file);
  const known = found.get(visible);
  if (known) return known;
  const all = visible.flatMap((group) => candidateOf(site, group) ?? []);
  const byType = Map.groupBy(all, ({ from }) => from);
  found.set(visible, byType);
  return byType;
}

function candidateOf({ unit }: Site, found: FoundGroup): Candidate | undefined {
  const { file, group } = found;
  const [source, target, more] = group.parameters;
  if (!group.typeMode || more || !source?.type || !target?.type) return undefined;
  const [a, b] = [unit.typeShape(file, source.type), unit.typeShape(file, target.type)];
  if (a?.kind !== 'type' || b?.kind !== 'type') return undefined;
  return { found, from: a.name, type: b.name, isTypePlus: group.typeMode === 'type+' };
}
