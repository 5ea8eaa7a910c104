/** Makes resources up from the type tables: any element, any choice, primitives with what goes with them, and nothing that FHIR text may not hold. */
import type { Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import type { Definitions, ElementType } from '../../src/fhir/definitions.ts';

type Fields = Record<string, unknown>;

/** Characters that XML and JSON escape, each in its own way, and some of each plane. */
const SIGNS = [
  ...'aZ9 <>&"\'/=;:-!?]\\\t\n\r\u00a0\u0085\u2028é€\ufffd',
  '😀',
  ']]>',
  '&amp;',
  '<!--',
  '&#10;',
];
const text = fc
  .array(fc.constantFrom(...SIGNS), { minLength: 1, maxLength: 8 })
  .map((signs) => signs.join(''));
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => (Object.is(one, -0) ? 0 : one)),
);
const DIVS = [
  '<div xmlns="http://www.w3.org/1999/xhtml">Text</div>',
  '<div xmlns="http://www.w3.org/1999/xhtml"><p class="a" title=\'b &lt; "c"\'>A &amp; B<br/>x</p><!-- kept -->\n<b>é 😀</b></div>',
  '<div xmlns="http://www.w3.org/1999/xhtml" lang="cy"><![CDATA[a < b]]>&#160;<table><tr><td>1</td></tr></table></div>',
];

/** @param types resource types to choose from */
export function resources(definitions: Definitions, types: readonly string[]): fc.Arbitrary<Resource> {
  return fc
    .constantFrom(...types)
    .chain((type) => resourceOf(definitions, type, 4)) as unknown as fc.Arbitrary<Resource>;
}

function resourceOf(definitions: Definitions, type: string, depth: number): fc.Arbitrary<Fields> {
  return objectOf(definitions, type, depth).map((fields) => ({ resourceType: type, ...fields }));
}

function objectOf(definitions: Definitions, type: string, depth: number): fc.Arbitrary<Fields> {
  const elements = [...definitions.type(type)!.elements.values()];
  return fc
    .subarray(elements, { minLength: 1, maxLength: Math.min(elements.length, depth > 2 ? 5 : 3) })
    .chain((chosen) => fc.tuple(...chosen.map((one) => memberOf(definitions, type, one, depth))))
    .map((parts) => Object.assign({}, ...parts) as Fields);
}

function memberOf(
  definitions: Definitions,
  owner: string,
  element: ElementType,
  depth: number,
): fc.Arbitrary<Fields> {
  return fc.constantFrom(...element.types).chain((type): fc.Arbitrary<Fields> => {
    const { isChoice, isArray } = element;
    const name = isChoice ? element.name + type[0]!.toUpperCase() + type.slice(1) : element.name;
    const kind = definitions.type(type)?.kind;
    const isAttribute =
      definitions.type(owner)?.kind !== 'resource' &&
      (name === 'id' || (owner === 'Extension' && name === 'url'));
    if (type === 'xhtml') return fc.constantFrom(...DIVS).map((div) => ({ div }));
    if (isAttribute) return text.map((value) => ({ [name]: value }));
    if (kind === 'primitive-type')
      return isArray
        ? primitives(name, type)
        : primitive(type).map(([value, more]) => pairOf(name, value, more));
    if (depth <= 0) return fc.constant({});
    const one =
      kind === 'resource'
        ? resourceOf(definitions, 'Basic', depth - 2)
        : objectOf(definitions, type, depth - 1);
    if (!isArray) return one.map((value) => ({ [name]: value }));
    return fc.array(one, { minLength: 1, maxLength: 2 }).map((values) => ({ [name]: values }));
  });
}

type Primitive = readonly [value: unknown, more: Fields | undefined];

function primitive(type: string): fc.Arbitrary<Primitive> {
  const more: fc.Arbitrary<Fields> = fc.oneof(
    text.map((id) => ({ id })),
    text.map((words) => ({ extension: [{ url: 'urn:a', valueString: words }] })),
    text.map((words) => ({ id: 'b', extension: [{ url: 'urn:c', _valueCode: { id: words } }] })),
  );
  const value = scalarOf(type);
  return fc.oneof(
    { weight: 4, arbitrary: fc.tuple(value, fc.constant(undefined)) },
    { weight: 1, arbitrary: fc.tuple(value, more) },
    { weight: 1, arbitrary: fc.tuple(fc.constant(undefined), more) },
  );
}

function scalarOf(type: string): fc.Arbitrary<unknown> {
  if (type === 'boolean') return fc.boolean();
  if (type === 'decimal') return number;
  if (type === 'integer' || type === 'positiveInt' || type === 'unsignedInt') return fc.nat();
  return text;
}

/** Arrays of both, with `null` where there is none, and neither where it would hold nothing else. */
function primitives(name: string, type: string): fc.Arbitrary<Fields> {
  return fc.array(primitive(type), { minLength: 1, maxLength: 3 }).map((all) => {
    const values = all.map(([value]) => value ?? null);
    const extras = all.map(([, more]) => more ?? null);
    return {
      ...(values.some((one) => one !== null) ? { [name]: values } : {}),
      ...(extras.some((one) => one !== null) ? { [`_${name}`]: extras } : {}),
    };
  });
}

function pairOf(name: string, value: unknown, more: Fields | undefined): Fields {
  return {
    ...(value === undefined ? {} : { [name]: value }),
    ...(more === undefined ? {} : { [`_${name}`]: more }),
  };
}
