/** Writes `src.a -> tgt.a`: by the group that is the default for the two types, else a copy. */
import type { Built } from './block.ts';
import { callGroup } from './call-group.ts';
import { type DefaultGroup, defaultGroup, resourceGroups } from './default-group.ts';
import { objectOf } from './place-object.ts';
import type { Member, Shape } from './shapes.ts';
import { plain, type Site, type Value, type Variable } from './site.ts';
import { copied } from './transform-call.ts';
import type { Target } from './tree.ts';
import { keyOf, slotOf, writeChoice, writeValue } from './write-value.ts';

export function emitCopy(
  site: Site,
  target: Target,
  parent: Built,
  member: Member,
  item: Value,
): Value | undefined {
  const group = defaultGroup(site, item.shape, member);
  if (group) return emitByGroup(site, target, parent, member, item, group);
  const several = resourceGroups(site, item.shape, member);
  if (several.length > 0) return emitByType(site, target, parent, member, item, several);
  return emitPlainCopy(site, target, parent, member, item);
}

function emitPlainCopy(
  site: Site,
  target: Target,
  parent: Built,
  member: Member,
  item: Value,
): Value | undefined {
  const value = site.unit.shapes.primitive(item.shape) ? item : copied(site, item);
  if (member.isChoice && item.choice !== undefined)
    return writeChoice(site, target, parent, member, { ...value, choice: item.choice });
  const key = keyOf(site, target, member, value);
  return key === undefined
    ? undefined
    : writeValue(site, target, slotOf(site, target, parent, member, key), value);
}

/** `src.a -> tgt.a` by the group that is the default for the two types. */
function emitByGroup(
  site: Site,
  target: Target,
  parent: Built,
  member: Member,
  item: Value,
  { found, type }: DefaultGroup,
): Value | undefined {
  const shape: Shape = { kind: 'type', name: type };
  const key = keyOf(site, target, member, plain('', shape));
  if (key === undefined) return undefined;
  const isResource = site.unit.shapes.isResource(shape);
  const entries: [string, string][] = isResource ? [['resourceType', JSON.stringify(type)]] : [];
  const made = objectOf(site, { entries, shape }, slotOf(site, target, parent, member, key));
  const values: Variable[] = [
    { ...item, mode: 'source' },
    { ...made, mode: 'target' },
  ];
  callGroup(site, found, values, found.group.name);
  return made;
}

/** A resource of any type: by the default group of the type that it has, else copied. */
function emitByType(
  site: Site,
  target: Target,
  parent: Built,
  member: Member,
  item: Value,
  groups: readonly (DefaultGroup & { from: string })[],
): undefined {
  const is = (type: string): string => `${item.code}.resourceType === ${JSON.stringify(type)}`;
  for (const group of groups) {
    const shaped = { ...item, shape: { kind: 'type', name: group.from } } as const;
    site.block.nest(`if (${is(group.from)})`, (block) => {
      emitByGroup({ ...site, block }, target, parent, member, shaped, group);
    });
  }
  const none = groups.map(({ from }) => is(from)).join(' || ');
  site.block.nest(`if (!(${none}))`, (block) => {
    emitPlainCopy({ ...site, block }, target, parent, member, item);
  });
}
