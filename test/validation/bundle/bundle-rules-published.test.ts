/** Published message Bundles and UK Core examples: what is true of them is said, and nothing else. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { baseCanonicals } from '../../../src/fhir/canonicals.ts';
import { Definitions } from '../../../src/fhir/definitions.ts';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { createValidator } from '../../../src/validation/validator.ts';

const PUBLISHED = join(import.meta.dirname, '../../../../shared/conformance');

/** By the end of a file's name: faults that it has. Any other Bundle or questionnaire has none. */
const TRUE_FAULTS: readonly (readonly [file: string, found: readonly string[]])[] = [
  [
    // the EpisodeOfCare and the Organization that it refers to were left out
    'response/ValidationRequest (HTTP Response) .json',
    [
      'error bundle-reference-unresolved Bundle.entry[2].resource.episodeOfCare[0].reference',
      'error bundle-reference-unresolved Bundle.entry[9].resource.organization.reference',
    ],
  ],
  // search results without the URLs of what was found
  ['1.1.0/appointment/GET-success.json', [0, 1].map(withoutUrl)],
  ['1.1.0/document_reference/GET-success.json', [0, 1, 2].map(withoutUrl)],
  ['MessageDefinition_ServiceRequest-request_CaseTransfer.json', [withoutUrl(0)]],
];

function withoutUrl(at: number): string {
  return `warning bundle-full-url-required Bundle.entry[${at}].fullUrl`;
}

const read = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // one of the published files is no JSON
  }
};

const files = [
  ...globSync(join(PUBLISHED, 'openapi/bars/**/*.json')),
  ...globSync(join(PUBLISHED, 'uk-core/examples/*{Bundle,Questionnaire}*.json')),
].filter((path) => {
  const type = (read(path) as { resourceType?: string } | undefined)?.resourceType ?? '';
  return ['Bundle', 'Questionnaire', 'QuestionnaireResponse'].includes(type);
});

const canonicals = baseCanonicals();
for (const path of files) canonicals.add(read(path) as Parameters<typeof canonicals.add>[0]);
const definitions = new Definitions((url) => canonicals.find('StructureDefinition', url));
const validator = createValidator({ canonicals, definitions });

test('the published examples are at hand, or it is said that they are not', () => {
  if (!existsSync(PUBLISHED)) console.log(`published examples not run: ${PUBLISHED} is missing`);
  expect(files.length >= 25).toBe(existsSync(PUBLISHED));
});

for (const path of files)
  test(`${path.slice(PUBLISHED.length + 1)} has the faults of Bundles and questionnaires that are listed, no more`, () => {
    const issues = validator.validate(read(path) as Parameters<typeof validator.validate>[0], {
      isThorough: true,
    });
    const own = issues.filter((issue) => /^(?:bundle|questionnaire)-/.test(ruleOf(issue) ?? ''));
    expect(own.map((issue) => `${issue.severity} ${ruleOf(issue)} ${issue.expression?.[0]}`)).toEqual(
      TRUE_FAULTS.find(([file]) => path.endsWith(file))?.[1] ?? [],
    );
  });
