/** Refusals with their place, limits, hostile names and data, and what happens when an expression ends in an error. */
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { AdapterError, ruleOf } from '../../src/fhir/outcome.ts';
import { compileExpression } from '../../src/fhirpath/compile.ts';
import { parseExpression } from '../../src/fhirpath/parser.ts';

const definitions = loadBaseDefinitions();

function diagnosticsOf(expression: string): string | undefined {
  const compiled = compileExpression(expression);
  return compiled.ok ? undefined : compiled.outcome.issue[0]!.diagnostics;
}

function run(expression: string, focus: unknown = {}, variables: readonly string[] = []): unknown[] {
  const compiled = compileExpression(expression, { variables });
  if (!compiled.ok) throw new Error(compiled.outcome.issue[0]!.diagnostics);
  return compiled.value(focus);
}

function evaluationRule(expression: string, focus: unknown = {}): string | undefined {
  try {
    run(expression, focus);
    return undefined;
  } catch (error) {
    return error instanceof AdapterError ? ruleOf(error.outcome.issue[0]!) : `thrown: ${String(error)}`;
  }
}

test('a syntax error names line and column', () => {
  expect(diagnosticsOf('name.\n  given(')).toContain('line 2, column 9');
  expect(diagnosticsOf('1 +')).toContain('line 1, column 4');
  expect(diagnosticsOf("name.where(use = 'x'")).toContain("expected ')'");
  expect(diagnosticsOf("'open")).toContain('is not closed');
  expect(diagnosticsOf('a /* open')).toContain('a comment is not closed');
  expect(diagnosticsOf('a # b')).toContain('column 3');
  expect(diagnosticsOf("'\\q'")).toContain('no escape of FHIRPath');
  expect(diagnosticsOf('')).toContain('found the end of the expression');
});

test('the tree keeps the position of every node', () => {
  const parsed = parseExpression('name\n  .given');
  expect(parsed.ok && parsed.value).toMatchObject({
    kind: 'member',
    name: 'given',
    at: { line: 2, column: 4 },
    focus: { kind: 'member', name: 'name', at: { line: 1, column: 1 } },
  });
});

test('keywords are names where a name is expected', () => {
  expect(run('contains.as.is', { contains: { as: { is: 1 } } })).toEqual([1]);
  expect(run('div + mod', { div: 1, mod: 2 })).toEqual([3]);
});

test('expressions that are too long, too deep or too many are refused', () => {
  for (const expression of [
    `${'('.repeat(5000)}1${')'.repeat(5000)}`,
    `${'-'.repeat(5000)}1`,
    `a${'.a'.repeat(5000)}`,
    `a${'[0]'.repeat(1000)}`,
    `1${' + 1'.repeat(3000)}`,
    `'${'a'.repeat(20_000)}'`,
    `${'(a.where('.repeat(40)}true${') as Patient).exists()'.repeat(40)}`,
  ]) {
    const compiled = compileExpression(expression);
    expect(compiled.ok || ruleOf(compiled.outcome.issue[0]!)).toBe('fhirpath-limit');
  }
});

test('names that JavaScript objects inherit are data or nothing', () => {
  const hostile = JSON.parse(
    '{"__proto__": {"polluted": 1}, "constructor": 1, "prototype": 2, "length": 3, "toString": "own"}',
  );
  expect(run('__proto__', hostile)).toEqual([]);
  expect(run('constructor', hostile)).toEqual([]);
  expect(run('prototype', hostile)).toEqual([]);
  expect(run('length', hostile)).toEqual([3]);
  expect(run('toString', hostile)).toEqual(['own']);
  for (const name of ['length', 'toString', 'valueOf', 'hasOwnProperty', 'map', '__defineGetter__']) {
    expect(run(name, {})).toEqual([]);
    expect(run(`name.${name}`, { name: ['a', 'b'] })).toEqual([]);
    expect(run(`%x.${name}`, {}, ['x'])).toEqual([]);
  }
});

test('names and texts cannot leave their quotes in the generated code', () => {
  const name = '"];globalThis.broken=1;["\u2028\\';
  expect(run(`\`${name.replace('\\', '\\\\')}\``, { [name]: 'safe' })).toEqual(['safe']);
  expect(run("'\"+globalThis.broken+\"' & '$1`'")).toEqual(['"+globalThis.broken+"$1`']);
  expect('broken' in globalThis).toBe(false);
});

test('where FHIRPath ends in an error, the adapter error names the expression and no value', () => {
  const secret = { name: ['Sorrel', 'Fern'] };
  for (const expression of [
    'name.single()',
    'name < 3',
    "name[0] - 'x'",
    'name and true',
    'name.first().abs()',
    'now()',
  ])
    expect(evaluationRule(expression, secret)).toBe('fhirpath-evaluation');
  try {
    run('name.single()', secret);
  } catch (error) {
    expect((error as AdapterError).message).toContain('name.single()');
    expect((error as AdapterError).message).not.toContain('Sorrel');
  }
});

test('variables are found by name with and without the percent sign', () => {
  const compiled = compileExpression('%order.lines.where(kind = code).count() + order.extra', {
    variables: ['order', 'code'],
  });
  const variables = { order: { lines: [{ kind: 'a' }, { kind: 'b' }], extra: 10 }, code: 'a' };
  expect(compiled.ok && compiled.value({}, variables)).toEqual([11]);
  expect(compiled.ok && compiled.value({})).toEqual([]);
});

test('records without definitions are walked as they are', () => {
  const record = { Surname: 'Sorrel', lines: [{ qty: 2 }, { qty: null }, { qty: 3 }], flag: null };
  expect(run('Surname', record)).toEqual(['Sorrel']);
  expect(run('lines.qty', record)).toEqual([2, 3]);
  expect(run('lines.where(qty > 2).qty', record)).toEqual([3]);
  expect(run('flag.exists()', record)).toEqual([false]);
  expect(run("Surname = 'Sorrel' and lines.count() = 3", record)).toEqual([true]);
  expect(run('$this', 'text')).toEqual(['text']);
  expect(run('anything', undefined)).toEqual([]);
});

test('results are arrays of their own: changing one changes no resource', () => {
  const record = { lines: [1, 2] };
  run('lines', record).push(3);
  expect(record.lines).toEqual([1, 2]);
});

test('a column that is named like a FHIR type is a column', () => {
  const compiled = compileExpression("Consent.lower() = 'yes' and Location.exists()", { definitions });
  expect(compiled.ok && compiled.value({ Consent: 'Yes', Location: 'Hall' })).toEqual([true]);
  const observation = { resourceType: 'Observation', valueString: 'x' };
  const rooted = compileExpression('Observation.value | Patient.name', { definitions });
  expect(rooted.ok && rooted.value(observation)).toEqual(['x']);
});

test('data that is nested without end, or holds very many items, ends in a result or an adapter error', () => {
  const nest = (depth: number): unknown => {
    let value: unknown = 'leaf';
    for (let i = 0; i < depth; i++) value = { a: value };
    return value;
  };
  expect(evaluationRule('x = y', { x: nest(100_000), y: nest(100_000) })).toBe('fhirpath-evaluation');
  expect(evaluationRule('descendants().count()', nest(1000))).toBe('fhirpath-evaluation');
  const wide = { items: Array.from({ length: 300_000 }, (_, i) => ({ n: i, items: [{ n: -i }] })) };
  expect(run('items.n.count()', wide)).toEqual([300_000]);
  expect(run('items.select(n).where($this > 299998)', wide)).toEqual([299_999]);
});
