/** Turns a word that gives up an NHS number into questions about whoever else is known by it, so that all of a person go on to the new one. */
import type { Patient } from '@medplum/fhirtypes';
import { FORMER_NHS_NUMBER_SYSTEM, NHS_NUMBER_SYSTEM } from '../../fhir/identifiers.ts';
import { verifiedNhsNumber } from '../../fhir/verified-number.ts';
import type { Resend, Store } from '../../store/store.ts';
import { askedAnew, type Kept } from './memory.ts';

/** Name of the target, and who asks. */
const PDS = 'pds';
const PAGE = 50;

/**
 * Puts in line for PDS, at once, whoever else has a number verified that the word gives up. Nothing of it is lost where the
 * process ends before the word is remembered: the numbers stay in every later word of the same Patient.
 */
export async function askHolders(
  store: Pick<Store, 'search' | 'answers' | 'resend'>,
  word: Patient & { readonly id: string },
  nowMs: number,
): Promise<void> {
  const givenUp = new Set(
    (word.identifier ?? []).flatMap(({ system, value = '' }) =>
      system === FORMER_NHS_NUMBER_SYSTEM ? [value] : [],
    ),
  );
  if (givenUp.size === 0) return;
  const due: Resend[] = [];
  for (const id of await holdersOf(store, givenUp)) {
    if (id === word.id) continue;
    const kept = await store.answers.get(PDS, id);
    if (kept !== undefined && kept.answer !== '') {
      const answer = JSON.stringify(askedAnew(JSON.parse(kept.answer) as Kept));
      await store.answers.keep(PDS, id, { answer, untilMs: nowMs }, nowMs);
    }
    due.push({ key: `Patient/${id}`, how: 'over' });
  }
  await store.resend(PDS, due, PDS, nowMs);
}

/** @returns ids of the Patients that have one of the numbers verified */
async function holdersOf(store: Pick<Store, 'search'>, numbers: ReadonlySet<string>): Promise<string[]> {
  const values = [...numbers].map((code) => ({ system: NHS_NUMBER_SYSTEM, code }));
  const clauses = [{ kind: 'token', param: 'identifier', values } as const];
  const holders: string[] = [];
  let after: string | undefined;
  do {
    const page = await store.search({ type: 'Patient', clauses, count: PAGE, ...(after ? { after } : {}) });
    for (const { id, resource } of page.versions)
      if (numbers.has(verifiedNhsNumber(resource as Patient) ?? '')) holders.push(id);
    after = page.next;
  } while (after !== undefined);
  return holders;
}
