/** Turns the answer of a query into the layout that its directives ask for. */
import type { FieldShape } from './asking.ts';
import { refusalOf } from './refusal.ts';

type Answer = Record<string, unknown>;

/**
 * @param shapes by path of the field in the answer; those of other fields are as they are
 * @returns the answer; flattened fields have given their place to what is in them
 * @throws GraphqlRefusal `graphql-singleton` where one value is promised and there are several
 * @source FHIR R4 graphql.html, directives
 */
export function laidOut(data: Answer, shapes: ReadonlyMap<string, FieldShape>): Answer {
  if (shapes.size === 0) return data;
  const target = empty();
  new Layout(shapes).fill(target, data, { path: '', isInherited: false, suffix: '' });
  return target;
}

interface Where {
  readonly path: string;
  /** a list around it was flattened: what is in it is a list */
  readonly isInherited: boolean;
  /** what names end with */
  readonly suffix: string;
}

class Layout {
  readonly #shapes: ReadonlyMap<string, FieldShape>;

  constructor(shapes: ReadonlyMap<string, FieldShape>) {
    this.#shapes = shapes;
  }

  fill(target: Answer, data: Answer, { path, isInherited, suffix }: Where): void {
    for (const [name, value] of Object.entries(data)) {
      const at = `${path}/${name}`;
      const shape = this.#shapes.get(at);
      const isList = Array.isArray(value);
      const isRepeating = (isList && !shape?.isFirst) || isInherited;
      const items = isList ? value : [value];
      const paths = items.map((_item, index) => (isList ? `${at}/${index}` : at));
      const suffixes = items.map((_item, index) => suffix + (shape?.suffixes?.[index] ?? ''));
      if (shape?.isFlat) {
        for (const [index, item] of items.entries())
          if (isAnswer(item))
            this.fill(target, item, {
              path: paths[index]!,
              isInherited: isRepeating,
              suffix: suffixes[index]!,
            });
        continue;
      }
      const kept = items.map((item, index) =>
        this.#item(item, paths[index]!, shape?.suffixes ? suffixes[index]! : ''),
      );
      add(
        target,
        name + suffix,
        kept,
        shape?.isSingle ? 'single' : isRepeating ? 'list' : 'one',
        isInherited,
      );
    }
  }

  #item(item: unknown, path: string, suffix: string): unknown {
    if (Array.isArray(item)) return item.map((one, index) => this.#item(one, `${path}/${index}`, suffix));
    if (!isAnswer(item)) return item;
    const target = empty();
    this.fill(target, item, { path, isInherited: false, suffix });
    return target;
  }
}

function add(
  target: Answer,
  name: string,
  items: readonly unknown[],
  how: 'single' | 'list' | 'one',
  isInherited: boolean,
): void {
  const there = items.filter((item) => item !== null && item !== undefined);
  if (how === 'list') {
    const known = target[name];
    if (isInherited) {
      if (there.length > 0) target[name] = [...(Array.isArray(known) ? known : []), ...there];
    } else target[name] = items;
    return;
  }
  const known = target[name] ?? undefined;
  if (how === 'single' && there.length + (known === undefined ? 0 : 1) > 1)
    throw refusalOf({
      code: 'multiple-matches',
      rule: 'graphql-singleton',
      diagnostics:
        '@singleton stands where there are several values; write @first on the list, or leave it out.',
    });
  target[name] = there[0] ?? known ?? null;
}

/** Without a prototype: an alias may have any name. */
function empty(): Answer {
  return Object.create(null) as Answer;
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
