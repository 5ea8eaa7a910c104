/** Random maps over random records, and shipped maps with their tokens mixed up: values and located issues, never another exception. */
import { globSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import type { Checked } from '../../src/fhir/outcome.ts';
import { type CompiledMap, compileMap } from '../../src/mapping/compile-map.ts';
import { parseMap } from '../../src/mapping/parser.ts';
import { readStructureMap } from '../../src/mapping/structure-map-read.ts';
import { writeStructureMap } from '../../src/mapping/structure-map-write.ts';
import type { MapFile } from '../../src/mapping/tree.ts';
import { writeText } from '../../src/mapping/write-text.ts';
import { SCHEMA } from './one-hop.ts';
import { anyMap } from './tree-arbitrary.ts';
import { anyRunnableMap, NAMES } from './tree-runnable.ts';

/** A slow machine takes longer for many runs; a hang takes for ever. */
vi.setConfig({ testTimeout: 60_000 });

const definitions = loadBaseDefinitions();
const LIMITS = { code: 300_000, calls: 20, steps: 20_000, visits: 200_000, built: 1_000_000 };

function compiled(texts: readonly string[]): Checked<CompiledMap> {
  const maps = texts.map((text, index) => ({ name: index === 0 ? 't.map' : `t${index}.map`, text }));
  return compileMap({ maps, definitions, schemas: [SCHEMA], limits: LIMITS });
}

const PLACE = /^t\d*\.map:\d+:\d+/;

function expectLocated(issues: readonly { diagnostics?: string }[]): void {
  for (const { diagnostics } of issues) expect(diagnostics).toMatch(PLACE);
}

const scalar = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, '2024-05-01', '2024-05-01T10:00:00Z', 'open', '12', ''),
);
const { node } = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(
      fc.constantFrom(...NAMES, ...Object.keys(SCHEMA.properties!), 'resourceType', '__proto__', '_a'),
      tie('node'),
      {
        maxKeys: 6,
      },
    ),
  ),
}));
const record = fc.dictionary(fc.constantFrom(...NAMES, ...Object.keys(SCHEMA.properties!)), node, {
  maxKeys: 8,
});

/** @returns true when the map compiles; its runs must be harmless */
function tryMap(map: MapFile, records: readonly unknown[]): boolean {
  const result = compiled([writeText(map)]);
  if (!result.ok) {
    expect(result.outcome.issue.some(({ severity }) => severity === 'error')).toBe(true);
    expectLocated(result.outcome.issue);
    return false;
  }
  const hasTarget = map.groups[0]!.parameters.some(({ mode }) => mode === 'target');
  for (const one of records) {
    const before = JSON.stringify(one);
    for (const run of [result.value.run, result.value.explain]) {
      const { value, issues } = run(one, { uuid: () => 'u', log: () => undefined });
      expectLocated(issues);
      expect(JSON.stringify(value ?? null)).toEqual(expect.any(String));
      if (hasTarget) expect(value === undefined ? issues.length : 1).toBeGreaterThan(0);
    }
    expect(JSON.stringify(one)).toBe(before);
  }
  return true;
}

test('compiles any map that a text can say to a function or to located issues', () => {
  fc.assert(
    fc.property(anyMap, fc.array(record, { minLength: 1, maxLength: 2 }), (map, records) => {
      tryMap(map, records);
    }),
    { numRuns: 800 },
  );
});

test('runs maps whose names fit, over records of any JSON, to values and issues', () => {
  let runs = 0;
  fc.assert(
    fc.property(anyRunnableMap, fc.array(record, { minLength: 1, maxLength: 3 }), (map, records) => {
      runs += tryMap(map, records) ? 1 : 0;
    }),
    { numRuns: 800 },
  );
  expect(runs).toBeGreaterThan(200);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

const SHIPPED = globSync('mappings/**/*.map').map((path) => readFileSync(path, 'utf8'));
/** Words, texts, signs and blanks: what a slip of the hand takes away, doubles or swaps. */
const TOKENS = SHIPPED.map((text) => text.match(/\w+|"[^"\n]*"|'[^'\n]*'|\s+|[^\w\s]/g) ?? []);

interface Slip {
  readonly kind: 'delete' | 'double' | 'swap' | 'cut' | 'sign';
  readonly at: number;
  readonly other: number;
}

const slip = fc.record<Slip>({
  kind: fc.constantFrom('delete', 'double', 'swap', 'cut', 'sign'),
  at: fc.nat(),
  other: fc.nat(),
});
const SIGNS = [
  '{',
  '}',
  '(',
  ')',
  '"',
  "'",
  '`',
  '/*',
  '*/',
  '///',
  '->',
  '..',
  ';',
  ',',
  'where',
  'then',
  'as',
  '\\',
  '\0',
  '\u2028',
  '__proto__',
];

function slipped(tokens: readonly string[], slips: readonly Slip[]): string {
  const made = [...tokens];
  for (const { kind, at, other } of slips) {
    const [i, j] = [at % made.length, other % made.length];
    if (kind === 'delete') made.splice(i, 1);
    else if (kind === 'double') made.splice(i, 0, made[i]!);
    else if (kind === 'swap') [made[i], made[j]] = [made[j]!, made[i]!];
    else if (kind === 'cut') made.splice(i, j % 40);
    else made.splice(i, 0, SIGNS[other % SIGNS.length]!);
  }
  return made.join('');
}

test('parses shipped maps with their tokens deleted, doubled and swapped, or says where it stops', () => {
  expect(SHIPPED.length).toBeGreaterThan(5);
  fc.assert(
    fc.property(fc.nat(TOKENS.length - 1), fc.array(slip, { minLength: 1, maxLength: 6 }), (which, slips) => {
      const parsed = parseMap('t.map', slipped(TOKENS[which]!, slips));
      if (!parsed.ok) expectLocated(parsed.outcome.issue);
    }),
    { numRuns: 600 },
  );
});

test('compiles shipped maps with their tokens mixed up to a function or to issues', () => {
  fc.assert(
    fc.property(fc.nat(TOKENS.length - 1), fc.array(slip, { minLength: 1, maxLength: 3 }), (which, slips) => {
      const others = SHIPPED.filter((_, index) => index !== which);
      const result = compiled([slipped(TOKENS[which]!, slips), ...others]);
      const issues = result.ok ? result.value.warnings : result.outcome.issue;
      expect(result.ok || issues.some(({ severity }) => severity === 'error')).toBe(true);
    }),
    { numRuns: 40 },
  );
});

/** Puts a value in the place of any member of JSON. */
function replaced(json: unknown, steps: readonly number[], value: unknown): unknown {
  const [step, ...more] = steps;
  if (step === undefined || typeof json !== 'object' || json === null) return value;
  const keys = Object.keys(json);
  const key = keys[step % Math.max(1, keys.length)];
  if (key === undefined) return value;
  const member = replaced((json as Record<string, unknown>)[key], more, value);
  return Array.isArray(json) ? json.with(Number(key), member) : { ...json, [key]: member };
}

const JSONS = SHIPPED.map((text) => parseMap('t.map', text)).flatMap((parsed) => {
  return parsed.ok ? [JSON.parse(JSON.stringify(writeStructureMap(parsed.value, { version: 'R4' })))] : [];
});

test('reads StructureMaps with any JSON in the place of any member, or says which element is wrong', () => {
  expect(JSONS.length).toBe(SHIPPED.length);
  const steps = fc.array(fc.nat(50), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(fc.nat(JSONS.length - 1), steps, fc.jsonValue({ maxDepth: 2 }), (which, path, value) => {
      const read = readStructureMap('m.json', replaced(JSONS[which], path, value));
      if (!read.ok)
        for (const { diagnostics } of read.outcome.issue)
          expect(diagnostics).toMatch(/^m\.json#StructureMap/);
    }),
    { numRuns: 500 },
  );
});
