/** A large export beside other requests: they are answered, what they change is not in it, and it is whole. */
import { expect, test } from 'vitest';
import { bulkExport } from '../../servers/bulk-client.ts';
import { commit, idOf, patient, recordOf } from '../../store/samples.ts';
import { ENGINES, type ExportPlace, openExporting } from './place.ts';

const PEOPLE = 6_000;
const AT_ONCE = 500;
const FHIR = { Accept: 'application/fhir+json', 'Content-Type': 'application/fhir+json' };

async function fill({ whole }: ExportPlace): Promise<void> {
  for (let from = 0; from < PEOPLE; from += AT_ONCE) {
    const names = Array.from({ length: AT_ONCE }, (_, at) => `p${from + at}`);
    const records = names.map((name) => recordOf([patient(name)], { key: name, ownerOrg: 'X26' }));
    await commit(whole.adapter.store, ...records);
  }
}

/** Reads one patient and changes it, by turns, until told to stop. @returns status of each answer */
async function readsAndChanges(place: ExportPlace, isOver: () => boolean): Promise<Set<number>> {
  const found = new Set<number>();
  for (let n = 0; n === 0 || !isOver(); n++) {
    const path = `Patient/${idOf(`p${(n * 97) % PEOPLE}`)}`;
    const read = await place.ask('vendor', path, { headers: FHIR });
    found.add(read.status);
    const changed = { ...((await read.json()) as object), gender: 'unknown' };
    const put = { method: 'PUT', headers: FHIR, body: JSON.stringify(changed) };
    found.add((await place.ask('vendor', path, put)).status);
  }
  return found;
}

test.each(ENGINES)(
  '%s: requests are answered while it is made, and change nothing of it',
  async (engine) => {
    const place = await openExporting(engine);
    await fill(place);
    let isOver = false;
    const beside = readsAndChanges(place, () => isOver);
    const token = await place.token('vendor');
    const { resources, manifest } = await bulkExport({
      base: place.base,
      path: '$export?_type=Patient',
      token,
    });
    isOver = true;
    expect(await beside).toEqual(new Set([200]));
    expect(new Set(resources.map(({ id }) => id)).size).toBe(PEOPLE);
    expect(resources).toHaveLength(PEOPLE);
    const newest = resources
      .map(({ meta }) => meta!.lastUpdated!)
      .sort()
      .at(-1)!;
    expect(Date.parse(newest)).toBeLessThanOrEqual(Date.parse(manifest.transactionTime));
  },
  300_000,
);
