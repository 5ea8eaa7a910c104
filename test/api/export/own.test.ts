/** Whose an export is: no other client, organisation or narrower token comes to it, its files or their folder; and it is in the audit. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEvent, Bundle, OperationOutcome } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { seesAsMuch } from '../../../src/api/export/own.ts';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { SEES_ALL } from '../../../src/store/viewer.ts';
import { bulkExport, fileOf } from '../../servers/bulk-client.ts';
import { contact, idOf, patient } from '../../store/samples.ts';
import { ASYNC, type ClientName, openExporting } from './place.ts';

test('nobody but the client itself comes to an export: neither by its address, nor by a guess', async () => {
  const place = await openExporting();
  await place.put([patient('a'), contact('ea', 'a')]);
  const token = await place.token('vendor');
  const { status, manifest } = await bulkExport({ base: place.base, path: '$export?_type=Patient', token });
  const file = manifest.output[0]!.url;
  const id = status.slice(status.lastIndexOf('/') + 1);
  const folder = join(place.whole.folder, 'data', 'exports', id);
  expect(readdirSync(folder)).toEqual(['Patient.1.ndjson']);
  const refused = async (client: ClientName, path: string, method = 'GET'): Promise<number> => {
    const answer = await place.ask(client, path, { method });
    const text = await answer.text();
    expect(text).not.toContain('Patient/');
    expect(text).not.toContain(idOf('a'));
    return answer.status;
  };
  for (const client of ['twin', 'other', 'narrow', 'researcher'] as const)
    expect([
      await refused(client, status),
      await refused(client, file),
      await refused(client, status, 'DELETE'),
    ]).toEqual([404, 404, 404]);
  const bare = await fetch(file);
  expect([bare.status, existsSync(folder)]).toEqual([401, true]);
  for (const name of [
    ...[
      '..%2F..%2Fhedgerow.sqlite',
      '..%2f..%2f..%2fhedgerow.config.json',
      'Patient.2.ndjson',
      'patient.1.ndjson',
    ],
    ...['Patient.1.ndjson%00', 'Patient.1.ndjson%2F', '%2Fetc%2Fpasswd', '.', '%2e%2e', 'Patient.1.ndjson~'],
  ])
    expect([name, (await place.ask('vendor', `$export-file/${id}/${name}`)).status >= 400]).toEqual([
      name,
      true,
    ]);
  for (const guess of [crypto.randomUUID(), id.toUpperCase(), `..%2F${id}`, `${id}%20`, 'x'.repeat(5_000)])
    expect((await place.ask('vendor', `$export-status/${guess}`)).status).toBeGreaterThanOrEqual(400);
  expect(await fileOf(manifest.output[0]!, token)).toHaveLength(1);
});

test('a file is not for a token of less than the export was made for', async () => {
  const place = await openExporting();
  await place.put([patient('a')]);
  const token = await place.token('vendor');
  const { manifest, status } = await bulkExport({ base: place.base, path: '$export?_type=Patient', token });
  const { store } = place.whole.adapter;
  const kept = (await store.exports.get(status.slice(status.lastIndexOf('/') + 1)))!;
  // what a token of fewer scopes may see
  const narrower = { ...kept.viewer, types: new Map([['Patient', [[{ kind: 'id', ids: ['x'] } as const]]]]) };
  expect(seesAsMuch(kept.viewer, kept.viewer, 'Patient')).toBe(true);
  expect(seesAsMuch(SEES_ALL, { ...kept.viewer, purpose: undefined }, 'Patient')).toBe(true);
  expect(seesAsMuch(narrower, kept.viewer, 'Patient')).toBe(false);
  expect(seesAsMuch({ ...kept.viewer, types: new Map() }, kept.viewer, 'Patient')).toBe(false);
  expect(seesAsMuch({ ...kept.viewer, organisations: ['Z'] }, kept.viewer, 'Patient')).toBe(false);
  expect(seesAsMuch({ ...kept.viewer, purpose: 'research' }, kept.viewer, 'Patient')).toBe(false);
  expect(seesAsMuch(kept.viewer, { ...kept.viewer, seesRestricted: true }, 'Patient')).toBe(false);
  expect(await fileOf(manifest.output[0]!, token)).toHaveLength(1);
});

test('what is over is gone: its address, its files, their folder', async () => {
  let nowMs = Date.now();
  const place = await openExporting(
    'sqlite',
    { export: { keepHours: 1 }, access: { open: true } },
    { clock: () => nowMs },
  );
  await place.put([patient('a')], 'X26', nowMs - 60_000);
  const begun = await place.ask('vendor', '$export?_type=Patient', { headers: ASYNC });
  const status = begun.headers.get('content-location')!;
  nowMs += 5_000; // it has settled
  const done = async (): Promise<Response> => await place.ask('vendor', status);
  let answer = await done();
  while (answer.status === 202) {
    await new Promise((resolve) => setTimeout(resolve, 600));
    nowMs += 600;
    answer = await done();
  }
  expect(answer.status).toBe(200);
  const exports = join(place.whole.folder, 'data', 'exports');
  expect(readdirSync(exports)).toHaveLength(1);
  nowMs += 3_600_000;
  expect((await done()).status).toBe(404);
  while (readdirSync(exports).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await place.whole.adapter.store.exports.ids()).toEqual([]);
});

test('the audit has who asked, each type that was read with how many, and each file that was fetched', async () => {
  const place = await openExporting();
  await place.put([patient('a'), contact('ea', 'a')]);
  const token = await place.token('vendor');
  const { status } = await bulkExport({ base: place.base, path: '$export?_type=Patient,Encounter', token });
  const id = status.slice(status.lastIndexOf('/') + 1);
  const answer = await place.ask('twin', 'AuditEvent?agent:identifier=vendor&_count=100');
  const bundle = (await answer.json()) as Bundle<AuditEvent>;
  const rows = (bundle.entry ?? []).map(({ resource }) => ({
    code: resource!.subtype?.[0]?.code,
    said: resource!.entity?.flatMap(({ detail = [] }) => detail.map(({ valueString }) => valueString)) ?? [],
  }));
  const of = (code: string, ...said: readonly string[]) =>
    rows.filter(
      (row) => row.code === code && [`export ${id}`, ...said].every((one) => row.said.includes(one)),
    ).length;
  expect(of('$export', '_type')).toBe(1);
  expect(of('$export', 'type Patient', 'resources 1')).toBe(1);
  expect(of('$export', 'type Encounter', 'resources 1')).toBe(1);
  expect(of('$export-file', 'Patient.1.ndjson')).toBe(1);
  expect(of('$export-status')).toBeGreaterThan(0);
  expect(await place.whole.adapter.store.verifyAudit()).toBeUndefined();
});

test('no emergency is about everybody', async () => {
  const place = await openExporting();
  const headers = { ...ASYNC, 'X-Break-Glass': 'I would like to see them all' };
  const answer = await place.ask('vendor', '$export', { headers });
  expect([answer.status, ruleOf(((await answer.json()) as OperationOutcome).issue[0]!)]).toEqual([
    403,
    'access-break-glass',
  ]);
});
