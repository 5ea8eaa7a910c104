/** Makes random trees of maps, of every construct. */
import fc from 'fast-check';
import type {
  Argument,
  Expression,
  Group,
  InlineConceptMap,
  Invocation,
  Literal,
  MapFile,
  Metadata,
  Path,
  Place,
  Rule,
  Source,
  Structure,
  Target,
  Transform,
  Word,
} from '../../src/mapping/tree.ts';
import { FHIRPATH, ODD } from './tree-words.ts';

const at: Place = { file: 't.map', line: 1, column: 1 };
const word = (text: string): Word => ({ text, at });

const name = fc
  .oneof(fc.constantFrom('src', 'tgt', 'v', 'item', '_a', 'x2'), fc.constantFrom(...ODD))
  .map(word);
const text = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '',
    "it's",
    '"',
    '\\',
    '\\n',
    'a\nb',
    '\t',
    'http://x.example/y#z',
    '// no',
    '/* no',
    '`',
    '}',
  ),
);
const filled = text.filter((one) => one !== '');
const listOf = <T>(item: fc.Arbitrary<T>, maxLength = 2, minLength = 0): fc.Arbitrary<T[]> =>
  fc.array(item, { minLength, maxLength });
const maybe = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(item, { nil: undefined });

const expression = fc
  .constantFrom(...FHIRPATH)
  .map((one): Expression => ({ kind: 'expression', at, text: one }));
/** As an argument, a comma would end it, and names with dots are a path. */
const argumentExpression = expression.filter((one) => one.text !== 'a, b' && one.text !== '`odd name`.x');

const decimal = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 })
  .map((one) => one + 0 || 0);
const literal: fc.Arbitrary<Literal> = fc.oneof(
  text.map((value): Literal => ({ kind: 'literal', at, type: 'string', value })),
  fc.boolean().map((value): Literal => ({ kind: 'literal', at, type: 'boolean', value })),
  fc.maxSafeInteger().map((value): Literal => ({ kind: 'literal', at, type: 'integer', value: value || 0 })),
  decimal.map((value): Literal => ({ kind: 'literal', at, type: 'decimal', value })),
  fc
    .constantFrom('2024', '2024-05', '2024-05-01')
    .map((value): Literal => ({ kind: 'literal', at, type: 'date', value })),
  fc
    .constantFrom('2024-05-01', '2024-05-01T10:00:00Z', '2024-05-01T10:00:00.123+01:00')
    .map((value): Literal => ({ kind: 'literal', at, type: 'dateTime', value })),
  fc
    .constantFrom('10:00', '23:59:59.5')
    .map((value): Literal => ({ kind: 'literal', at, type: 'time', value })),
);
const path = listOf(name, 3, 1).map((words): Path => ({ kind: 'path', at, words }));
const argument: fc.Arbitrary<Argument> = fc.oneof(literal, path, argumentExpression);

const call: fc.Arbitrary<Invocation> = fc
  .tuple(
    fc.oneof(fc.constantFrom('create', 'append', 'translate', 'evaluate').map(word), name),
    listOf(argument, 3),
  )
  // `evaluate(x)` of one parameter is `(x)`; `copy(x)` is `x`
  .filter(([{ text }, parameters]) => !(text === 'evaluate' && parameters.length === 1) && text !== 'copy')
  .map(([called, parameters]) => ({ kind: 'call', name: called, parameters }));
const transform: fc.Arbitrary<Transform> = fc.oneof(
  literal,
  path,
  call,
  expression.filter((one) => one.text !== 'a, b'),
);

const source: fc.Arbitrary<Source> = fc.record({
  context: name,
  path: listOf(name, 3),
  type: maybe(fc.oneof(name, fc.constant(word('Bundle.entry')), fc.constant(word('http://hl7.org/fhir/x')))),
  cardinality: maybe(
    fc
      .tuple(fc.nat(9), fc.oneof(fc.nat(9), fc.constant(Number.POSITIVE_INFINITY)))
      .map(([min, max]) => ({ at, min, max })),
  ),
  fallback: maybe(
    fc.oneof(
      expression,
      fc
        .constantFrom("'x'", '10', 'true', '1.5', '@2024-01-01')
        .map((one): Expression => ({ kind: 'expression', at, text: one })),
    ),
  ),
  listMode: maybe(fc.constantFrom('first', 'not_first', 'last', 'not_last', 'only_one').map(word)),
  variable: maybe(name),
  where: maybe(expression),
  check: maybe(expression),
  log: maybe(expression),
});

const listModes = fc.constantFrom<readonly string[]>(
  [],
  ['first'],
  ['last'],
  ['single'],
  ['share'],
  ['share', 'last'],
  ['first', 'share'],
);
const target: fc.Arbitrary<Target> = fc
  .record({
    context: maybe(name),
    path: listOf(name, 3),
    transform: maybe(transform),
    variable: maybe(name),
    modes: listModes,
    share: maybe(name),
  })
  .map(({ context, path: words, transform: given, variable, modes, share }): Target => {
    const bare = given?.kind === 'call' || given?.kind === 'expression' ? given : undefined;
    const isBare = context === undefined && bare !== undefined;
    return {
      at,
      context: isBare ? undefined : (context ?? word('tgt')),
      path: isBare ? [] : words,
      transform: isBare ? bare : given,
      variable,
      listModes: modes.map(word),
      share: modes.includes('share') ? share : undefined,
    };
  });

const documentation = maybe(
  listOf(
    fc.oneof(
      fc.constantFrom('what it does', '  indented', '', '/ slash', '/// x = "y"', '*/', 'trailing '),
      fc.string().map((one) => one.replaceAll(/[\r\n]/g, '')),
    ),
    3,
    1,
  )
    .map((lines) => lines.join('\n'))
    .filter((one) => one !== ''),
);
const ruleName = maybe(fc.oneof(filled, fc.constantFrom('keys', 'Simple Assignment')));

const { rule } = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.record({
    at: fc.constant(at),
    name: ruleName,
    documentation,
    sources: listOf(source, 2, 1),
    targets: listOf(target, 3),
    dependents: listOf(
      fc
        .tuple(name, listOf(argument, 3))
        .map(([called, parameters]): Invocation => ({ kind: 'call', name: called, parameters })),
    ),
    rules: fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.constant([]), listOf(tie('rule'), 2)),
  }),
}));

const group: fc.Arbitrary<Group> = fc.record({
  name,
  parameters: listOf(
    fc.record({ mode: fc.constantFrom('source' as const, 'target' as const), name, type: maybe(name) }),
    3,
    1,
  ),
  parent: maybe(name),
  typeMode: fc.constantFrom(undefined, 'types', 'type+'),
  documentation,
  rules: listOf(rule, 3),
});

const url = fc.constantFrom('https://a.example/x', 'https://b.example/y', 'urn:oid:1.2', 'it\'s "odd"\\');
const code = fc.oneof(fc.constantFrom('a', 'two words', '12', 'x-y', '1.5', '"', 'é'), filled);
const conceptMap: fc.Arbitrary<InlineConceptMap> = fc
  .record({
    id: fc.constantFrom('#codes', '#c-2', 'https://a.example/map', '#plain'),
    systems: fc.tuple(url, url, url),
    unmapped: fc.boolean(),
    codes: listOf(
      fc.record({
        from: code,
        relation: fc.constantFrom('-', '=', '==', '!=', '--', '<=', '<-', '>=', '>-', '~'),
        to: code,
        second: fc.boolean(),
        none: fc.boolean(),
      }),
      5,
    ),
  })
  .map(({ id, systems, unmapped, codes }) => ({
    url: word(id),
    prefixes: new Map([
      ['s', systems[0]],
      ['t', systems[1]],
      ['odd prefix', systems[2]],
    ]),
    unmapped: unmapped ? [{ prefix: word('s'), mode: word('provided') }] : [],
    codes: codes.map(({ from, relation, to, second, none }) => {
      const isNone = none && relation === '--';
      const prefix = word(isNone ? 's' : second ? 'odd prefix' : 't');
      return {
        source: { prefix: word('s'), code: from },
        relation: word(relation),
        target: { prefix, code: isNone ? '' : to },
      };
    }),
  }));

const value = fc.oneof(
  text,
  fc.boolean(),
  fc.integer(),
  fc.constant(1.5),
  fc.constant(undefined),
  fc.constantFrom('# A\n\ntext', 'a"""b\n'),
);
const metadata: fc.Arbitrary<Metadata[]> = listOf(
  fc
    .tuple(
      fc.constantFrom(
        'title',
        'status',
        'experimental',
        'contact.name',
        'contact[1].telecom[0].value',
        'extension[0].url',
        '_title.id',
        'group[0].id',
        'group[0].rule[0].id',
        'group',
        '__proto__.x',
        'constructor.x',
        'a[999999]',
      ),
      value,
    )
    // elements of the map itself are no numbers
    .map(([path, given]): Metadata => {
      const isText = typeof given === 'number' && !path.includes('.');
      return { name: path, at, value: isText ? String(given) : given };
    }),
  5,
);

const structure: fc.Arbitrary<Structure> = fc.record({
  url: url.map(word),
  alias: maybe(name.map((one) => one.text)),
  mode: fc.constantFrom('source', 'target', 'queried', 'produced'),
  documentation,
});

/** Any map that a text can say. */
export const anyMap: fc.Arbitrary<MapFile> = fc
  .record({
    head: fc.record({ url: filled, name: filled }),
    metadata,
    conceptMaps: listOf(conceptMap),
    structures: listOf(structure),
    imports: listOf(url.map(word)),
    constants: listOf(fc.record({ name, value: expression })),
    groups: listOf(group, 2, 1),
  })
  .map(({ head, metadata: more, ...parts }) => ({
    file: 't.map',
    ...head,
    metadata: [{ name: 'url', at, value: head.url }, { name: 'name', at, value: head.name }, ...more],
    ...parts,
  }));
