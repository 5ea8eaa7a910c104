/** Tells what still refers to resources that are to be deleted: nothing is to refer to what is not there. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../../fhir/outcome.ts';
import { searchedParameters } from '../../search-parameters.ts';
import type { CommitRecord } from '../../store.ts';
import { selectReferringBy } from '../resource-rows.ts';
import type { Step } from '../statement.ts';
import type { Batch } from './batch.ts';

/** Rule of a deletion of what others refer to. */
const REFERRED_TO = 'store-referred-to';

/** What tells of what was done refers to it whatever becomes of it. */
const NOT_ASKED: ReadonlySet<string> = new Set(['Provenance']);

/** @returns why a client's deletions cannot be done; undefined where nothing else refers there */
export function* stillReferredTo(
  batch: Batch,
  { client, resources }: Pick<CommitRecord, 'client' | 'resources'>,
): Step<OperationOutcome | undefined> {
  const deletes = client?.deletes ?? [];
  if (deletes.length === 0) return undefined;
  yield* batch.pending.flush();
  const params = yield* referencesTo(batch, new Set(deletes.map((key) => key.split('/')[0]!)));
  const apart = new Set<string>([
    ...deletes,
    ...resources.map(({ resource }) => `${resource.resourceType}/${resource.id}`), // its references are looked at themselves
  ]);
  const pairs = params.flatMap((param) => deletes.map((key) => [param, key] as const));
  const types = new Map<string, Set<string>>();
  for (const { target, type, id } of yield* selectReferringBy(pairs))
    if (!apart.has(`${type}/${id}`)) types.set(target, (types.get(target) ?? new Set()).add(type));
  if (types.size === 0) return undefined;
  return outcomeOf(
    ...[...types].map(([key, by]) =>
      issueOf({
        code: 'conflict',
        rule: REFERRED_TO,
        diagnostics: `${key} is referred to by resources of type ${[...by].sort().join(', ')}: delete these first, or in one transaction with it.`,
      }),
    ),
  );
}

/** @returns numbers of the search parameters by which other resources refer to these types */
function* referencesTo(batch: Batch, targets: ReadonlySet<string>): Step<readonly number[]> {
  const found: number[] = [];
  for (const [type, parameters] of searchedParameters()) {
    if (NOT_ASKED.has(type)) continue;
    for (const one of parameters.values()) {
      if (one.kind !== 'reference' || one.isCanonical || one.expression === undefined) continue;
      if (!one.targets.some((target) => targets.has(target))) continue;
      const param = yield* batch.context.names.find(`${type}.${one.code}`);
      if (param !== undefined) found.push(param);
    }
  }
  return found;
}
