/** Every invariant that is published with R4 and UK Core compiles; over the examples each is met, except the true faults that are listed. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileInvariant, type Invariant } from '../../src/fhirpath/invariant.ts';
import { typesAt } from '../../src/fhirpath/place.ts';
import { isPrimitive } from '../../src/fhirpath/types.ts';
import { CORRECTIONS, type Correction } from '../../src/validation/invariant-corrections.ts';
import {
  allTypes,
  CONFORMANCE,
  invariantsOf,
  type StatedInvariant,
  structureDefinitions,
  ukCoreDefinitions,
} from './all-types.ts';
import { elementsOf } from './elements.ts';

const definitions = allTypes();
const types = structureDefinitions('profiles-types.json', 'profiles-resources.json');
const base = invariantsOf(types);
const others = invariantsOf(structureDefinitions('profiles-others.json', 'extension-definitions.json'));
const ukCore = invariantsOf(ukCoreDefinitions());

/** What cannot compile as it is published; see the corrections. */
const NOT_COMPILING = [
  "ChargeItemDefinition cid-0: name.matches('[A-Z]([A-Za-z0-9_]){0,254}')",
  'Extension inv-1: substanceExposureRisk.exists() and code.empty()',
];

/** True faults of published examples, and of our own: what is not met, and why. */
const TRUE_FAULTS: Readonly<Record<string, readonly string[]>> = {
  'mappings/spreadsheet/examples/referral/consent-in-every-way/expected.fhir.json': [
    'bdl-7 Bundle', // the records of one file share people, each with the same fullUrl
  ],
  'fhirpath/resources-r4/Minimum-Data-Set---version-3.0.R4.json': [
    'que-2 Questionnaire', // the linkId /54633-3/54655-6 stands there twice
    'que-5 Questionnaire.item.item', // a group has answer options
  ],
  'fhirpath/resources-r4/codesystem-example.json': ['csd-1 CodeSystem'], // the code chol-mass stands there twice
  'fhirpath/resources-r4/patient-container-example.json': [
    'dom-3 Patient', // it refers to the contained organisation as 1, not as #1
    'org-1 Organization', // which has neither a name nor an identifier
  ],
  // it is a snapshot of one element, and nothing else
  'fhirpath/resources-r4/structure-definition-example.json': [
    'sdf-4 StructureDefinition',
    'sdf-5 StructureDefinition',
    'sdf-11 StructureDefinition',
    'sdf-14 StructureDefinition',
    'sdf-15 StructureDefinition',
    'sdf-16 StructureDefinition',
    'sdf-3 StructureDefinition.snapshot',
    'sdf-8 StructureDefinition.snapshot',
    'sdf-8b StructureDefinition.snapshot',
    'eld-19 StructureDefinition.snapshot.element',
  ],
};

function correctionOf({ key, expression }: StatedInvariant): Correction | undefined {
  return CORRECTIONS.find((one) => one.key === key && one.published === expression);
}

/** @returns `path key: expression` of those that do not compile; each expression is tried once for the same types */
function refused(stated: readonly StatedInvariant[]): string[] {
  const tried = new Map<string, StatedInvariant>();
  for (const one of stated) {
    const types = typesAt(definitions, one.path) ?? [one.path];
    tried.set(`${one.expression} ${types}`, one);
  }
  const faults = [...tried.values()].filter(
    ({ path, expression }) => !compileInvariant(expression, { path }, definitions).ok,
  );
  return [...new Set(faults.map(({ path, key, expression }) => `${path} ${key}: ${expression}`))];
}

test('every invariant that is published with R4 compiles for its element, except those listed', () => {
  expect(base.length).toBeGreaterThan(8000);
  expect(others.length).toBeGreaterThan(1000);
  expect([...new Set([...refused(base), ...refused(others)])]).toEqual(NOT_COMPILING);
});

test('every invariant of UK Core compiles for its element', () => {
  if (ukCore.length === 0) console.log('UK Core is not at hand here: its invariants are not compiled');
  expect(refused(ukCore)).toEqual([]);
});

test('every invariant that is stated on a primitive is met by extensions alone, but for a narrative and a cardinality', () => {
  const stated = base.filter(({ path }) => typesAt(definitions, path)?.every(isPrimitive));
  const verdicts = stated.map(({ path, expression }) => {
    const compiled = compileInvariant(expression, { path }, definitions);
    const context = {
      resource: {},
      rootResource: {},
      sibling: { extension: [{ url: 'u', valueCode: 'c' }] },
    };
    return compiled.ok && compiled.value(undefined, context);
  });
  expect(stated.length).toBeGreaterThan(1000);
  const unmet = stated.filter((_, i) => verdicts[i] !== true).map(({ key, path }) => `${key} ${path}`);
  expect([...new Set(unmet)]).toEqual([
    'eld-3 ElementDefinition.max',
    'txt-1 Narrative.div',
    'txt-2 Narrative.div',
  ]);
});

test('every correction is of a published invariant, and compiles for its elements', () => {
  const all = [...base, ...others];
  const places = CORRECTIONS.map((one) => all.filter((stated) => correctionOf(stated) === one));
  expect(CORRECTIONS.filter((_, i) => places[i]!.length === 0)).toEqual([]);
  const corrected = CORRECTIONS.flatMap(({ corrected: expression }, i) =>
    places[i]!.map((stated) => ({ ...stated, expression })),
  );
  expect(refused(corrected)).toEqual([]);
});

const compiled = new Map<string, Invariant | undefined>();

function invariantOf(stated: StatedInvariant, type: string): Invariant | undefined {
  const expression = correctionOf(stated)?.corrected ?? stated.expression;
  const key = `${stated.path} ${type} ${expression}`;
  if (!compiled.has(key)) {
    const result = compileInvariant(expression, { path: stated.path, types: [type] }, definitions);
    compiled.set(key, result.ok ? result.value : undefined);
  }
  return compiled.get(key);
}

const errorsAt = Map.groupBy(
  invariantsOf(types.filter(({ derivation }) => derivation !== 'constraint')).filter(
    ({ isError }) => isError,
  ),
  ({ path }) => path,
);

/** @returns `key path` of each invariant that is not met, with the verdict where it is not a plain no */
function unmetIn(resource: unknown): string[] {
  const unmet = new Set<string>();
  for (const met of elementsOf(definitions, resource))
    for (const path of new Set([met.path, met.type]))
      for (const stated of errorsAt.get(path) ?? []) {
        const verdict = invariantOf(stated, met.type)?.(met.value, met);
        if (verdict !== true) unmet.add(`${stated.key} ${met.path}${verdict === false ? '' : ` ${verdict}`}`);
      }
  return [...unmet];
}

/** @returns what is not met, by file; and how many files were looked at */
function unmetBy(
  patterns: readonly string[],
  cwd: string,
): { unmet: Record<string, string[]>; count: number } {
  const unmet: Record<string, string[]> = {};
  const files = globSync([...patterns], { cwd }).sort();
  for (const file of files) {
    const resource = JSON.parse(readFileSync(join(cwd, file), 'utf8')) as { resourceType?: string };
    const found = resource.resourceType ? unmetIn(resource) : [];
    if (found.length > 0) unmet[file] = found;
  }
  return { unmet, count: files.length };
}

function faultsListed(folder: string): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(TRUE_FAULTS).filter(([file]) => file.startsWith(folder)));
}

test('our golden cases meet every invariant of R4, except for what is listed', () => {
  const root = join(import.meta.dirname, '../..');
  const { unmet, count } = unmetBy(['mappings/**/examples/**/expected.fhir.json'], root);
  expect(count).toBeGreaterThan(20);
  expect(unmet).toEqual(faultsListed('mappings'));
});

for (const folder of ['uk-core/examples', 'fhirpath/resources-r4'])
  test(`the published examples in ${folder} meet every invariant of R4, except for the true faults listed`, () => {
    const { unmet, count } = unmetBy([`${folder}/**/*.json`], CONFORMANCE);
    if (count === 0) console.log(`${folder} is not at hand here: its invariants are not evaluated`);
    expect(unmet).toEqual(count === 0 ? {} : faultsListed(folder));
  });
