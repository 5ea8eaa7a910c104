/** Compiles small maps for tests: one text, its entry the first group, types as the text declares them. */
import type { ConceptMap, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { compileMap } from '../../src/mapping/compile-map.ts';
import type { Hop, RunOptions } from '../../src/mapping/program.ts';
import type { JsonSchema } from '../../src/mapping/shapes.ts';

const definitions = loadBaseDefinitions();

/** What surrounds the map under test. */
export interface Surroundings {
  readonly imports?: Readonly<Record<string, string>>;
  readonly conceptMaps?: Readonly<Record<string, ConceptMap>>;
  /** by `$id` */
  readonly schemas?: readonly JsonSchema[];
}

export interface Compiled {
  readonly hop: Hop | undefined;
  readonly issues: readonly OperationOutcomeIssue[];
  /** dotted paths of the source's schema that no rule reads */
  readonly unread: readonly string[];
}

/** Compiles `text` under the file name `t.map`. */
export function compileOne(text: string, around: Surroundings = {}): Compiled {
  const compiled = compileMap({
    maps: Object.entries({ 't.map': text, ...around.imports }).map(([name, text]) => ({ name, text })),
    definitions,
    conceptMaps: new Map(Object.entries(around.conceptMaps ?? {})),
    schemas: around.schemas ?? [],
  });
  if (!compiled.ok) return { hop: undefined, issues: compiled.outcome.issue, unread: [] };
  const { run, warnings, unread } = compiled.value;
  const hop: Hop = (source, issues, options) => {
    const result = run(source, options);
    issues.push(...result.issues);
    return result.value;
  };
  return { hop, issues: warnings, unread };
}

/** Runs one record through a map that must compile. */
export function run(
  text: string,
  record: unknown,
  around?: Surroundings,
  options?: RunOptions,
): { out: unknown; issues: string[] } {
  const { hop, issues: faults } = compileOne(text, around);
  if (!hop) throw new Error(faults.map(({ diagnostics }) => diagnostics).join('\n'));
  const issues: OperationOutcomeIssue[] = [];
  const out = hop(record, issues, options);
  return { out, issues: issues.map((issue) => `${ruleOf(issue)} ${issue.diagnostics}`) };
}

/** Rules from a record of `schema` to a FHIR type: `body` sees `src` and `tgt`. */
export function mapText(target: string, body: string, more = ''): string {
  return `map "https://hedgerow.example/test" = "test"
uses "https://hedgerow.example/schema/test" alias Record as source
uses "http://hl7.org/fhir/StructureDefinition/${target}" alias ${target} as target
group main(source src : Record, target tgt : ${target}) {
${body}
}
${more}`;
}

const text: JsonSchema = { type: 'string' };

/** A record of every kind of field. */
export const SCHEMA: JsonSchema = {
  $id: 'https://hedgerow.example/schema/test',
  type: 'object',
  properties: {
    id: text,
    name: text,
    status: text,
    born: { type: 'string', format: 'date' },
    seen: { type: 'string', format: 'date-time' },
    active: { type: 'boolean' },
    size: { type: 'integer' },
    weight: { type: 'number' },
    tags: { type: 'array', items: text },
    place: { type: 'object', properties: { town: text, code: text } },
    notes: { type: 'array', items: { type: 'object', properties: { kind: text, words: text } } },
  },
};

/** Runs rules from the record to a Patient, or to another type. */
export function runRules(
  body: string,
  record: unknown,
  target = 'Patient',
  more = '',
): { out: unknown; issues: string[] } {
  return run(mapText(target, body, more), record, { schemas: [SCHEMA] });
}

/** @returns the findings of rules that must not compile: `rule file:line:column: …` */
export function findingsOf(body: string, target = 'Patient', more = ''): string[] {
  const { hop, issues } = compileOne(mapText(target, body, more), { schemas: [SCHEMA] });
  if (hop) throw new Error('the map compiles');
  return issues.map((issue) => `${ruleOf(issue)} ${issue.diagnostics}`);
}
