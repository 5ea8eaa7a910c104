/** Makes random views, and random resources that they run over. */
import fc from 'fast-check';
import type { NaiveColumn, NaiveSelect, NaiveView } from './naive-view.ts';

/** What can be asked of an element of a kind. */
interface Kind {
  readonly texts: readonly string[];
  /** one value of another type */
  readonly others: readonly string[];
  readonly collections: readonly string[];
  /** path and the kind that it leads to */
  readonly steps: readonly (readonly [path: string, kind: string])[];
  readonly repeats: readonly (readonly [paths: readonly string[], kind: string])[];
}

const KINDS: Readonly<Record<string, Kind>> = {
  Patient: {
    texts: ['id', 'gender', 'birthDate', '%resource.id', "'fixed'", 'name.first().family', '%use'],
    others: [
      'active',
      '%rowIndex',
      'name.count()',
      'name.given.exists()',
      'active.not()',
      'multipleBirth.ofType(integer) + 1',
      'multipleBirth.ofType(boolean)',
      '%rowIndex + %three',
      "telecom.where(system = 'phone').exists() and active",
    ],
    collections: ['name.given', 'telecom.value', 'contact.name.family', 'name.where(use = %use).family'],
    steps: [
      ['name', 'HumanName'],
      ['name.where(use = %use)', 'HumanName'],
      ['telecom', 'ContactPoint'],
      ['telecom.first()', 'ContactPoint'],
      ['contact', 'Contact'],
      ['contact.telecom', 'ContactPoint'],
      ['name.given', 'string'],
    ],
    repeats: [],
  },
  HumanName: {
    texts: ['family', 'use', 'given.first()', 'period.start', '%resource.id'],
    others: ['%rowIndex', 'given.count()', 'family.exists()', '%three * 2', 'given.empty()'],
    collections: ['given'],
    steps: [['given', 'string']],
    repeats: [],
  },
  ContactPoint: {
    texts: ['system', 'value'],
    others: ['%rowIndex', 'rank', 'rank > %three', 'value.exists() or rank.exists()'],
    collections: ['system'],
    steps: [],
    repeats: [],
  },
  Contact: {
    texts: ['gender', 'name.family', 'name.given[0]'],
    others: ['%rowIndex', 'telecom.count()', 'telecom.rank.first() - 1'],
    collections: ['telecom.value'],
    steps: [['telecom', 'ContactPoint']],
    repeats: [],
  },
  string: { texts: ['$this'], others: ['%rowIndex'], collections: [], steps: [], repeats: [] },
  QuestionnaireResponse: {
    texts: ['id', 'status', '%use'],
    others: ['%rowIndex', 'item.count()'],
    collections: ['item.linkId'],
    steps: [['item', 'Item']],
    repeats: [
      [['item'], 'Item'],
      [['item', 'answer.item'], 'Item'],
    ],
  },
  Item: {
    texts: ['linkId', 'text', '%resource.id'],
    others: ['%rowIndex', 'item.exists()', 'answer.count()'],
    collections: ['answer.value.ofType(string)'],
    steps: [
      ['answer', 'Answer'],
      ['item', 'Item'],
    ],
    repeats: [
      [['item'], 'Item'],
      [['item', 'answer.item'], 'Item'],
    ],
  },
  Answer: {
    texts: ['value.ofType(string)'],
    others: ['%rowIndex', 'value.ofType(integer) + 1', 'value.exists()'],
    collections: [],
    steps: [],
    repeats: [],
  },
};

/** Columns have no names yet. */
type Unnamed = Omit<NaiveColumn, 'name'>;
interface Shape {
  readonly column: readonly Unnamed[];
  readonly select: readonly Shape[];
  readonly unionAll: readonly Shape[];
  readonly over: Readonly<Record<string, unknown>>;
}

const oneOf = <T>(items: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...items);

function iterations(kind: string): fc.Arbitrary<{ over: Readonly<Record<string, unknown>>; to: string }> {
  const { steps, repeats } = KINDS[kind]!;
  const none = fc.constant({ over: {}, to: kind });
  const stepped = steps.map(([path, to]) =>
    oneOf(['forEach', 'forEachOrNull']).map((word) => ({ over: { [word]: path }, to })),
  );
  const repeated = repeats.map(([paths, to]) => fc.constant({ over: { repeat: paths }, to }));
  return fc.oneof(none, ...stepped, ...repeated);
}

function columns(kind: string): fc.Arbitrary<Unnamed[]> {
  const { texts, others, collections } = KINDS[kind]!;
  const single = oneOf([...texts, ...others]).map((path) => ({ path }));
  const many = collections.map((path) => fc.constant({ path, collection: true }));
  return fc.array(fc.oneof(single, ...many), { minLength: 1, maxLength: 3 });
}

function shapes(kind: string, depth: number): fc.Arbitrary<Shape> {
  return iterations(kind).chain(({ over, to }) =>
    fc.record({
      over: fc.constant(over),
      column: columns(to),
      select: depth > 0 ? fc.array(shapes(to, depth - 1), { maxLength: 1 }) : fc.constant([]),
      unionAll: depth > 0 ? fc.option(unions(to, depth - 1)).map((found) => found ?? []) : fc.constant([]),
    }),
  );
}

/** Branches have as many columns of text as each other. */
function unions(kind: string, depth: number): fc.Arbitrary<Shape[]> {
  return fc
    .integer({ min: 1, max: 2 })
    .chain((width) => fc.array(branches(kind, width, depth), { minLength: 1, maxLength: 3 }));
}

function branches(kind: string, width: number, depth: number): fc.Arbitrary<Shape> {
  const plain = iterations(kind).chain(({ over, to }) =>
    fc
      .array(oneOf(KINDS[to]!.texts), { minLength: width, maxLength: width })
      .map((paths): Shape => ({ over, column: paths.map((path) => ({ path })), select: [], unionAll: [] })),
  );
  if (depth === 0) return plain;
  const nested = fc
    .array(branches(kind, width, depth - 1), { minLength: 1, maxLength: 2 })
    .map((unionAll): Shape => ({ over: {}, column: [], select: [], unionAll }));
  return fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: nested });
}

/** Names columns in the order of the row; branches of a union have the names of the first. */
class Naming {
  #next = 0;

  select({ over, column, select, unionAll }: Shape): NaiveSelect {
    const named = column.map((one) => ({ ...one, name: `c${this.#next++}` }));
    const selects = select.map((one) => this.select(one));
    const start = this.#next;
    const union = unionAll.map((one) => {
      this.#next = start;
      return this.select(one);
    });
    return {
      ...over,
      ...(named.length > 0 && { column: named }),
      ...(selects.length > 0 && { select: selects }),
      ...(union.length > 0 && { unionAll: union }),
    };
  }
}

const CONSTANT = [
  { name: 'use', valueCode: 'official' },
  { name: 'three', valuePositiveInt: 3 },
];

export function randomViews(resource: 'Patient' | 'QuestionnaireResponse'): fc.Arbitrary<NaiveView> {
  const where = oneOf<readonly { readonly path: string }[]>([
    [],
    [{ path: 'id.exists()' }],
    resource === 'Patient'
      ? [{ path: 'active' }, { path: 'name.exists()' }]
      : [{ path: "status = 'completed'" }],
  ]);
  return fc
    .tuple(fc.array(shapes(resource, 2), { minLength: 1, maxLength: 2 }), where)
    .map(([select, conditions]) => {
      const naming = new Naming();
      return {
        ...{ resource, constant: CONSTANT, select: select.map((one) => naming.select(one)) },
        ...(conditions.length > 0 && { where: conditions }),
      };
    });
}

const word = oneOf(['a', 'b', 'ä', '"q"', ' ', 'x,y', "o'clock"]);
const some = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[] | undefined> =>
  fc.option(fc.array(item, { minLength: 1, maxLength: 2 }), { nil: undefined });
const maybe = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(item, { nil: undefined });
const name = fc.record({
  use: maybe(oneOf(['official', 'usual'])),
  family: maybe(word),
  given: some(word),
  period: maybe(fc.record({ start: oneOf(['2020', '2020-02-03']) })),
});
const telecom = fc.record({
  system: maybe(oneOf(['phone', 'email'])),
  value: maybe(word),
  rank: maybe(fc.integer({ min: 1, max: 9 })),
});
const SHALLOW = { nil: undefined, depthIdentifier: 'items', maxDepth: 2 };
const item = fc.letrec<{ item: unknown; answer: unknown }>((tie) => ({
  item: fc.record({
    linkId: word,
    text: maybe(word),
    answer: fc.option(fc.array(tie('answer'), { minLength: 1, maxLength: 2 }), SHALLOW),
    item: fc.option(fc.array(tie('item'), { minLength: 1, maxLength: 2 }), SHALLOW),
  }),
  answer: fc.oneof(
    SHALLOW,
    fc.record({ valueString: word }),
    fc.record({ valueInteger: fc.integer({ min: -5, max: 5 }) }),
    fc.record({ valueString: word, item: fc.array(tie('item'), { minLength: 1, maxLength: 1 }) }),
  ),
})).item;

/** JSON has no undefined. */
const asJson = (resource: unknown): unknown => JSON.parse(JSON.stringify(resource));

export const RANDOM_RESOURCES = {
  Patient: fc
    .record({
      resourceType: fc.constant('Patient'),
      id: maybe(oneOf(['p1', 'p2'])),
      active: maybe(fc.boolean()),
      gender: maybe(oneOf(['male', 'female'])),
      birthDate: maybe(oneOf(['1980', '1980-02', '1980-02-03'])),
      multipleBirthInteger: maybe(fc.integer({ min: 1, max: 3 })),
      name: some(name),
      telecom: some(telecom),
      contact: some(
        fc.record({ gender: maybe(oneOf(['other'])), name: maybe(name), telecom: some(telecom) }),
      ),
    })
    .map(asJson),
  QuestionnaireResponse: fc
    .record({
      resourceType: fc.constant('QuestionnaireResponse'),
      id: maybe(fc.constant('q1')),
      status: oneOf(['completed', 'in-progress']),
      item: some(item),
    })
    .map(asJson),
};
