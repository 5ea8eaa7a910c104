/** Turns the patients and groups that a run is narrowed to into the people whom it is about. */
import type { Group } from '@medplum/fhirtypes';
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { ResourceKey, SeenStore } from '../../store/store.ts';
import { membersOf } from '../export/kick-off.ts';

/**
 * Whom the client does not see is not there for it. Patients and groups narrow each other.
 * @returns ids; undefined where nobody is named; refusal `view-run-people`, with code `not-found`, where one is not there
 */
export async function peopleNamed(
  seen: SeenStore,
  { patients, groups }: { readonly patients: readonly string[]; readonly groups: readonly string[] },
  nowMs: number,
): Promise<Checked<readonly string[] | undefined>> {
  if (patients.length + groups.length === 0) return { ok: true, value: undefined };
  const named = await currentOf(
    seen,
    patients.map((id): ResourceKey => `Patient/${id}`),
  );
  if (named.size < new Set(patients).size) return missing('patient');
  const members = new Set<string>();
  for (const id of new Set(groups)) {
    const group = await seen.read('Group', id);
    if (group?.state !== 'current') return missing('group');
    for (const member of membersOf(group.resource as Group, nowMs)) members.add(member);
  }
  if (groups.length === 0) return { ok: true, value: [...named] };
  const among = patients.length === 0 ? await currentOf(seen, keysOf(members)) : named;
  return { ok: true, value: [...among].filter((id) => members.has(id)) };
}

function keysOf(ids: Iterable<string>): ResourceKey[] {
  return [...ids].map((id): ResourceKey => `Patient/${id}`);
}

const AT_ONCE = 500;
async function currentOf(seen: SeenStore, keys: readonly ResourceKey[]): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (let at = 0; at < keys.length; at += AT_ONCE)
    for (const { state, id } of await seen.readMany(keys.slice(at, at + AT_ONCE)))
      if (state === 'current') ids.add(id);
  return ids;
}

function missing(name: 'patient' | 'group'): Checked<never> {
  return refuse({
    code: 'not-found',
    rule: 'view-run-people',
    diagnostics: `Parameter ${name} of $viewdefinition-run names one that is not here: leave it out.`,
    expression: name,
  });
}
