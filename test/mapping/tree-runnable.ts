/** Makes random trees of maps that mostly compile: variables are those in scope, groups those of the map, elements those of a few names. */
import fc from 'fast-check';
import type {
  Argument,
  Expression,
  Group,
  MapFile,
  Place,
  Rule,
  Source,
  Target,
  Transform,
  Word,
} from '../../src/mapping/tree.ts';

const at: Place = { file: 't.map', line: 1, column: 1 };
const word = (text: string): Word => ({ text, at });
const path = (text: string): Argument => ({ kind: 'path', at, words: [word(text)] });
const literal = (value: string): Argument => ({ kind: 'literal', at, type: 'string', value });
const expression = (text: string): Expression => ({ kind: 'expression', at, text });

/** Elements of records and targets: common names, and names that JavaScript's own objects have. */
export const NAMES = [
  'a',
  'b',
  'name',
  'value',
  'text',
  'given',
  'tags',
  'id',
  'length',
  'link',
  'at',
  'map',
  'item x',
];

/** Types of the entry's parameters, base R4 or a JSON Schema, and elements that they have; the last: nothing is known. */
const ELEMENTS: Readonly<Record<string, readonly string[]>> = {
  Patient: ['id', 'language', 'birthDate', 'name', 'contact', 'link', 'deceased', 'text'],
  Observation: ['id', 'status', 'value', 'note', 'component', 'referenceRange'],
  HumanName: ['text', 'given', 'family', 'period', 'use'],
  Bundle: ['id', 'type', 'entry', 'link'],
  'https://hedgerow.example/schema/test': ['id', 'name', 'tags', 'place', 'notes', 'size', 'active', 'seen'],
  '': NAMES,
};

const CONDITIONS = [
  '$this.exists()',
  'a = 1',
  "b.length() > 2 or name = 'x'",
  'children().count() > 1',
  'a.repeat(a).exists()',
  '%src.exists()',
  "upper() = 'A'",
  'true',
  '(a | b).count() > 0',
];
const VALUES = [
  'a & b',
  '%src.a',
  '$this',
  'a.first()',
  '1 + 1',
  '%src.tags',
  '(1 | 2)',
  "'x'",
  'name.upper()',
  'descendants().count()',
  'today()',
  'id.toInteger() div 0',
];
const GROUPS = ['main', 'one', 'two'];

/** Numbers that `fit` turns into choices of what there is. */
interface Raw {
  readonly picks: readonly number[];
  readonly inner: readonly Raw[];
}

const { raw } = fc.letrec<{ raw: Raw }>((tie) => ({
  raw: fc.record({
    picks: fc.array(fc.nat(999), { minLength: 24, maxLength: 24 }),
    inner: fc.oneof({ depthSize: 'small' }, fc.constant([]), fc.array(tie('raw'), { maxLength: 2 })),
  }),
}));

/** What a rule may name: variables, and elements of the two parameters. */
interface Names {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly sources: readonly string[];
  readonly targets: readonly string[];
}

/** Takes one choice after another. */
class Picks {
  readonly #picks: readonly number[];
  #next = 0;

  constructor(picks: readonly number[]) {
    this.#picks = picks;
  }

  of<T>(list: readonly T[]): T {
    return list[this.#number() % list.length]!;
  }

  /** @returns true once in so many times */
  rarely(times: number): boolean {
    return this.#number() % times === 0;
  }

  #number(): number {
    this.#next = (this.#next + 1) % this.#picks.length;
    return this.#picks[this.#next]!;
  }
}

function sourceOf(picks: Picks, { sources, from }: Names, depth: number): Source {
  const context = picks.of(sources);
  const steps = picks.of([0, 1, 1, 1, 1, 2]);
  const optional = <T>(times: number, make: () => T): T | undefined =>
    picks.rarely(times) ? make() : undefined;
  return {
    context: word(context),
    path: Array.from({ length: steps }, (_, at) =>
      word(picks.of(context === 'src' && at === 0 ? from : NAMES)),
    ),
    type: undefined,
    cardinality: optional(8, () => ({
      at,
      min: picks.of([0, 1]),
      max: picks.of([1, 2, Number.POSITIVE_INFINITY]),
    })),
    fallback: optional(8, () => expression(picks.of(["'d'", '1', '(1 | 2)', '%src.a']))),
    listMode: optional(6, () => word(picks.of(['first', 'not_first', 'last', 'not_last', 'only_one']))),
    variable: word(`s${depth}`),
    where: optional(4, () => expression(picks.of(CONDITIONS))),
    check: optional(6, () => expression(picks.of(CONDITIONS))),
    log: optional(8, () => expression(picks.of(VALUES))),
  };
}

function transformOf(picks: Picks, { sources }: Names): Transform | undefined {
  const source = path(picks.of(sources));
  const call = (name: string, ...parameters: Argument[]): Transform => ({
    kind: 'call',
    name: word(name),
    parameters,
  });
  return picks.of<() => Transform | undefined>([
    () => undefined,
    () => undefined,
    () => source,
    () => literal('x') as Transform,
    () => expression(picks.of(VALUES)),
    () => call('append', source, literal('-'), source),
    () => call('truncate', source, literal('3')),
    () => call('escape', source, literal('json')),
    () => call('cast', source, literal(picks.of(['string', 'integer', 'decimal', 'date', 'boolean']))),
    () => call('evaluate', source, expression(picks.of(VALUES))),
    () => call('dateOp', source, literal('add'), literal('1'), literal('days')),
    () => call('create', literal(picks.of(['Patient', 'HumanName', 'Coding']))),
    () => call('cc', source),
    () => call('c', literal('urn:s'), source),
    () => call('id', literal('urn:s'), source),
    () => call('cp', source),
    () => call('qty', source),
    () => call('reference', source),
    () => call('uuid'),
  ])();
}

function targetOf(picks: Picks, names: Names, variable: string | undefined): Target {
  const context = picks.of(names.targets);
  const modes = picks.of([[], [], [], ['first'], ['last'], ['single'], ['share']]);
  return {
    at,
    context: word(context),
    path: Array.from({ length: picks.of([1, 1, 1, 2]) }, (_, at) =>
      word(picks.of(context === 'tgt' && at === 0 ? names.to : NAMES)),
    ),
    transform:
      variable === undefined
        ? ((transformOf(picks, names) ?? path(picks.of(names.sources))) as Transform)
        : undefined,
    variable: variable === undefined ? undefined : word(variable),
    listModes: modes.map(word),
    share: modes.includes('share') ? word(picks.of(['x', '__proto__'])) : undefined,
  };
}

function ruleOf({ picks: numbers, inner }: Raw, names: Names, depth: number): Rule {
  const picks = new Picks(numbers);
  const sources = [sourceOf(picks, names, depth)];
  if (picks.rarely(6)) sources.push({ ...sourceOf(picks, names, depth), variable: word(`o${depth}`) });
  const read = { ...names, sources: [...names.sources, ...sources.map(({ variable }) => variable!.text)] };
  const targets: Target[] = [];
  if (!picks.rarely(6)) targets.push(targetOf(picks, read, picks.rarely(2) ? `t${depth}` : undefined));
  const made = targets.flatMap(({ variable }) => variable?.text ?? []);
  const within = { ...read, targets: [...read.targets, ...made] };
  if (picks.rarely(3)) targets.push(targetOf(picks, within, undefined));
  const parameters = [path(picks.of(within.sources)), path(picks.of(within.targets))];
  const dependents = picks.rarely(3)
    ? [{ kind: 'call' as const, name: word(picks.of(GROUPS)), parameters }]
    : [];
  const rules = inner.map((one) => ruleOf(one, within, depth + 1));
  return { at, name: 'r', documentation: undefined, sources, targets, dependents, rules };
}

function groupOf(
  name: string,
  types: readonly [string | undefined, string | undefined],
  rules: readonly Raw[],
): Group {
  const [from, to] = types.map((type) => (type === undefined ? undefined : word(type)));
  const names = {
    sources: ['src'],
    targets: ['tgt'],
    from: ELEMENTS[types[0] ?? '']!,
    to: ELEMENTS[types[1] ?? '']!,
  };
  return {
    name: word(name),
    parameters: [
      { mode: 'source', name: word('src'), type: from },
      { mode: 'target', name: word('tgt'), type: to },
    ],
    parent: undefined,
    typeMode: undefined,
    documentation: undefined,
    rules: rules.map((one) => ruleOf(one, names, 0)),
  };
}

const rules = fc.array(raw, { minLength: 1, maxLength: 3 });
const type = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(...Object.keys(ELEMENTS).filter((one) => one !== '')) },
);

/** Maps of three groups that call each other, the first of any types. */
export const anyRunnableMap: fc.Arbitrary<MapFile> = fc
  .record({ from: type, to: type, main: rules, one: rules, two: rules })
  .map(({ from, to, main, one, two }) => ({
    file: 't.map',
    url: 'https://hedgerow.example/t',
    name: 't',
    metadata: [
      { name: 'url', at, value: 'https://hedgerow.example/t' },
      { name: 'name', at, value: 't' },
    ],
    conceptMaps: [],
    structures: [],
    imports: [],
    constants: [],
    groups: [
      groupOf('main', [from, to], main),
      groupOf('one', [undefined, undefined], one),
      groupOf('two', [undefined, undefined], two),
    ],
  }));
