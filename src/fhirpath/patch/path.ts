/** Turns the path of a patch operation into the places of the resource that it leads to. */
import type { Definitions } from '../../fhir/definitions.ts';
import { type Checked, ruleOf } from '../../fhir/outcome.ts';
import { compileNode } from '../compile.ts';
import type { Evaluate, Variables } from '../evaluate.ts';
import { Item } from '../item.ts';
import { visit } from '../limits.ts';
import { parseExpression } from '../parser.ts';
import type { CallNode, Node } from '../tree.ts';
import { isPrimitive } from '../types.ts';
import { PatchFault, withoutExpression } from './fault.ts';
import { isObject, type JsonObject, type Place, placesIn, type Slot, slotOf, withSibling } from './slot.ts';
import { many, none, slotBelow } from './step.ts';

const LIMITS = { text: 4_096, depth: 50, pieces: 5_000, visits: 1_000_000, built: 1_000_000 };

/** Filters and steps that lead to places by themselves; every other function is evaluated, and must give elements of the resource. */
const PLACE_CALLS: Readonly<
  Record<string, (path: Path, call: CallNode, focus: readonly Place[]) => Place[]>
> = {
  where: (path, call, focus) => focus.filter((place) => path.holds(argument(call), place)),
  first: (_path, _call, focus) => focus.slice(0, 1),
  last: (_path, _call, focus) => focus.slice(-1),
  tail: (_path, _call, focus) => focus.slice(1),
  skip: (path, call, focus) => focus.slice(Math.max(0, path.number(argument(call)))),
  take: (path, call, focus) => focus.slice(0, Math.max(0, path.number(argument(call)))),
  single(_path, _call, focus) {
    if (focus.length > 1) throw many('single() in its path', focus.length);
    return [...focus];
  },
  ofType: (path, call, focus) => focus.filter((place) => path.isOf(place, nameIn(argument(call)))),
  as: (path, call, focus) => focus.filter((place) => path.isOf(place, nameIn(argument(call)))),
  children: (path, _call, focus) => focus.flatMap((place) => path.children(place)),
  descendants: (path, _call, focus) => path.descendants(focus),
  extension(path, call, focus) {
    const wanted = argument(call);
    if (wanted.kind !== 'string')
      throw new PatchFault(422, 'patch-path', 'extension() in its path needs a URL in quotes.');
    return focus
      .flatMap((place) => path.step(place, 'extension'))
      .filter(({ pair }) => isObject(pair.value) && pair.value.url === wanted.value);
  },
};

/** One path, over one resource. */
export class Path {
  readonly #definitions: Definitions;
  readonly #root: Place;
  readonly #text: string;
  readonly #tree: Node;
  readonly #tests = new Map<
    string,
    Checked<(focus: unknown, variables?: Variables) => boolean | undefined>
  >();

  /** @throws PatchFault 400 when the text is no FHIRPath */
  constructor(text: string, resource: JsonObject, definitions: Definitions) {
    const parsed = parseExpression(text, LIMITS);
    if (!parsed.ok)
      throw new PatchFault(400, 'patch-path', withoutExpression(parsed.outcome.issue[0]?.diagnostics));
    this.#text = text;
    this.#tree = parsed.value;
    this.#definitions = definitions;
    this.#root = {
      pair: { value: resource, extra: undefined },
      type: String(resource.resourceType),
      slot: undefined,
      index: 0,
      above: undefined,
    };
  }

  /** @returns every place that the path leads to @throws PatchFault 422 where there is none, since no such path can be */
  places(): Place[] {
    const places = this.#places(this.#tree);
    if (places.length === 0) this.#compiled(this.#tree);
    return places;
  }

  /** @returns the one element whose items the last step names, there or not @throws PatchFault 422 when it is no list or of no one owner */
  list(): { readonly slot: Slot; readonly above: Place } {
    const { focus, name } = this.#lastStep();
    const owners = focus ? this.#places(focus) : [this.#root];
    if (owners.length !== 1)
      throw owners.length === 0
        ? none('its path, before the last step,')
        : many('its path, before the last step,', owners.length);
    const above = withSibling(owners[0]!);
    const slot = slotBelow(above, name, this.#definitions);
    if (!slot?.element.isArray)
      throw new PatchFault(
        422,
        'patch-list',
        'its path names an element that is no list; use replace, add or delete.',
      );
    return { slot, above };
  }

  #lastStep(): { focus: Node | undefined; name: string } {
    if (this.#tree.kind === 'member') return this.#tree;
    throw new PatchFault(
      422,
      'patch-list',
      'its path must end in the name of a list, such as Patient.identifier, without an index or a filter.',
    );
  }

  #places(node: Node): Place[] {
    switch (node.kind) {
      case 'member':
        if (!node.focus && this.#isRoot(node.name)) return [this.#root];
        return (node.focus ? this.#places(node.focus) : [this.#root]).flatMap((place) =>
          this.step(place, node.name),
        );
      case 'scope':
        return node.name === '$this' ? [this.#root] : this.#evaluated(node);
      case 'variable':
        return ['resource', 'rootResource', 'context'].includes(node.name)
          ? [this.#root]
          : this.#evaluated(node);
      case 'indexer': {
        const found = this.#places(node.focus)[this.number(node.index)];
        return found ? [found] : [];
      }
      case 'call': {
        const run = Object.hasOwn(PLACE_CALLS, node.name) ? PLACE_CALLS[node.name] : undefined;
        if (!run) return this.#evaluated(node);
        return run(this, node, node.focus ? this.#places(node.focus) : [this.#root]);
      }
      case 'type':
        if (node.operator !== 'as') return this.#evaluated(node);
        return this.#places(node.operand).filter((place) => this.isOf(place, node.type));
      case 'binary':
        return node.operator === '|' ? this.#union(node.left, node.right) : this.#evaluated(node);
      default:
        return this.#evaluated(node);
    }
  }

  #isRoot(name: string): boolean {
    const { type } = this.#root;
    return name === type || (/^[A-Z]/.test(name) && this.#definitions.isA(type!, name));
  }

  #union(left: Node, right: Node): Place[] {
    const places = this.#places(left);
    const others = this.#places(right);
    visit(places.length * others.length);
    const more = others.filter((place) => !places.some((known) => isSame(known, place)));
    return [...places, ...more];
  }

  /** @returns the places one step below @throws PatchFault 422 when the type has no such element */
  step(place: Place, name: string): Place[] {
    const stem = this.#definitions.element(place.type ?? '', name)?.name ?? name;
    if (stem !== name)
      throw new PatchFault(
        422,
        'patch-element',
        `a path names a choice by ${stem}, not by ${name}; see ofType().`,
      );
    const slot = slotBelow(place, name, this.#definitions);
    return slot ? placesIn(slot, place) : [];
  }

  children(place: Place): Place[] {
    const { value, extra } = place.pair;
    const type = isObject(value) ? place.type : isObject(extra) ? 'Element' : undefined;
    const elements = type === undefined ? [] : (this.#definitions.type(type)?.elements.values() ?? []);
    const owner = (isObject(value) ? value : extra) as JsonObject;
    return [...elements].flatMap((element) => placesIn(slotOf(owner, element), place));
  }

  descendants(focus: readonly Place[]): Place[] {
    const found = focus.flatMap((place) => this.children(place));
    visit(found.length);
    return found.length === 0 ? [] : [...found, ...this.descendants(found)];
  }

  /** Whether a condition holds for one place; the focus is the item, `%resource` the whole. */
  holds(condition: Node, place: Place): boolean {
    const { type } = place;
    const isBoxed = type !== undefined && isPrimitive(type);
    const key = `${condition.at.line}:${condition.at.column}:${type}`;
    let test = this.#tests.get(key);
    if (!test) {
      const shape = {
        focus: type === undefined ? undefined : [type],
        resource: this.#root.type,
        isBoxed,
        gives: 'truth' as const,
      };
      test = compileNode(condition, this.#text, this.#options(), shape);
      this.#tests.set(key, test);
    }
    if (!test.ok) {
      const [issue] = test.outcome.issue;
      // one type of several may not have the element; where no place is left, the path as a whole is asked
      if (issue && ruleOf(issue) === 'fhirpath-element') return false;
      throw new PatchFault(422, 'patch-path', withoutExpression(issue?.diagnostics));
    }
    const focus = isBoxed ? new Item(place.pair.value, type, place.pair.extra) : place.pair.value;
    const resource = this.#root.pair.value;
    return test.value(focus, { resource, rootResource: resource }) === true;
  }

  /** An index or a count: a whole number, as it is written. */
  number(node: Node): number {
    if (node.kind === 'number' && node.type === 'Integer') return node.value;
    throw new PatchFault(422, 'patch-path', 'an index in its path must be written as a whole number.');
  }

  isOf(place: Place, type: string): boolean {
    const name = type.replace(/^FHIR\./, '');
    if (place.type === undefined) return false;
    return isPrimitive(name) ? place.type === name : this.#definitions.isA(place.type, name);
  }

  /** Whatever else FHIRPath has: what it gives must be objects of this very resource, found by their identity. */
  #evaluated(node: Node): Place[] {
    const resource = this.#root.pair.value;
    const found = this.#compiled(node)(resource, { resource, rootResource: resource });
    if (found.length === 0) return [];
    const known = new Map(
      [this.#root, ...this.descendants([this.#root])].map((place) => [place.pair.value, place]),
    );
    return found.map((value) => {
      const place = isObject(value) ? known.get(value) : undefined;
      if (place) return place;
      throw new PatchFault(
        422,
        'patch-path',
        'its path gives something that is no element of this resource; name the element by steps, an index or where().',
      );
    });
  }

  #compiled(node: Node): Evaluate {
    const { type } = this.#root;
    const shape = { focus: [type!], resource: type, isBoxed: false, gives: 'collection' as const };
    const compiled = compileNode<unknown[]>(node, this.#text, this.#options(), shape);
    if (compiled.ok) return compiled.value;
    throw new PatchFault(422, 'patch-path', withoutExpression(compiled.outcome.issue[0]?.diagnostics));
  }

  #options() {
    // no other resource is reached: what resolve() does not find in the resource itself is not there
    return { definitions: this.#definitions, limits: LIMITS, resolve: () => undefined };
  }
}

function isSame(one: Place, other: Place): boolean {
  return (
    one.slot?.owner === other.slot?.owner && one.slot?.key === other.slot?.key && one.index === other.index
  );
}

function argument(call: CallNode): Node {
  const [first, ...rest] = call.args;
  if (first && rest.length === 0) return first;
  throw new PatchFault(400, 'patch-path', `${call.name}() in its path takes one argument.`);
}

/** A type as it is written in `ofType(FHIR.Quantity)`. */
function nameIn(node: Node): string {
  if (node.kind === 'string') return node.value;
  if (node.kind !== 'member') throw new PatchFault(400, 'patch-path', 'its path needs the name of a type.');
  return node.focus ? `${nameIn(node.focus)}.${node.name}` : node.name;
}
