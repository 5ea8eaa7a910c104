/** Reads the lists of a service, and has a person look where e-RS refuses one. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import type { ErsAnswer, ErsClient } from '../../nhs/ers/client.ts';
import type { Store } from '../../store/store.ts';
import { takeBack } from '../../store/work-over.ts';

export interface ListsOptions {
  readonly client: ErsClient;
  readonly store: Pick<Store, 'raiseWork' | 'resolveWork' | 'workItem'>;
  readonly service: { readonly id: string };
  readonly lists: readonly string[];
  /** who owns what is raised */
  readonly ownerOrg: string;
  readonly onTrouble: (outcome: OperationOutcome) => void;
  readonly clock: () => number;
}

/** What is on the lists of a service. */
export interface Listed {
  /** booking references, each with the name of the service */
  readonly names: ReadonlyMap<string, string | undefined>;
  /** every list was given */
  readonly isWhole: boolean;
}

export async function listed(options: ListsOptions, signal: AbortSignal): Promise<Listed> {
  const { client, lists, service, onTrouble } = options;
  const names = new Map<string, string | undefined>();
  let given = 0;
  for (const list of lists) {
    const answer = await client.list(service.id, list, signal);
    if (answer.ok) for (const { ubrn, serviceName } of answer.value) names.set(ubrn, serviceName);
    else onTrouble(answer.outcome);
    if (answer.ok) given += 1;
    if (answer.ok) await settle(options, list);
    else if (answer.retry === 'permanent') await raise(options, list, answer);
    else if (answer.waitMs !== undefined) break; // it asks to be let alone
  }
  return { names, isWhole: given === lists.length };
}

const workId = ({ service }: ListsOptions, list: string): string =>
  uuidV5(PROJECT_NAMESPACE, JSON.stringify(['ers-list', service.id, list]));

/** While a list is refused, no referral of it comes in: that is not to be read in the log alone. */
async function raise(
  options: ListsOptions,
  list: string,
  { outcome }: Extract<ErsAnswer<never>, { ok: false }>,
): Promise<void> {
  const { store, ownerOrg, clock } = options;
  const none = { recordKind: undefined, recordKey: undefined, file: undefined, line: undefined };
  const about = { ...none, source: 'e-rs', resource: undefined, target: undefined };
  await store.raiseWork(
    [{ id: workId(options, list), kind: 'warning', ownerOrg, ...about, outcome }],
    clock(),
  );
}

async function settle(options: ListsOptions, list: string): Promise<void> {
  const { store, clock } = options;
  const item = await store.workItem(workId(options, list));
  if (item && item.resolvedMs === undefined) await takeBack(store, item, clock(), 'e-rs');
}
