/** Published definitions and examples are valid, but for true faults of their own, which are listed. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Resource, StructureDefinition } from '@medplum/fhirtypes';
import { describe, expect, test } from 'vitest';
import { knownCanonicals, ROOT } from '../../../src/cli/load.ts';
import { baseCanonicals } from '../../../src/fhir/canonicals.ts';
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import { createValidator, type Validator } from '../../../src/validation/validator.ts';
import { knownValidator } from '../known.ts';
import { applied, lineOf, mutationsIn } from './mutation.ts';
import { BARS, BASE_R4, PDS, UK_CORE } from './published-faults.ts';

const folder = new URL('../../../../shared/conformance/', import.meta.url);
const UK = 'https://fhir.hl7.org.uk/StructureDefinition/';

const STATUS = 'Extension-UKCore-NHSNumberVerificationStatus';
const PERSON = {
  resourceType: 'Patient',
  identifier: [
    {
      extension: [
        {
          url: UK + STATUS,
          valueCodeableConcept: {
            coding: [
              {
                system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland',
                code: '01',
              },
            ],
          },
        },
      ],
      system: 'https://fhir.nhs.uk/Id/nhs-number',
      value: '9990000018',
    },
  ],
};
const UK_CORE_PATIENT = `
there are two NHS numbers | Patient.identifier[1] | {"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"} | error profile-slice-max Patient.identifier | more than 1 of slice nhsNumber
an NHS number has no value | Patient.identifier[0].value | - | error profile-required Patient.identifier[0].value | supply value
an NHS number has two states | Patient.identifier[0].extension[1] | {"url":"${UK + STATUS}","valueCodeableConcept":{"coding":[{"system":"https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland","code":"02"}]}} | error profile-slice-max Patient.identifier[0].extension | of slice nhsNumberVerificationStatus
a state is none of the set | Patient.identifier[0].extension[0].valueCodeableConcept.coding[0].code | "99" | warning terminology-unknown-code Patient.identifier[0].extension[0].valueCodeableConcept.coding[0].code + error profile-code Patient.identifier[0].extension[0].valueCodeableConcept | correct the code
a state is a text alone | Patient.identifier[0].extension[0].valueCodeableConcept | {"text":"verified"} | error profile-code Patient.identifier[0].extension[0].valueCodeableConcept | has no code
a state is a code | Patient.identifier[0].extension[0] | {"url":"${UK + STATUS}","valueCode":"01"} | error profile-choice-type Patient.identifier[0].extension[0].valueCode | write valueCodeableConcept
a state stands on the person | Patient.extension | [{"url":"${UK + STATUS}","valueCodeableConcept":{"coding":[{"system":"https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland","code":"02"}]}}] | error fhir-extension-context Patient.extension[0] | its definition allows
`;

/** @returns faults without the numbers of items; that the compiled check agrees is held on the way */
function faultsIn(validator: Validator, resource: Resource, profiles: readonly string[] = []): string[] {
  const issues = validator.validate(resource, { profiles, isThorough: true });
  const wrong = issues.filter(({ severity }) => severity !== 'information');
  expect(validator.accepts(resource, profiles)).toBe(wrong.length === 0);
  return wrong.map((issue) => lineOf(issue).replaceAll(/\[\d+\]/g, '[]'));
}

const DEFINED = [
  'StructureDefinition',
  'ValueSet',
  'CodeSystem',
  'SearchParameter',
  'ConceptMap',
  'OperationDefinition',
] as const;

/** @returns `path url` of each extension, numbers of items left out: one of each is enough to tell whether it may stand there */
function extensionsIn(value: object, path: string): readonly string[] {
  return Object.entries(value).flatMap(([key, member]: [string, unknown]) => {
    if (typeof member !== 'object' || member === null) return [];
    const below = Array.isArray(value) ? path : `${path}.${key}`;
    const url = (member as { url?: unknown }).url;
    const own = path.endsWith('xtension') && Array.isArray(value) ? [`${path} ${url}`] : [];
    return [...own, ...extensionsIn(member, below)];
  });
}

test('definitions of base R4 are valid, but for what is listed', () => {
  const canonicals = baseCanonicals();
  const found = new Set<string>();
  const seen = new Set<string>();
  for (const type of DEFINED) {
    let count = 0;
    for (const definition of canonicals.all(type)) {
      const places = extensionsIn(definition, type).filter((place) => !seen.has(place));
      for (const place of places) seen.add(place);
      if (places.length === 0 && count++ % 25 !== 0) continue;
      for (const one of faultsIn(knownValidator(), definition)) found.add(one);
    }
    expect(count).toBeGreaterThan(10);
  }
  expect(seen.size).toBeGreaterThan(50);
  expect([...found].filter((one) => !(one in BASE_R4))).toEqual([]);
});

describe.runIf(existsSync(folder))('what was published for the United Kingdom', () => {
  const paths = (pattern: string): readonly string[] =>
    globSync(fileURLToPath(new URL(pattern, folder))).sort();
  const read = (path: string): Resource | undefined => {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Resource;
    } catch {
      return undefined; // one of the examples is not JSON
    }
  };
  const definitions = paths('uk-core/{codesystems,conceptmaps,structuredefinitions,valuesets}/*.json');
  let made: Validator | undefined;
  const ukCore = (): Validator => {
    if (made) return made;
    const canonicals = knownCanonicals(ROOT);
    for (const path of definitions) canonicals.add(read(path) as StructureDefinition);
    made = createValidator({ canonicals, definitions: loadBaseDefinitions(canonicals) });
    return made;
  };

  /** @returns the most special profile that a file is named after, for a resource of its type */
  const profileOf = (file: string, { resourceType }: Resource): string => {
    const [, type, ...rest] = file.replace(/^Extension-/, '').split('-');
    const names = [`UKCore-${type}-${rest[0]}-${rest[1]}`, `UKCore-${type}-${rest[0]}`];
    const special = names.map((name) => UK + name).find((url) => ukCore().knows(url));
    return type === resourceType && special ? special : `${UK}UKCore-${resourceType}`;
  };

  test('definitions of UK Core are valid and can be compiled', () => {
    expect(definitions.length).toBeGreaterThan(300);
    for (const path of definitions) {
      const definition = read(path)!;
      expect(faultsIn(ukCore(), definition), path).toEqual([]);
      if (definition.resourceType === 'StructureDefinition')
        expect(ukCore().prepare(definition.url!), path).toEqual({ ok: true, value: true });
    }
  });

  test('examples of UK Core are as the profile that they are named after says, but for what is listed', () => {
    const found = new Set<string>();
    const examples = paths('uk-core/examples/*.json');
    expect(examples.length).toBeGreaterThan(100);
    for (const path of examples) {
      const example = read(path)!;
      const profile = profileOf(basename(path), example);
      expect(ukCore().knows(profile), profile).toBe(true);
      for (const one of faultsIn(ukCore(), example, [profile])) found.add(`${basename(path)}: ${one}`);
    }
    expect([...found].sort()).toEqual(Object.keys(UK_CORE).sort());
  });

  test.for(mutationsIn(UK_CORE_PATIENT))('UK Core: $title: $path', (mutation) => {
    const claiming = { profiles: [`${UK}UKCore-Patient`], isThorough: true };
    expect(ukCore().validate(PERSON as unknown as Resource, claiming)).toEqual([]);
    const issues = ukCore().validate(applied({ Patient: PERSON }, mutation), claiming);
    expect(issues.map(lineOf)).toEqual(mutation.found);
    expect(issues[0]!.diagnostics).toContain(mutation.says);
  });

  test.each([
    ['Booking and Referral Standard', 'openapi/bars/**/*.json', BARS, 150],
    ['Personal Demographics Service', 'pds/**/*.json', PDS, 40],
  ] as const)('examples of the %s are valid, but for what is listed', (_title, pattern, listed, least) => {
    const found = new Set<string>();
    const resources = paths(pattern)
      .map(read)
      .filter((one) => one?.resourceType !== undefined);
    expect(resources.length).toBeGreaterThan(least);
    for (const resource of resources) for (const one of faultsIn(ukCore(), resource!)) found.add(one);
    expect([...found].sort()).toEqual(Object.keys(listed).sort());
  });
});

if (!existsSync(folder))
  test('published examples are not at hand here', () => {
    console.log(`published definitions and examples not run: ${folder.pathname} is missing`);
    expect(existsSync(folder)).toBe(false);
  });
