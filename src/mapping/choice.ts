/** Decides under which JSON name, and whether at all, a value may be written to an element. */
import { choiceKey, jsonTypeOf, type Member, type Shapes } from './shapes.ts';
import type { Value } from './site.ts';

/** @returns the JSON name to write to, or what is wrong and what to write instead */
export function keyFor(shapes: Shapes, member: Member, value: Value): { key: string } | { wrong: string } {
  if (!member.isChoice) {
    const wrong = misfit(shapes, member, value);
    return wrong === undefined ? { key: member.keys[0]! } : { wrong };
  }
  const type = value.shape.kind === 'type' ? value.shape.name : shapes.primitive(value.shape);
  const chosen = type === undefined ? undefined : chooseType(shapes, member.types, type);
  if (chosen !== undefined) return { key: choiceKey(member.stem, chosen) };
  const named = member.types.slice(0, 6).map((name) => choiceKey(member.stem, name));
  const which = type === undefined ? 'a value of unknown type' : `a value of type ${type}`;
  return {
    wrong: `${member.stem}[x] cannot be named for ${which}; write the name in full: ${named.join(', ')}`,
  };
}

/** The exact type; else the only one of the same JSON family; dates before others of the family. */
function chooseType(shapes: Shapes, types: readonly string[], type: string): string | undefined {
  if (types.includes(type)) return type;
  const primitive = (name: string): boolean => shapes.definitions.type(name)?.kind === 'primitive-type';
  if (!primitive(type)) return types.find((name) => shapes.definitions.isA(type, name));
  if ((type === 'date' || type === 'dateTime') && types.includes('dateTime')) return 'dateTime';
  const family = types.filter((name) => primitive(name) && jsonTypeOf(name) === jsonTypeOf(type));
  if (family.includes('string')) return 'string';
  if (type !== 'integer' && family.includes('decimal')) return 'decimal';
  return family.length === 1 ? family[0] : undefined;
}

function misfit(shapes: Shapes, member: Member, value: Value): string | undefined {
  const [target] = member.types;
  if (target === undefined || value.shape.kind === 'any') return undefined;
  const from = shapes.primitive(value.shape);
  const to = shapes.primitive({ kind: 'type', name: target });
  if (from !== undefined && to !== undefined) {
    if (jsonTypeOf(from) === jsonTypeOf(to)) return undefined;
    return `${member.stem} is a ${to}, but the value is a ${from}; write cast(value, '${to}')`;
  }
  if (from !== undefined)
    return `${member.stem} is a ${target}, but the value is a ${from}; create the ${target} first`;
  if (to !== undefined)
    return `${member.stem} is a ${to}, but the value is an object; write one of its elements`;
  if (value.shape.kind === 'type') {
    const { name } = value.shape;
    const fits = member.types.some((type) => shapes.definitions.isA(name, type));
    return fits ? undefined : `${member.stem} is a ${target}, but the value is a ${name}`;
  }
  return `${member.stem} is a ${target}, but the value is ${shapes.describe(value.shape)}; map its elements one by one`;
}
