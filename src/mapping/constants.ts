/** Evaluates the constants of a map (`let name = expression;`) once, while it is compiled. */
import { AdapterError } from '../fhir/outcome.ts';
import { plain, type Scope, type Unit, type Variable } from './site.ts';
import type { Constant } from './tree.ts';

/** @returns the constants of a file by name; a finding for each that is not one text, number or boolean */
export function constantsOf(unit: Unit, file: string): Scope {
  const scope = new Map<string, Variable>();
  for (const constant of unit.sources.files.get(file)?.constants ?? []) {
    const [value, ...more] = valuesOf(unit, constant);
    const type = typeof value === 'number' ? 'decimal' : typeof value;
    if (more.length > 0 || (type !== 'string' && type !== 'decimal' && type !== 'boolean')) {
      const message = `the constant ${constant.name.text} must be one text, number or boolean`;
      unit.findings.add('map-expression', constant.name.at, message);
      continue;
    }
    const shape = { kind: 'type', name: type } as const;
    scope.set(constant.name.text, {
      ...plain(JSON.stringify(value), shape, { fresh: true }),
      mode: 'source',
    });
  }
  return scope;
}

function valuesOf(unit: Unit, { value }: Constant): unknown[] {
  const compiled = unit.sources.compileExpression(value.text, {});
  if (!compiled.ok) return [];
  try {
    return compiled.value(undefined);
  } catch (error) {
    if (error instanceof AdapterError) return [];
    throw error;
  }
}
