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
  const values: Record<string, unknown> = {};
  const all = unit.sources.files.get(file)?.constants ?? [];
  all.forEach((constant, index) => {
    const later = all.slice(index).find(({ name }) => mentions(constant, name.text));
    const [value, ...more] = later ? [] : valuesOf(unit, constant, values);
    const type = typeof value === 'number' ? 'decimal' : typeof value;
    if (more.length > 0 || (type !== 'string' && type !== 'decimal' && type !== 'boolean')) {
      const message = later
        ? `the constant ${constant.name.text} uses ${later.name.text}, which is not known before it; put that above it`
        : `the constant ${constant.name.text} must be one text, number or boolean`;
      unit.findings.add('map-expression', constant.name.at, message);
      return;
    }
    values[constant.name.text] = value;
    const shape = { kind: 'type', name: type } as const;
    const code = plain(JSON.stringify(value), shape, { fresh: true });
    scope.set(constant.name.text, { ...code, mode: 'source' });
  });
  return scope;
}

/** @returns true when a constant's expression names another, bare or as `%name` */
function mentions({ value }: Constant, name: string): boolean {
  try {
    return tokenize('', value.text).some(({ kind, text }) => kind === 'name' && text === name);
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    return false; // refused where it is evaluated
  }
}

function valuesOf(unit: Unit, { value }: Constant, known: Readonly<Record<string, unknown>>): unknown[] {
  const compiled = unit.sources.compileExpression(value.text, { variables: Object.keys(known) });
  if (!compiled.ok) return [];
  try {
    return compiled.value(undefined, known);
  } catch (error) {
    if (error instanceof AdapterError) return [];
    throw error;
  }
}
