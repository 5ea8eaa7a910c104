/** Turns FHIR in XML or JSON into one tree in which everything repeats, so that an answer reads alike in both. */
import { SaxesParser } from 'saxes';
import { type Checked, refuse } from '../../fhir/outcome.ts';

/** Members of an element, each a list; a primitive is its text. */
export interface Node {
  readonly [name: string]: readonly (Node | string)[];
}

type Building = Record<string, (Node | string)[]>;

/** Deeper than any message: what is deeper is an attack. */
const DEEPEST = 60;

/** @param text JSON where it begins with a brace, else XML @returns the resource under its type's name: `{ Bundle: [...] }` */
export function treeOf(text: string): Checked<Node> {
  try {
    return { ok: true, value: text.trimStart().startsWith('{') ? fromJson(text) : fromXml(text) };
  } catch (error) {
    const why = error instanceof SyntaxError || error instanceof RangeError ? 'JSON' : 'XML';
    return refuse({
      code: 'structure',
      rule: 'gp-connect-unreadable',
      diagnostics: `The answer cannot be read as ${why}: ask its sender to send it again.`,
    });
  }
}

function fromJson(text: string): Node {
  return resourceNode(JSON.parse(text) as Readonly<Record<string, unknown>>, 0);
}

function resourceNode(resource: Readonly<Record<string, unknown>>, depth: number): Node {
  const { resourceType = 'unknown', ...members } = resource;
  return { [String(resourceType)]: [objectNode(members, depth + 1)] };
}

function objectNode(value: Readonly<Record<string, unknown>>, depth: number): Node {
  if (depth > DEEPEST) throw new RangeError('too deep');
  const node: Building = Object.create(null) as Building;
  for (const [name, member] of Object.entries(value)) {
    const items = Array.isArray(member) ? (member as unknown[]) : [member];
    node[name] = items.map((item) => itemNode(item, depth + 1));
  }
  return node;
}

function itemNode(item: unknown, depth: number): Node | string {
  if (typeof item !== 'object' || item === null) return String(item);
  const value = item as Readonly<Record<string, unknown>>;
  return 'resourceType' in value ? resourceNode(value, depth) : objectNode(value, depth);
}

function fromXml(text: string): Node {
  const parser = new SaxesParser();
  const root: Building = Object.create(null) as Building;
  const open: Building[] = [root];
  parser.on('doctype', () => parser.fail('a document type is not taken'));
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length > DEEPEST) throw new Error('too deep');
    const node: Building = Object.create(null) as Building;
    for (const [attribute, value] of Object.entries(attributes))
      if (attribute === 'value' || attribute === 'url') node[attribute] = [String(value)];
    const parent = open.at(-1)!;
    parent[name] = [...(parent[name] ?? []), node];
    open.push(node);
  });
  parser.on('closetag', ({ name }) => {
    const node = open.pop()!;
    const keys = Object.keys(node);
    if (keys.length === 1 && keys[0] === 'value') open.at(-1)![name]!.splice(-1, 1, node.value![0]!);
  });
  parser.write(text).close();
  return root;
}

/** @returns the elements at a path, over all that repeats */
export function nodesAt(node: Node | string | undefined, ...path: readonly string[]): readonly Node[] {
  return walked(node, path).filter((one): one is Node => typeof one !== 'string');
}

/** @returns the first text at a path */
export function textAt(node: Node | string | undefined, ...path: readonly string[]): string | undefined {
  return walked(node, path).find((one): one is string => typeof one === 'string');
}

function walked(node: Node | string | undefined, path: readonly string[]): readonly (Node | string)[] {
  let found: readonly (Node | string)[] = node === undefined ? [] : [node];
  for (const name of path) found = found.flatMap((one) => (typeof one === 'string' ? [] : (one[name] ?? [])));
  return found;
}
