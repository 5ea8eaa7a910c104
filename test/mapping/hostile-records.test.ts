/** Whatever the caller hands over as a record ends in a target or in issues: no throw, no change, nothing shared, nothing polluted. */
import { expect, test, vi } from 'vitest';
import { attempt, outcome } from './hostile-attempt.ts';
import { mapText, SCHEMA } from './one-hop.ts';

/** A slow machine takes longer for large inputs; a hang takes for ever. */
vi.setConfig({ testTimeout: 60_000 });

const BODY = `src.id as id -> tgt.id = append('o:', id), tgt.implicitRules = truncate(id, 3) "id";
  src.name -> tgt.language;
  src.status as s -> tgt.status = translate(s, '#s', 'code') "status";
  src.seen -> tgt.issued;
  src.born as b -> tgt.effective = dateOp(b, 'add', 1, 'days') "born";
  src.size as n check $this > 0 -> tgt.value = qty(n, 'cm') "size";
  src.weight as w -> tgt.component as c, c.value = cast(w, 'integer') "cast";
  src.place as p -> tgt.code as code then { p.town -> code.text; p.code as c -> code.coding = c('https://s', c) "c"; } "place";
  src.notes as n where kind.exists() and n.words != 'x' -> tgt.note as note, note.text = (n.words & '.') "notes";
  src.tags last as t -> tgt.category = cc(t) "tag";
  src.tags 0..2 as t where $this.length() < 9 -> tgt.identifier as i share one, i.value = escape(t, 'json') "tags";
  src.name as t where t.upper() = 'A' -> tgt.method = cc(t), tgt.referenceRange as r, r.text = t "name";`;
const FEW = { steps: 100_000 };
const TYPED = attempt(mapText('Observation', BODY, 'conceptmap "#s" { prefix s = "a" s:open - s:final }'), {
  schemas: [SCHEMA],
  limits: FEW,
}).map!;

/** Copies anything, whole and member by member. */
const LOOSE = attempt(
  `uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
group main(source src, target tgt) {
  src.a as x -> tgt.a = x "whole";
  src.a as x then { x.b as y -> tgt.b = y "b"; x.length as y -> tgt.l = y "l"; } "in";
  src.a as x where x.b.exists() -> tgt.c = (x.b) "path";
  src.a as x where x = 'A' -> tgt.d = 'A' "equal";
  src.a first as x -> tgt.f = x "first";
  src.p as p then patient(p, tgt) "p";
}
group patient(source p : Patient, target t) { p.birthDate -> t.birthDate; p.name as n then { n.given as g -> t.given = g "g"; } "n"; p.deceased as d -> t.deceased = d "d"; }`,
  { limits: FEW },
).map!;

const throwing = (): object =>
  Object.defineProperty({}, 'b', {
    enumerable: true,
    get: () => {
      throw new Error('secret');
    },
  });
const circular = (): object => {
  const made: Record<string, unknown> = { b: 'x' };
  return Object.assign(made, { self: made, twice: [made, made] });
};
const nested = (depth: number): unknown => {
  let made: unknown = 'end';
  for (let i = 0; i < depth; i++) made = i % 2 ? [made] : { b: made };
  return made;
};

/** Values in the place of any field. */
const VALUES: Readonly<Record<string, () => unknown>> = {
  'an object ten thousand deep': () => nested(10_000),
  'an object that holds itself': circular,
  'a getter that throws': throwing,
  'a proxy that throws': () =>
    new Proxy(
      {},
      {
        get: () => {
          throw 'secret';
        },
        ownKeys: () => {
          throw new TypeError('secret');
        },
      },
    ),
  'own keys named __proto__': () =>
    JSON.parse('{"__proto__": {"polluted": 1}, "b": {"__proto__": {"polluted": 1}}}'),
  'own keys named constructor': () => JSON.parse('{"constructor": {"prototype": {"polluted": 1}}}'),
  'a list for an object': () => [[['x']], [{ b: ['y'] }]],
  'an object for a text': () => ({ b: { b: 'x' } }),
  null: () => null,
  undefined: () => undefined,
  'a list of null': () => [null, undefined, null],
  'a sparse list': () => {
    const list: unknown[] = [];
    list[1_000] = 'x';
    return list;
  },
  'a list of a hundred thousand': () => new Array(100_000).fill('x'),
  'a text of ten million characters': () => 'x'.repeat(10_000_000),
  'ten million blanks': () => ' '.repeat(10_000_000),
  'a number as a text': () => '12',
  'a text as a number': () => 12,
  'not a number': () => Number.NaN,
  'a BigInt': () => 12n,
  'a symbol': () => Symbol('s'),
  'a function': () => () => 'called',
  'a date': () => new Date(0),
  'a map': () => new Map([['b', 1]]),
  'a regular expression': () => /x/,
  'a typed array': () => new Uint8Array(10),
  'an object without a prototype': () => Object.assign(Object.create(null), { b: 'x' }),
  'a class': () => class A {},
  'a boxed text': () => Object('x'),
  'an object that turns into no text': () => ({ toString: 1, valueOf: null, toJSON: 2 }),
  'a lone surrogate': () => '\ud800',
};

/** Every object of a value, as far as it can be read. */
function objectsIn(value: unknown): Set<object> {
  const found = new Set<object>();
  const waiting = [value];
  for (let at = waiting.pop(); at !== undefined || waiting.length > 0; at = waiting.pop()) {
    if (typeof at !== 'object' || at === null || found.has(at)) continue;
    found.add(at);
    try {
      waiting.push(...Object.values(at));
    } catch {
      // what cannot be read cannot be shared
    }
  }
  return found;
}

/** Names and values of an object, without calling what it may have in their place; of long lists the length. */
function membersOf(value: object): unknown {
  if (Array.isArray(value) && value.length > 2_000) return value.length;
  try {
    return Object.entries(Object.getOwnPropertyDescriptors(value)).map(([key, member]) => [
      key,
      typeof member.value,
    ]);
  } catch {
    return undefined;
  }
}

function expectHarmless(
  record: object,
  run: () => { value: unknown; issues: readonly { diagnostics?: string }[] },
): void {
  const before = objectsIn(record);
  const members = (): unknown[] => [...before].map(membersOf);
  const asGiven = members();
  const { value: out, issues } = run();
  expect(out === undefined ? issues.length : 1).toBeGreaterThan(0);
  expect([...objectsIn(out)].filter((one) => before.has(one))).toEqual([]);
  expect(members()).toEqual(asGiven);
  expect(JSON.stringify(out ?? null)).toEqual(expect.any(String));
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  for (const { diagnostics } of issues) {
    expect(diagnostics).toMatch(/^t\.map:\d+:\d+/);
    expect(diagnostics).not.toContain('secret');
  }
}

for (const [what, make] of Object.entries(VALUES)) {
  test(`takes ${what} in the place of every field of a schema`, () => {
    for (const field of Object.keys(SCHEMA.properties!))
      for (const value of [make(), [make(), make()]]) {
        const record = { [field]: value };
        expectHarmless(record, () => TYPED.run(record));
      }
  });

  test(`takes ${what} where nothing is known, and where a FHIR type is expected`, () => {
    const patient = (value: unknown): object[] => [
      { birthDate: value },
      { birthDate: '2020', _birthDate: value },
      { name: value },
      { name: [{ given: value, _given: value }] },
      { deceasedBoolean: value, _deceasedBoolean: value },
    ];
    const value = make();
    for (const record of [
      { a: value },
      { a: [value] },
      { a: { b: value } },
      { p: value },
      ...patient(value).map((p) => ({ p })),
    ])
      for (const run of [LOOSE.run, LOOSE.explain]) expectHarmless(record, () => run(record));
  });

  test(`takes ${what} as the record`, () => {
    const given = make();
    const { value, issues } = LOOSE.run(given);
    expect(value === undefined ? issues.length : 1).toBeGreaterThan(0);
  });
}

test('says that reading threw, and of which kind, but not its message', () => {
  const { out, issues } = outcome(
    'group main(source src, target tgt) { src.b as x -> tgt.a = x "b"; }',
    throwing(),
  );
  expect(out).toBeUndefined();
  expect(issues).toEqual([
    expect.stringMatching(/^map-failed t\.map:1:\d+: .*threw Error; give the record as plain JSON$/),
  ]);
});

test('makes a target that JSON can hold as deep as the limits of calls allow', () => {
  const rules = `${'src.a as src -> tgt.a as tgt then { '.repeat(20)}src.a as n -> tgt.a as t then walk(n, t) "w"; src.id -> tgt.id;${' } "r";'.repeat(20)}`;
  const text = `group main(source src, target tgt) { src as s then walk(s, tgt) "m"; }\ngroup walk(source src, target tgt) { ${rules} }`;
  const record: Record<string, unknown> = { id: 'x' };
  record.a = record;
  const { out } = outcome(text, record);
  expect(JSON.stringify(out ?? null)).toEqual(expect.any(String));
});
