/** Exports that tell of somebody who was erased, or restricted, since: they are had no more, and their files are gone. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOutcome } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { until } from '../../faults/process.ts';
import { bulkExport } from '../../servers/bulk-client.ts';
import { restricted } from '../../store/contract/whereabouts.ts';
import { contact, idOf, patient } from '../../store/samples.ts';
import { type ExportPlace, openExporting } from './place.ts';

test.each([
  [
    'erased',
    (place: ExportPlace) => place.whole.adapter.store.erasePerson(idOf('a'), 'operator', Date.now()),
  ],
  ['restricted', (place: ExportPlace) => place.put([restricted('a')])],
] as const)('of somebody who was %s since', async (_how, change) => {
  const place = await openExporting();
  const at = Date.now() - 60_000;
  await place.put([patient('a'), contact('ea', 'a')], 'X26', at);
  await place.put([patient('b'), contact('eb', 'b')], 'X26', at);
  const asked = { base: place.base, path: '$export?_type=Patient', token: await place.token('vendor') };
  const { status, manifest } = await bulkExport(asked);
  const folder = join(place.whole.folder, 'data', 'exports', status.slice(status.lastIndexOf('/') + 1));
  expect(readFileSync(join(folder, 'Patient.1.ndjson'), 'utf8')).toContain(idOf('a'));
  // whoever comes later cannot be in it
  await place.put([restricted('c')]);
  expect((await place.ask('vendor', manifest.output[0]!.url)).status).toBe(200);
  await change(place);
  for (const url of [status, manifest.output[0]!.url]) {
    const answer = await place.ask('vendor', url);
    expect(answer.status).toBe(410);
    expect(ruleOf(((await answer.json()) as OperationOutcome).issue[0]!)).toBe('export-withdrawn');
  }
  await until('the files are gone', 10_000, () => !existsSync(folder) || undefined);
  const again = await bulkExport(asked);
  expect(again.resources.map(({ id }) => id)).toEqual([idOf('b')]);
});
