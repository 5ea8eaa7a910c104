/** Compiles small maps for tests: one text, its entry the first group, types as the text declares them. */
import type { ConceptMap, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { compileExpression } from '../../src/fhirpath/compile.ts';
import { Compilation } from '../../src/mapping/compilation.ts';
import { type CodeMap, codeMapOf, codeMapOfInline } from '../../src/mapping/concept-map.ts';
import { Findings } from '../../src/mapping/finding.ts';
import { resolveImports } from '../../src/mapping/imports.ts';
import { parseMap } from '../../src/mapping/parser.ts';
import { type Hop, link } from '../../src/mapping/program.ts';
import { ANY, type JsonSchema, Shapes } from '../../src/mapping/shapes.ts';
import type { MapFile } from '../../src/mapping/tree.ts';

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
  const findings = new Findings();
  const files = new Map<string, MapFile>();
  for (const [name, content] of Object.entries({ 't.map': text, ...around.imports })) {
    const parsed = parseMap(name, content);
    if (parsed.ok) files.set(name, parsed.value);
    else findings.addIssues(parsed.outcome.issue);
  }
  const file = files.get('t.map');
  if (!file) return { hop: undefined, issues: findings.issues, unread: [] };
  const shapes = new Shapes(definitions);
  const schemas = new Map((around.schemas ?? []).map((schema) => [schema.$id ?? '', schema]));
  const imports = resolveImports(files, findings);
  const codeMaps = codeMapsOf(files, around.conceptMaps ?? {});
  const unit = new Compilation({ files, imports, codeMaps, schemas, shapes, compileExpression }, findings);
  const [group] = file.groups;
  const [source, target] = group!.parameters.map(
    ({ type }) => (type && unit.typeShape('t.map', type)) ?? ANY,
  );
  const entry = unit.entry({ file: 't.map', group: group! }, source!, target!, false);
  unit.checkRest();
  const hop = findings.failed ? undefined : link(unit, [entry]).get(entry);
  return { hop, issues: findings.issues, unread: shapes.unread(source!) };
}

function codeMapsOf(
  files: ReadonlyMap<string, MapFile>,
  conceptMaps: Readonly<Record<string, ConceptMap>>,
): ReadonlyMap<string, CodeMap> {
  const all = new Map<string, CodeMap>();
  for (const [name, map] of Object.entries(conceptMaps)) all.set(map.url!, codeMapOf(map, name, all));
  for (const [name, { conceptMaps: inline }] of files)
    for (const map of inline) all.set(name + map.url.text, codeMapOfInline(map, all));
  return all;
}

/** Runs one record through a map that must compile. */
export function run(
  text: string,
  record: unknown,
  around?: Surroundings,
): { out: unknown; issues: string[] } {
  const { hop, issues: faults } = compileOne(text, around);
  if (!hop) throw new Error(faults.map(({ diagnostics }) => diagnostics).join('\n'));
  const issues: OperationOutcomeIssue[] = [];
  const out = hop(record, issues);
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
