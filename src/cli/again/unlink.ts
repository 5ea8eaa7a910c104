/** Takes back that a Patient is one person with others, as a job that tells who parted. */
import type { Store } from '../../store/store.ts';
import type { Workshop } from './workshop.ts';

export type UnlinkEvent =
  | { readonly event: 'no-patient' | 'not-joined'; readonly patient: string }
  | {
      readonly event: 'unlinked';
      readonly patient: string;
      /** Patients that it was one person with */
      readonly from: readonly string[];
    };

/** @param patient id of a Patient, also as Patient/<id> */
export async function* unlinkJob(
  { store, clock, wake }: Pick<Workshop, 'store' | 'clock' | 'wake'>,
  { patient: given }: { readonly patient: string },
  actor: string,
): AsyncGenerator<UnlinkEvent> {
  const patient = given.replace(/^Patient\//, '');
  if ((await store.read('Patient', patient))?.resource === undefined) {
    yield { event: 'no-patient', patient };
    return;
  }
  const from = await oneWith(store, patient);
  if (from.length === 0) {
    yield { event: 'not-joined', patient };
    return;
  }
  await store.unlinkPerson(patient, clock(), actor);
  wake();
  yield { event: 'unlinked', patient, from };
}

async function oneWith(
  store: Pick<Store, 'personOf' | 'readPerson'>,
  patient: string,
): Promise<readonly string[]> {
  const versions = await store.readPerson(await store.personOf(patient), 'Patient');
  return versions.flatMap(({ id }) => (id === patient ? [] : [id]));
}

/** @returns the text of an event */
export function unlinkText(event: { readonly event: string }): string {
  const told = event as UnlinkEvent;
  switch (told.event) {
    case 'no-patient':
      return `There is no Patient/${told.patient} here.\n`;
    case 'not-joined':
      return `Patient/${told.patient} is one person with nobody else.\n`;
    case 'unlinked':
      return `Patient/${told.patient} is a person of its own again, apart from ${told.from.map((id) => `Patient/${id}`).join(', ')}. No NHS number joins it anew; what waited for it goes on by itself.\n`;
  }
}
