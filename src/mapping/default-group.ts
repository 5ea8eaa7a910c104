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
  const known = candidates(site).filter((candidate) => candidate.from === from.name);
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
  return candidates(site).filter(({ isTypePlus, from: name, type }) => {
    return isTypePlus && definitions.type(name)?.kind === 'resource' && definitions.isA(type, to);
  });
}

function candidates(site: Site): Candidate[] {
  const { unit } = site;
  return unit.visible(site.file).flatMap(({ file, group }) => {
    const [source, target, more] = group.parameters;
    if (!group.typeMode || more || !source?.type || !target?.type) return [];
    const [a, b] = [unit.typeShape(file, source.type), unit.typeShape(file, target.type)];
    if (a?.kind !== 'type' || b?.kind !== 'type') return [];
    const isTypePlus = group.typeMode === 'type+';
    return [{ found: { file, group }, from: a.name, type: b.name, isTypePlus }];
  });
}
