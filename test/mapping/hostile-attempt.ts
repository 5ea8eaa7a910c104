/** Compiles maps that mean harm, and says what became of them: refused with located issues, or a map that runs bounded. */
import type { ConceptMap } from '@medplum/fhirtypes';
import { expect } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { type CompiledMap, compileMap } from '../../src/mapping/compile-map.ts';
import type { Limits } from '../../src/mapping/limits.ts';
import type { RunOptions } from '../../src/mapping/program.ts';
import type { JsonSchema } from '../../src/mapping/shapes.ts';

const definitions = loadBaseDefinitions();

/** `file:line:column`, which every finding starts with. */
const PLACE = /^[\w./-]+\.map:\d+:\d+\b/;

export interface Around {
  readonly imports?: Readonly<Record<string, string>>;
  readonly limits?: Partial<Limits>;
  readonly schemas?: readonly JsonSchema[];
  readonly conceptMaps?: Readonly<Record<string, ConceptMap>>;
}

export interface Attempt {
  readonly map: CompiledMap | undefined;
  /** rule ids of the errors, each once */
  readonly rules: readonly string[];
  readonly texts: readonly string[];
}

/** Compiles under the name `t.map`; every error must say where it is. */
export function attempt(text: string, { imports, limits, schemas, conceptMaps }: Around = {}): Attempt {
  const compiled = compileMap({
    maps: Object.entries({ 't.map': text, ...imports }).map(([name, text]) => ({ name, text })),
    definitions,
    conceptMaps: new Map(Object.entries(conceptMaps ?? {})),
    ...(limits && { limits }),
    ...(schemas && { schemas }),
  });
  if (compiled.ok) return { map: compiled.value, rules: [], texts: [] };
  const errors = compiled.outcome.issue.filter(({ severity }) => severity === 'error');
  const texts = errors.map(({ diagnostics }) => diagnostics ?? '');
  expect(texts).not.toEqual([]);
  expect(texts.filter((one) => !PLACE.test(one))).toEqual([]);
  return { map: undefined, rules: [...new Set(errors.map(ruleOf))] as string[], texts };
}

/** Runs a map that must compile. @returns the target and `rule diagnostics` of the issues, each of which must say where it is */
export function outcome(
  text: string,
  record: unknown,
  around?: Around,
  options?: RunOptions,
): { out: unknown; issues: string[]; explained: string[] } {
  const { map, texts } = attempt(text, around);
  if (!map) throw new Error(texts.join('\n'));
  const lines = (issues: ReturnType<CompiledMap['run']>['issues']): string[] => {
    expect(issues.filter(({ diagnostics }) => !PLACE.test(diagnostics ?? ''))).toEqual([]);
    return issues.map((issue) => `${ruleOf(issue)} ${issue.diagnostics}`);
  };
  const { value, issues } = map.run(record, options);
  return { out: value, issues: lines(issues), explained: lines(map.explain(record, options).issues) };
}

/** A map from anything to anything. */
export function anyMapText(body: string, more = ''): string {
  return `map "https://hedgerow.example/t" = "t"\ngroup main(source src, target tgt) {\n${body}\n}\n${more}`;
}
