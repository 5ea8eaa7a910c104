/** Serves $status of a referral: its state, what may happen next, and what was delivered where. */
import type { Parameters, ParametersParameter, ServiceRequest, Task } from '@medplum/fhirtypes';
import type { Request, Response } from 'express';
import { stateOf, TRANSITIONS } from '../../referral/states.ts';
import type { ResourceKey, Store, StoredVersion } from '../../store/store.ts';
import { accessOf, touch } from '../access.ts';
import { sendFault, sendFhir } from '../respond.ts';

export interface ReferralStatusOptions {
  readonly store: Pick<Store, 'seenBy' | 'links' | 'blocked' | 'filings'>;
  /** names of the targets */
  readonly targets: readonly string[];
}

/** A referral has one, or a few that were given up. */
const MOST_TASKS = 20;

export async function answerReferralStatus(
  options: ReferralStatusOptions,
  request: Request,
  response: Response,
): Promise<void> {
  request.resume();
  const access = accessOf(response);
  if (!access.may('ServiceRequest', 'read'))
    return sendFault(response, 403, {
      code: 'forbidden',
      rule: 'api-forbidden',
      diagnostics: 'This client has no scope to read a ServiceRequest.',
    });
  const seen = options.store.seenBy(access.viewer);
  const id = String(request.params.id);
  const found = await seen.read('ServiceRequest', id);
  if (!found)
    return sendFault(response, 404, {
      code: 'not-found',
      rule: 'api-not-found',
      diagnostics: 'There is no such ServiceRequest.',
    });
  if (!found.resource)
    return sendFault(response, 410, {
      code: 'deleted',
      rule: 'api-gone',
      diagnostics: 'This ServiceRequest is there no more.',
    });
  const key: ResourceKey = `ServiceRequest/${id}`;
  const task = access.may('Task', 'read') ? await taskOf(seen, key) : undefined;
  const parameter = [
    { name: 'referral', valueReference: { reference: key } },
    { name: 'status', valueCode: (found.resource as ServiceRequest).status! },
    ...(access.may('Task', 'read') ? taskParts(task) : []),
    ...(await deliveryParts(options, key, found)),
  ];
  touch(response, { interaction: '$status', keys: [key, ...(task ? [`Task/${task.id}` as const] : [])] });
  sendFhir(response, 200, { resourceType: 'Parameters', parameter } satisfies Parameters);
}

/** @returns the Task that fulfils the referral: the one that changed last, where there are several */
async function taskOf(
  seen: ReturnType<Store['seenBy']>,
  key: ResourceKey,
): Promise<StoredVersion | undefined> {
  const { versions } = await seen.search({
    type: 'Task',
    clauses: [{ kind: 'reference', param: 'focus', targets: [key] }],
    count: MOST_TASKS,
  });
  return [...versions].sort((a, b) => b.lastUpdatedMs - a.lastUpdatedMs)[0];
}

function taskParts(found: StoredVersion | undefined): ParametersParameter[] {
  const task = found?.resource as Task | undefined;
  const state = stateOf(task);
  return [
    ...(found ? [{ name: 'task', valueReference: { reference: `Task/${found.id}` } }] : []),
    ...(state === undefined ? [] : [{ name: 'state', valueCode: state }]),
    ...(task?.businessStatus ? [{ name: 'businessStatus', valueCodeableConcept: task.businessStatus }] : []),
    ...(found ? [{ name: 'since', valueInstant: new Date(found.lastUpdatedMs).toISOString() }] : []),
    ...TRANSITIONS.filter(({ from }) => state !== undefined && from.includes(state)).map(
      ({ event, by, effects }) => ({
        name: 'next',
        part: [
          { name: 'event', valueCode: event },
          ...by.map((actor) => ({ name: 'by', valueCode: actor })),
          { name: 'state', valueCode: effects.state },
        ],
      }),
    ),
  ];
}

async function deliveryParts(
  { store, targets }: ReferralStatusOptions,
  key: ResourceKey,
  { version }: StoredVersion,
): Promise<readonly ParametersParameter[]> {
  const filings = await store.filings.of(key);
  const parts = await Promise.all(
    targets.map(async (target): Promise<ParametersParameter[]> => {
      const [link] = await store.links(target, [key]);
      const [blocked] = await store.blocked(target, [key]);
      if (!link && !blocked) return [];
      const state = blocked?.state ?? (link!.version < version ? 'behind' : 'delivered');
      const filing = filings.find((one) => one.target === target);
      const part: ParametersParameter[] = [
        { name: 'target', valueString: target },
        { name: 'state', valueCode: state },
        ...(link ? [{ name: 'version', valueString: String(link.version) }] : []),
        ...(link ? [{ name: 'delivered', valueInstant: new Date(link.deliveredMs).toISOString() }] : []),
        ...(filing ? [{ name: 'filing', valueCode: filing.state }] : []),
      ];
      return [{ name: 'delivery', part }];
    }),
  );
  return parts.flat();
}
