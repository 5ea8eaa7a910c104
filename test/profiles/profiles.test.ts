/** Each stored type has a profile that builds on base R4, and that no resource breaks which the maps make. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import type { Bundle, Questionnaire, Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { baseCanonicals } from '../../src/fhir/canonicals.ts';
import { STORED_TYPES } from '../../src/fhir/definitions.ts';
import { provenanceOf } from '../../src/fhir/provenance.ts';
import { snapshotOf } from '../../src/validation/snapshot/snapshot.ts';
import { breaches } from './breaches.ts';
import { invariants, isWhole, unmet } from './invariants.ts';
import { BASE, profiles, published, publishedOf } from './published.ts';

const UK_CORE = '../shared/conformance/uk-core/examples';
const canonicals = baseCanonicals();
for (const definition of published) canonicals.add(definition);

test('each type that is stored has one profile, on base R4, named after it; a Group is a list of a client’s own', () => {
  expect(profiles.map(({ type }) => type).sort()).toEqual(
    STORED_TYPES.filter((type) => type !== 'Group').sort(),
  );
  for (const { id, name, type, baseDefinition, derivation, snapshot } of profiles)
    expect({ id, name, baseDefinition, derivation, snapshot }).toEqual({
      id: `social-prescribing-${type.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()}`,
      name: `SocialPrescribing${type}Profile`,
      baseDefinition: `http://hl7.org/fhir/StructureDefinition/${type}`,
      derivation: 'constraint',
      snapshot: undefined,
    });
});

test.each(publishedOf('StructureDefinition').map((one) => [one.id, one] as const))(
  '%s gives a snapshot without a finding, with all that it constrains',
  (_, definition) => {
    const made = snapshotOf(definition, canonicals);
    if (!made.ok) expect(made.outcome.issue).toEqual([]);
    else {
      const ids = new Set(made.value.snapshot!.element.map(({ id }) => id));
      expect(definition.differential!.element.filter(({ id }) => !ids.has(id))).toEqual([]);
    }
  },
);

test('an invariant has a key of its own, and a text that says what to change', () => {
  const byKey = new Map(invariants.map((one) => [one.key, one]));
  for (const { key, severity, human, element } of invariants) {
    expect(key).toMatch(/^sp-[1-9]\d*$/);
    expect(['error', 'warning']).toContain(severity);
    expect(human).toMatch(/^(?:Give|Name|Say|Set|Take|Write) .{20,}\.$/);
    expect({ key, human: byKey.get(key)!.human, at: element.id }).toEqual({ key, human, at: element.id });
  }
});

test('the README has a row for every invariant, in its own words', () => {
  const rows = readFileSync('profiles/README.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| sp-'))
    .map((line) => line.split(' | '));
  for (const { key, severity, human, element } of invariants) {
    const row = rows.find(([first]) => first === `| ${key}`);
    expect(row?.slice(1)).toEqual([severity, expect.stringContaining(`\`${element.id}\``), `${human} |`]);
  }
  expect(rows.length).toBe(new Set(invariants.map(({ key }) => key)).size);
});

test('every invariant has a resource here that breaks it', () => {
  expect([...new Set(breaches.map(([key]) => key))].sort()).toEqual(
    [...new Set(invariants.map(({ key }) => key))].sort(),
  );
});

test.each(breaches)('%s is broken, and nothing else is, by %j', (key, resource) => {
  expect(unmet(resource).map((one) => one.split(' ')[1])).toEqual([key]);
});

test('what the maps make meets every invariant, but for the person of whom no number is known', () => {
  const made = globSync('mappings/*/examples/*/*/expected.fhir.json').flatMap((file) =>
    ((JSON.parse(readFileSync(file, 'utf8')) as Bundle).entry ?? []).map((entry) => ({
      file,
      resource: entry.resource!,
    })),
  );
  const whole = made.filter(({ resource }) => isWhole(resource));
  expect(whole.length).toBeGreaterThan(400);
  const broken = whole.flatMap(({ file, resource }) => unmet(resource).map((rule) => `${file} ${rule}`));
  expect(broken).toEqual([
    'mappings/spreadsheet/examples/referral/blank-cells/expected.fhir.json warning sp-2',
  ]);
});

test('our questionnaires meet every invariant', () => {
  const questionnaires: Questionnaire[] = publishedOf('Questionnaire');
  expect(questionnaires.length).toBeGreaterThan(10);
  expect(questionnaires.flatMap(unmet)).toEqual([]);
});

test('the Provenance of a commit meets every invariant', () => {
  const provenance = provenanceOf(
    {
      source: 'platform',
      kind: 'referral',
      key: 'R-1',
      digest: 'd',
      sourceTimeMs: 0,
      resources: [],
      written: [{ type: 'Task', id: 't', version: 1 }],
    },
    0,
  );
  expect(unmet(provenance)).toEqual([]);
});

test.skipIf(!existsSync(UK_CORE))('no example of UK Core breaks an invariant that is an error', () => {
  const examples = globSync(`${UK_CORE}/*.json`).map(
    (file) => JSON.parse(readFileSync(file, 'utf8')) as Resource,
  );
  const ofStored = examples.filter(({ resourceType }) =>
    (STORED_TYPES as readonly string[]).includes(resourceType),
  );
  expect(ofStored.length).toBeGreaterThan(30);
  const broken = ofStored.flatMap((one) => unmet(one).map((rule) => `${one.id} ${rule}`));
  expect(broken.filter((text) => text.includes(' error '))).toEqual([]);
});

test('the extensions of ours that a profile names are defined here', () => {
  const named = profiles.flatMap(({ differential }) =>
    differential!.element.flatMap(({ type = [] }) => type.flatMap(({ profile = [] }) => profile)),
  );
  expect(named.filter((url) => url.startsWith(BASE)).length).toBeGreaterThan(4);
  expect(named.filter((url) => !canonicals.find('StructureDefinition', url))).toEqual([]);
});
