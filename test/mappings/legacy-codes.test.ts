/** Sends codes of old systems through the maps: each code of the shipped lists, and codes that a practice would add to them. */
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Bundle,
  CarePlan,
  Coding,
  ConceptMap,
  Condition,
  OperationOutcomeIssue,
  Procedure,
  ServiceRequest,
  StructureDefinition,
  Task,
} from '@medplum/fhirtypes';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from '../../src/cli/load.ts';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { loadMapSet } from '../../src/mapping/load.ts';
import type { KindMap, MapSet } from '../../src/mapping/map-set.ts';

const SNOMED = 'http://snomed.info/sct';
const READ = 'http://read.info/readv2';
const CTV3 = 'http://read.info/ctv3';
const REFERRAL = {
  system: SNOMED,
  code: '871731000000106',
  display: 'Referral to social prescribing service',
};
const DECLINED = { system: SNOMED, code: '871711000000103', display: 'Social prescribing declined' };
const LONELY = { system: SNOMED, code: '267076002', display: 'Feeling lonely' };

const definitions = loadBaseDefinitions();
for (const file of globSync('profiles/logical/*.json', { cwd: ROOT })) {
  const model = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as StructureDefinition;
  definitions.add({ ...model, snapshot: { element: model.differential?.element ?? [] } });
}

function maps(source: string, modelFolder = join(ROOT, 'mappings/prsb')): MapSet {
  const sourceFolder = join(ROOT, 'mappings', source);
  const manifest = JSON.parse(readFileSync(join(sourceFolder, 'source.json'), 'utf8'));
  const loaded = loadMapSet({ sourceFolder, modelFolder, definitions, manifest });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome.issue, undefined, 1));
  return loaded.value;
}

const read = (file: string): ConceptMap => JSON.parse(readFileSync(file, 'utf8')) as ConceptMap;
const shipped = globSync('mappings/*/*.conceptmap.json', { cwd: ROOT })
  .map((file) => read(join(ROOT, file)))
  .filter(({ sourceUri }) => sourceUri?.startsWith('http://read.info/'));

/** Where each code of the shipped lists lands; a code that is added to them needs a line here. */
const LANDS: readonly (readonly [system: string, code: string, at: 'request' | 'need'])[] = [
  [READ, '8T09.', 'request'],
  [READ, '8T09', 'request'],
  [READ, '8T09.00', 'request'],
];

/** The lists as a practice would add to them. */
const folder = mkdtempSync(join(tmpdir(), 'hedgerow-legacy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
cpSync(join(ROOT, 'mappings/prsb'), folder, { recursive: true });
addTo('read-v2-to-snomed', READ, [
  ['9Nxx.', DECLINED],
  ['1B1xx', LONELY],
]);
addTo('ctv3-to-snomed', CTV3, [
  ['Xref1', REFERRAL],
  ['Xdec1', DECLINED],
]);

function addTo(name: string, source: string, codes: readonly (readonly [string, Coding])[]): void {
  const file = join(folder, `${name}.conceptmap.json`);
  const element = codes.map(([code, { code: snomed, display }]) => ({
    code,
    target: [{ code: snomed!, display: display!, equivalence: 'equivalent' as const }],
  }));
  const list = read(file);
  const group = { source, target: SNOMED, element: [...(list.group?.[0]?.element ?? []), ...element] };
  writeFileSync(file, JSON.stringify({ ...list, group: [group] }));
}

const platform = maps('platform').kinds;
const workbook = maps('spreadsheet').kinds.get('referral')!;
const added = maps('platform', folder).kinds;
const addedWorkbook = maps('spreadsheet', folder).kinds.get('referral')!;

type Concern = Readonly<Record<string, string>>;

const record = (concerns: readonly Concern[], state = 'OPEN'): Record<string, unknown> => ({
  referral: { id: 'R-1', type: 'REFERRED', state, concerns },
  client: { id: 'C-1' },
});

const row = (columns: object): Record<string, unknown> => ({
  ...{ 'Referral ID': 'R-1', 'Person ID': 'C-1', Surname: 'Testperson', Status: 'open' },
  ...columns,
});

interface Landed {
  readonly request: readonly Coding[];
  readonly task: readonly Coding[];
  readonly reasons: readonly Coding[][];
  readonly conditions: readonly Coding[][];
  readonly references: number;
  readonly issues: readonly (string | undefined)[];
  readonly back: Record<string, unknown>;
}

function landed(map: KindMap, from: Record<string, unknown>): Landed {
  const issues: OperationOutcomeIssue[] = [];
  const bundle = map.run(from, issues);
  const request = of<ServiceRequest>(bundle, 'ServiceRequest')[0]!;
  return {
    request: request.code?.coding ?? [],
    task: of<Task>(bundle, 'Task')[0]!.statusReason?.coding ?? [],
    reasons: (request.reasonCode ?? []).map(({ coding = [] }) => coding),
    conditions: of<Condition>(bundle, 'Condition').map(({ code }) => code?.coding ?? []),
    references: request.reasonReference?.length ?? 0,
    issues: issues.map(ruleOf),
    back: map.back!(bundle, []) as Record<string, unknown>,
  };
}

function of<T>(bundle: Bundle, type: string): T[] {
  return bundle.entry!.flatMap(({ resource }) => (resource?.resourceType === type ? [resource as T] : []));
}

const concernsOf = ({ back }: Landed): unknown =>
  (back as { referral: { concerns?: unknown } }).referral.concerns;
const NO_NEED = { reasons: [], conditions: [], references: 0, issues: [] };

test('this file says of every code of every shipped list where it lands', () => {
  const codes = shipped.flatMap(({ group = [] }) =>
    group.flatMap(({ source, element }) => element.map(({ code }) => `${source} ${code}`)),
  );
  expect(shipped.map(({ sourceUri }) => sourceUri).sort()).toEqual([CTV3, READ]);
  expect(LANDS.map(([system, code]) => `${system} ${code}`).sort()).toEqual(codes.sort());
});

test.each(LANDS)('%s %s lands in the %s, from a platform and from a workbook', (system, code, at) => {
  const isRead = system === READ;
  const ways = [
    landed(platform.get('referral')!, record([{ id: '1', [isRead ? 'readV2' : 'ctv3']: code }])),
    landed(workbook, row({ [isRead ? 'Read codes' : 'CTV3 codes']: [code] })),
  ];
  for (const way of ways) {
    const asGiven = { system, code };
    expect(way.request).toEqual(at === 'request' ? [REFERRAL, asGiven] : [REFERRAL]);
    if (at === 'request') expect(way).toMatchObject(NO_NEED);
    else expect([way.reasons[0]?.[1], way.conditions[0]?.[1]]).toEqual([asGiven, asGiven]);
  }
  expect(concernsOf(ways[0]!)).toEqual([{ id: code, [isRead ? 'readV2' : 'ctv3']: code }]);
  expect(ways[1]!.back[isRead ? 'Read codes' : 'CTV3 codes']).toEqual([code]);
});

test('a code that is added to a list lands by what it means', () => {
  const from = record([
    { id: '1', ctv3: 'Xref1' },
    { id: '2', readV2: '1B1xx' },
  ]);
  const way = landed(added.get('referral')!, from);
  const lonely = [LONELY, { system: READ, code: '1B1xx' }];
  expect(way.request).toEqual([REFERRAL, { system: CTV3, code: 'Xref1' }]);
  expect([way.reasons, way.conditions, way.references, way.issues]).toEqual([[lonely], [lonely], 1, []]);
  expect(concernsOf(way)).toEqual([
    { id: 'Xref1', ctv3: 'Xref1' },
    { id: '2', readV2: '1B1xx' },
  ]);
});

test.each(['readV2', 'ctv3'])(
  'a decline in %s stands beside the reason of the task, and is no need',
  (column) => {
    const [system, code] = column === 'ctv3' ? [CTV3, 'Xdec1'] : [READ, '9Nxx.'];
    const from = record([{ id: '1', [column]: code! }], 'DECLINED');
    const way = landed(added.get('referral')!, from);
    expect(way).toMatchObject({ ...NO_NEED, request: [] });
    expect(way.task.slice(0, 2)).toEqual([DECLINED, { system, code }]);
    expect(concernsOf(way)).toEqual([{ id: code, [column]: code }]);
    const inCells = row({ Status: 'declined', [column === 'ctv3' ? 'CTV3 codes' : 'Read codes']: [code] });
    expect(landed(addedWorkbook, inCells)).toMatchObject({ ...NO_NEED, request: [], task: way.task });
  },
);

test('a referral that nobody declined has no decline, whatever its reasons say', () => {
  const way = landed(added.get('referral')!, record([{ id: '1', readV2: '9Nxx.' }]));
  expect(way).toMatchObject({ ...NO_NEED, request: [REFERRAL], task: [] });
});

test.each([
  ['an offer', 'OFFERED'],
  ['a declined offer', 'DECLINED'],
  ['what was cancelled before it was sent', 'CANCELLED'],
])('%s is not coded as a referral because a reason is', (_, state) => {
  const way = landed(platform.get('referral')!, record([{ id: '1', readV2: '8T09.' }], state));
  expect(way).toMatchObject({ ...NO_NEED, request: [] });
});

test('what else a concern says stays a need, without the code of the referral', () => {
  const from = record([
    { id: '1', code: 'MONEY', readV2: '8T09.', detail: 'Behind with the rent' },
    { id: '2', readV2: '8T09.', ctv3: 'XaYx1' },
    { id: '3', snomed: REFERRAL.code, code: 'LONELY' },
    { id: '4', snomed: DECLINED.code },
  ]);
  const way = landed(platform.get('referral')!, from);
  expect(way.request).toEqual([REFERRAL, { system: READ, code: '8T09.' }]);
  const money = { system: 'https://hedgerow.example/fhir/CodeSystem/need', code: 'money' };
  const needs = [
    [{ code: '160932005' }, money],
    [{ system: CTV3, code: 'XaYx1' }],
    [{ code: '267076002' }, { code: 'loneliness' }],
  ];
  expect(way.reasons).toMatchObject(needs);
  expect(way.conditions).toMatchObject(needs);
  expect([way.reasons.flat(), way.conditions.flat()].map(({ length }) => length)).toEqual([5, 5]);
  expect(way.references).toBe(3);
  expect(concernsOf(way)).toEqual([
    { id: '8T09.', readV2: '8T09.' },
    { id: '1', code: 'MONEY', detail: 'Behind with the rent' },
    { id: '2', ctv3: 'XaYx1' },
    { id: '3', code: 'LONELY' },
  ]);
});

test.each(['PLAN', 'SIGNPOST'])(
  'the code of the referral is no reason of support (%s), nor of a referral onward',
  (category) => {
    const concerns = [
      { id: '1', readV2: '8T09.' },
      { id: '2', readV2: '13JZ.' },
    ];
    const onward = [{ id: 'O-1', state: 'OPEN', activity: { id: 'A-1' }, concerns }];
    const support = { id: 'S-1', clientId: 'C-1', category, state: 'GIVEN', concerns, onward };
    const bundle = platform.get('support')!.run({ support }, []);
    const other = [{ system: READ, code: '13JZ.' }];
    const onwards = of<ServiceRequest>(bundle, 'ServiceRequest');
    expect(onwards.flatMap(({ code, reasonCode }) => [code, reasonCode])).toEqual([
      undefined,
      [{ coding: other }],
    ]);
    const reasons = of<Procedure>(bundle, 'Procedure').map(({ reasonCode }) => reasonCode);
    const conditions = of<Condition>(bundle, 'Condition').map(({ code }) => code);
    const addressed = of<CarePlan>(bundle, 'CarePlan').map(({ addresses }) => addresses);
    const isPlan = category === 'PLAN';
    expect(isPlan ? conditions : reasons[0]).toEqual([{ coding: other }]);
    expect(addressed).toEqual(isPlan ? [[{ reference: 'Condition:need:S-1:2' }]] : []);
    expect(isPlan ? reasons : conditions).toEqual([]);
  },
);
