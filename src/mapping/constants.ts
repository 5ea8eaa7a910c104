/** Evaluates the constants of a map (`let name = expression;`) once, while it is compiled. */
import { AdapterError } from '../fhir/outcome.ts';
import { tokenize } from './lexer.ts';
import { plain, type Scope, type Unit, type Variable } from './site.ts';
import type { Constant } from './tree.ts';

/**
 * @returns the constants of a file by name; each may use those above it. A finding for each that is not one text, number or
 *   boolean, or that uses one below it
 */
export function constantsOf(unit: Unit, file: string): Scope {
  const scope = new Map<string, Variable>();
  const values = new Map<string, unknown>();
  const all = unit.sources.files.get(file)?.constants ?? [];
  const places = new Map(all.map(({ name }, index) => [name.text, index]));
  all.forEach((constant, index) => {
    const used = namesIn(constant).filter((name) => places.has(name));
    const after = used.map((name) => places.get(name)!).filter((place) => place >= index);
    const later = after.length > 0 ? all[Math.min(...after)] : undefined;
    const known = used.filter((name) => scope.has(name)).map((name): Known => [name, values.get(name)]);
    const [value, ...more] = later ? [] : valuesOf(unit, constant, known);
    const type = typeof value === 'number' ? 'decimal' : typeof value;
    if (more.length > 0 || (type !== 'string' && type !== 'decimal' && type !== 'boolean')) {
      const message = later
        ? `the constant ${constant.name.text} uses ${later.name.text}, which is not known before it; put that above it`
        : `the constant ${constant.name.text} must be one text, number or boolean`;
      unit.findings.add('map-expression', constant.name.at, message);
      return;
    }
    values.set(constant.name.text, value);
    const shape = { kind: 'type', name: type } as const;
    const code = plain(JSON.stringify(value), shape, { fresh: true });
    scope.set(constant.name.text, { ...code, mode: 'source' });
  });
  return scope;
}

/** A constant above, and its value. */
type Known = readonly [name: string, value: unknown];

/** @returns every name in a constant's expression, once: bare or as `%name` it may be another constant */
function namesIn({ value }: Constant): string[] {
  try {
    const tokens = tokenize('', value.text);
    return [...new Set(tokens.flatMap(({ kind, text }) => (kind === 'name' ? [text] : [])))];
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    return []; // refused where it is evaluated
  }
}

function valuesOf(unit: Unit, { value }: Constant, known: readonly Known[]): unknown[] {
  const compiled = unit.sources.compileExpression(value.text, { variables: known.map(([name]) => name) });
  if (!compiled.ok) return [];
  try {
    return compiled.value(undefined, Object.fromEntries(known));
  } catch (error) {
    if (error instanceof AdapterError) return [];
    throw error;
  }
}
