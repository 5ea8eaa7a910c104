/** Each fault of a mapped resource names the source's fields, and the rules, that wrote what is at fault. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { parseLocalId, resourceId } from '../../src/fhir/ids.ts';
import { issueOf } from '../../src/fhir/outcome.ts';
import { SOURCE_FIELD, withSources } from '../../src/mapping/name-sources.ts';
import { readFileRecords } from '../../src/source/read-file.ts';

const config = loadConfig({ cwd: ROOT, root: ROOT });
const loaded = config.ok ? loadParts(config.value, ROOT) : config;
if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome));
const { sources, maps } = loaded.value;

const FILE = 'mappings/platform/examples/referral/adult-referred-by-gp/input.json';
const [record] = await Array.fromAsync(
  readFileRecords(sources.get('platform')!, `${ROOT}/${FILE}`, { kind: 'referral', nowMs: 0 }),
);
if (!record?.ok) throw new Error('the example is read');
const map = maps.get('platform')!.kinds.get('referral')!;
const { payload } = record;

/** @returns an issue at a place of the first resource of its type, with its sources */
function traced(expression: string): OperationOutcomeIssue {
  const type = /^\w+/.exec(expression)![0];
  const made = map.run(payload, []).entry!.find(({ resource }) => resource?.resourceType === type)!.resource!;
  const resource = { ...made, id: resourceId('platform', parseLocalId(made.id!)!) };
  const issue = issueOf({ rule: 'r', diagnostics: 'Wrong.', expression });
  return withSources([issue], resource, { map, source: 'platform', payload })[0]!;
}

const fieldsOf = ({ extension = [] }: OperationOutcomeIssue) =>
  extension.filter(({ url }) => url === SOURCE_FIELD).map(({ valueString }) => valueString);

test('names the field and the rules of both hops, the first hop first', () => {
  const issue = traced('ServiceRequest.status');
  expect(issue.diagnostics).toMatch(
    /^Wrong\. It was written from the source field 'referral\.state' by platform\/referral\.map:\d+:\d+ \(rule "state"\), prsb\/referral\.map:\d+:\d+ \(rule "status"\)\.$/,
  );
  expect(fieldsOf(issue)).toEqual(['referral.state']);
});

test('names the fields of all that stands below an object', () => {
  const issue = traced('Patient.name[0]');
  expect(fieldsOf(issue)).toEqual(expect.arrayContaining(['client.lastName', 'client.firstName']));
  expect(issue.diagnostics).toContain("from the source fields '");
});

test('names the rule of what is around an element that no rule wrote', () => {
  const issue = traced('ServiceRequest.reasonCode[0].coding[0].version');
  expect(issue.diagnostics).toMatch(
    /No rule wrote it; reasonCode\[0\]\.coding\[0\] around it was written from the source field 'referral\.concerns\[0\]\.code' by platform\/parts\.map/,
  );
  expect(fieldsOf(issue)).toEqual(['referral.concerns[0].code']);
});

test('names the rule that made the resource where nothing nearer was written', () => {
  const missing = traced('ServiceRequest.doNotPerform');
  expect(missing.diagnostics).toMatch(
    /No rule wrote it; the resource was written by prsb\/referral\.map:\d+:\d+ \(rule "request"\)\.$/,
  );
  expect(fieldsOf(missing)).toEqual([]);
  expect(traced('ServiceRequest').diagnostics).toMatch(/^Wrong\. The resource was written by prsb/);
});

test('takes no element for another that begins alike', () => {
  expect(fieldsOf(traced('ServiceRequest.authoredOn'))).toEqual(['referral.createdAt']);
  expect(traced('ServiceRequest.authored').diagnostics).toContain('No rule wrote it');
});

test('names a constant of the map as such', () => {
  const issue = traced('ServiceRequest.code.coding[0].system');
  expect(issue.diagnostics).toMatch(/It was written from no source field by prsb\/referral\.map/);
});

test('adds nothing to what no map wrote', () => {
  const issue = issueOf({ rule: 'r', diagnostics: 'Wrong.', expression: 'Observation.code' });
  const resource = { resourceType: 'Observation', id: 'computed', status: 'final', code: {} } as const;
  expect(withSources([issue], resource, { map, source: 'platform', payload })).toEqual([issue]);
});

test('tells of part of a Bundle what the whole lineage tells of it', () => {
  const whole = map.explain(payload, []);
  const part = map.explain(payload, [], ['entry[1].resource.owner', 'entry[2]']);
  const isAsked = ({ element }: { element: string }) =>
    element.startsWith('entry[1].resource.owner.') || element.startsWith('entry[2].');
  expect(part.lineage).toEqual(whole.lineage.filter(isAsked));
  expect(part.lineage.length).toBeGreaterThan(5);
});
