/** Every binding of ours finds its value set, and every code in one is a code of its code system. */
import { readFileSync } from 'node:fs';
import type { CodeSystem, CodeSystemConcept, ValueSet } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { baseCanonicals } from '../../src/fhir/canonicals.ts';
import { SNOMED_SYSTEM, snomedFault } from '../../src/fhir/identifiers.ts';
import { BASE, published, publishedOf } from './published.ts';

const canonicals = baseCanonicals();
for (const definition of published) canonicals.add(definition);

/** @returns display by code, children included; undefined for a code system that is not here */
function codesOf(system: string): ReadonlyMap<string, string | undefined> | undefined {
  const found = canonicals.find('CodeSystem', system);
  if (found?.content !== 'complete') return undefined;
  const codes = new Map<string, string | undefined>();
  const walk = (concepts: readonly CodeSystemConcept[] = []): void => {
    for (const { code, display, concept } of concepts) {
      codes.set(code!, display);
      walk(concept);
    }
  };
  walk(found.concept);
  return codes;
}

test('every binding of ours names a value set that is here or in base R4', () => {
  const bound = publishedOf('StructureDefinition').flatMap(({ url, differential }) =>
    (differential?.element ?? []).flatMap(({ id, binding }) =>
      binding ? [{ at: `${url} ${id}`, valueSet: binding.valueSet! }] : [],
    ),
  );
  expect(bound.length).toBeGreaterThan(30);
  expect(bound.filter(({ valueSet }) => !canonicals.find('ValueSet', valueSet))).toEqual([]);
});

test('every value set of ours is bound to by an element', () => {
  const bound = new Set(
    publishedOf('StructureDefinition').flatMap(({ differential }) =>
      (differential?.element ?? []).map(({ binding }) => binding?.valueSet),
    ),
  );
  expect(publishedOf('ValueSet').filter(({ url }) => !bound.has(url))).toEqual([]);
});

test.each(publishedOf('ValueSet').map((one): [string, ValueSet] => [one.id, one]))(
  'value set %s includes what there is, by codes that there are',
  (_, { compose }) => {
    expect(compose!.include.length).toBeGreaterThan(0);
    for (const { system, concept, valueSet = [] } of compose!.include) {
      for (const url of valueSet) expect(canonicals.find('ValueSet', url), url).toBeDefined();
      if (system === undefined) continue;
      const codes = codesOf(system);
      if (system.startsWith(BASE)) expect(codes, system).toBeDefined();
      if (!codes) expect(concept, `${system} is not here: name the codes`).toBeDefined();
      for (const { code, display } of concept ?? []) {
        if (system === SNOMED_SYSTEM) expect(snomedFault(code), code).toBeUndefined();
        if (!codes) continue;
        expect([...codes.keys()], system).toContain(code);
        if (display !== undefined) expect(display).toBe(codes.get(code));
      }
    }
  },
);

/** The property `verified` of each concept that has it. */
function verifiedIn({ concept = [] }: CodeSystem): Map<string, boolean> {
  return new Map(
    concept.flatMap(({ code, property = [] }) =>
      property.flatMap((one) => (one.code === 'verified' ? [[code!, one.valueBoolean!] as const] : [])),
    ),
  );
}

test('a concept is verified exactly where its map gives a published code', () => {
  const outward = publishedOf('ConceptMap').filter(({ id }) =>
    /^(?:need|score|referral-source)-to-snomed$|^worker-role-to-sds$|^contact-mode-to-type$/.test(id),
  );
  expect(outward).toHaveLength(5);
  for (const { id, group } of outward) {
    for (const { source, element } of group!) {
      const verified = verifiedIn(canonicals.find('CodeSystem', source!)!);
      const mapped = element.filter(({ target }) => target?.some(({ code }) => code !== undefined));
      const sure = [...verified].filter(([, isSure]) => isSure).map(([code]) => code);
      expect(sure.sort(), id).toEqual(mapped.map(({ code }) => code).sort());
    }
  }
});

test('what is not verified is said of each need, status and LOINC code that it is true of', () => {
  const unsure = publishedOf('CodeSystem').flatMap((system) =>
    [...verifiedIn(system)].filter(([, isSure]) => !isSure).map(([code]) => `${system.id} ${code}`),
  );
  expect(unsure.sort()).toEqual([
    'loinc-verified 44260-8',
    'loinc-verified LA6571-9',
    'need debt',
    'need housing',
    'need transport-access',
    'referral-status offered',
  ]);
});

test('each code of the LOINC supplement stands in a questionnaire', () => {
  const text = ['phq-9', 'gad-7']
    .map((id) => readFileSync(`profiles/questionnaires/${id}.json`, 'utf8'))
    .join('\n');
  for (const { code } of canonicals.find('CodeSystem', `${BASE}/CodeSystem/loinc-verified`)!.concept!)
    expect(text).toContain(`"${code}"`);
});
