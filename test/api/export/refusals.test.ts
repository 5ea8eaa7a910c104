/** What a bulk export is not begun for, each with what to change; and that nothing is left of what was refused. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { idOf, patient } from '../../store/samples.ts';
import { ASYNC, type ClientName, type ExportPlace, openExporting } from './place.ts';

interface Refused {
  readonly status: number;
  readonly rules: readonly (string | undefined)[];
  readonly said: string;
}

async function refusalOf(
  place: ExportPlace,
  client: ClientName,
  path: string,
  init: RequestInit = {},
): Promise<Refused> {
  const answer = await place.ask(client, path, {
    ...init,
    headers: { ...ASYNC, ...(init.headers as object) },
  });
  const outcome = (await answer.json()) as OperationOutcome;
  expect(answer.headers.get('content-location')).toBeNull();
  return {
    status: answer.status,
    rules: outcome.issue.map(ruleOf),
    said: outcome.issue.map(({ diagnostics }) => diagnostics).join(' '),
  };
}

const posted = (...parameter: readonly object[]): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/fhir+json' },
  body: JSON.stringify({ resourceType: 'Parameters', parameter }),
});
const named = (name: string): object => ({
  name: 'patient',
  valueReference: { reference: `Patient/${name}` },
});

test('is refused what is asked for wrongly, and says what to change', async () => {
  const place = await openExporting();
  await place.put([patient('a')]);
  await place.put([patient('z')], 'Z99902');
  const cases: readonly (readonly [
    path: string,
    status: number,
    rule: string,
    says: string,
    init?: RequestInit,
  ])[] = [
    ['$export', 400, 'export-prefer', 'respond-async', { headers: { Prefer: 'return=minimal' } }],
    ['$export?_outputFormat=text/csv', 400, 'export-parameter', '_outputFormat'],
    ['$export?_since=2026', 400, 'export-parameter', '_since'],
    ['$export?_since=ge2026-01-01T00:00:00Z', 400, 'export-parameter', '_since'],
    ['$export?_type=Patient,Nothing', 400, 'export-parameter', '_type'],
    ['Patient/$export?_type=Organization', 400, 'export-parameter', 'Organization'],
    ['$export?_type=', 400, 'export-parameter', '_type'],
    ['$export?_elements=Patient.nothing', 400, 'export-parameter', '_elements'],
    ['$export?_typeFilter=Patient', 400, 'export-parameter', '_typeFilter'],
    ['$export?_typeFilter=Patient%3Fnothing%3D1', 400, 'api-search-parameter', 'nothing'],
    ['$export?_typeFilter=Patient%3F_count%3D1', 400, 'api-search-parameter', 'search'],
    ['$export?_type=Patient&_typeFilter=Task%3Fstatus%3Ddraft', 400, 'export-parameter', '_typeFilter'],
    ['$export?organizeOutputBy=Patient', 400, 'export-parameter', 'organizeOutputBy'],
    [
      '$export?includeAssociatedData=LatestProvenanceResources',
      400,
      'export-parameter',
      'includeAssociatedData',
    ],
    ['$export?allowPartialManifests=true', 400, 'export-parameter', 'allowPartialManifests'],
    ['$export?unheard=of', 400, 'export-parameter', 'unheard'],
    [`Patient/$export?patient=Patient/${idOf('a')}`, 400, 'export-parameter', 'POST'],
    [
      'Patient/$export',
      400,
      'export-parameter',
      'patient',
      posted({ name: 'patient', valueString: 'Robin' }),
    ],
    ['Patient/$export', 404, 'export-patient', 'number 2', posted(named(idOf('a')), named(idOf('z')))],
    ['Patient/$export', 404, 'export-patient', 'number 1', posted(named('nobody'))],
    [
      'Patient/$export',
      400,
      'export-parameters',
      'Parameters',
      { ...posted(), body: '{"resourceType":"Patient"}' },
    ],
    ['Group/nobody/$export', 404, 'api-not-found', 'Group'],
  ];
  for (const [path, status, rule, says, init] of cases) {
    const refused = await refusalOf(place, 'vendor', path, init);
    expect([path, refused.status, refused.rules]).toEqual([path, status, [rule]]);
    expect(refused.said).toContain(says);
    expect(refused.said).not.toMatch(/Robin|ge2026|[0-9a-f]{8}-/); // nothing that was sent is said back
  }
  expect(await place.whole.adapter.store.exports.ids()).toEqual([]);
});

test('what is said of an export is JSON', async () => {
  const place = await openExporting();
  const headers = { ...ASYNC, Accept: 'application/fhir+xml' };
  const answer = await place.ask('vendor', '$export', { headers });
  expect([answer.status, await answer.text()]).toEqual([406, expect.stringContaining('export-accept')]);
});

test('is refused for want of a scope, and says which', async () => {
  const place = await openExporting();
  const whole = await refusalOf(place, 'narrow', '$export?_type=Patient,Organization');
  expect([whole.status, whole.rules]).toEqual([403, ['api-scope']]);
  expect(whole.said).toMatch(/the scope system\/Patient\.rs\.$/);
  expect((await refusalOf(place, 'narrow', 'Group/x/$export')).status).toBe(403);
});

test('no address that is not an export’s begins one: HEAD, other methods, other spellings', async () => {
  const place = await openExporting();
  for (const [method, path, status] of [
    ['HEAD', '$export', 405],
    ['PUT', '$export', 405],
    ['DELETE', 'Patient/$export', 405],
    ['POST', '$export-status/0e0b0bb2-6a1c-4ad8-8c3d-0d1a4a3f0f00', 405],
    ['GET', 'Encounter/$export', 404],
    ['GET', 'Patient/x/$export', 404],
  ] as const) {
    const answer = await place.ask('vendor', path, { method, headers: ASYNC });
    expect([method, path, answer.status]).toEqual([method, path, status]);
  }
  expect(await place.whole.adapter.store.exports.ids()).toEqual([]);
});

test('a client has few under way at once, and is told when to ask again', async () => {
  const place = await openExporting('sqlite', { export: { ofClient: 1, ofAll: 2 } });
  const begin = (client: ClientName) => place.ask(client, '$export', { headers: ASYNC });
  expect((await begin('vendor')).status).toBe(202);
  const second = await begin('vendor');
  expect([second.status, Number(second.headers.get('retry-after')) > 0]).toEqual([429, true]);
  expect(ruleOf(((await second.json()) as OperationOutcome).issue[0]!)).toBe('export-limit');
  expect((await begin('twin')).status).toBe(202);
  expect((await begin('other')).status).toBe(429);
});

test('who asks after one all the time is told to wait', async () => {
  const place = await openExporting(
    'sqlite',
    { access: { open: true } },
    { clock: () => Date.UTC(2026, 5, 1) },
  );
  // no time goes by
  const begun = await place.ask('vendor', '$export', { headers: ASYNC });
  const status = begun.headers.get('content-location')!;
  const statuses = new Set<number>();
  for (let at = 0; at < 40; at++) {
    const answer = await fetch(status);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    statuses.add(answer.status);
  }
  expect([...statuses].at(-1)).toBe(429);
});
