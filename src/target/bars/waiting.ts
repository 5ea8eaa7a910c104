/** Puts on the worklist that everything for a BaRS service waits, once for each reason, and takes it back when the service takes messages again. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import { issueOf, outcomeOf, ruleOf } from '../../fhir/outcome.ts';
import type { Message, NewWork, ResourceKey, Store, WorkItem } from '../../store/store.ts';
import { takeBack } from '../../store/work-over.ts';
import type { Refused } from '../answers.ts';
import { adviceOf, WAITING_RULES, type WaitingRule } from './answers.ts';

export interface WaitingOptions {
  /** name of the target */
  readonly name: string;
  readonly store: Pick<Store, 'readMany' | 'raiseWork' | 'workItem' | 'resolveWork'>;
  readonly clock: () => number;
}

export interface Waiting {
  /** Says why, where what was refused is of the service and not of the referral. */
  refused(refused: Refused, key: ResourceKey): Promise<void>;
  /** A message arrived: what kept it back is over. */
  taken(message: Pick<Message, 'what'>): Promise<void>;
}

const SILENT_MS = 60_000;

export function createWaiting(options: WaitingOptions): Waiting {
  const { name, store, clock } = options;
  // another process may say it, or take it back: what was found is believed for a minute
  const silentUntilMs = new Map<WaitingRule, number>();
  const openItem = async (rule: WaitingRule): Promise<WorkItem | undefined> => {
    const item = await store.workItem(itemId(name, rule));
    return item?.resolvedMs === undefined ? item : undefined;
  };
  return {
    async refused({ outcome }, key) {
      const [issue] = outcome.issue;
      const rule = issue && WAITING_RULES.find((one) => one === ruleOf(issue));
      if (!rule || (await openItem(rule))) return;
      const [version] = await store.readMany([key]);
      const diagnostics = adviceOf(rule, name) ?? issue.diagnostics!;
      const said = issueOf({ severity: 'warning', code: issue.code, rule, diagnostics });
      await store.raiseWork([itemOf(name, rule, version?.ownerOrg ?? name, said)], clock());
      silentUntilMs.delete(rule);
    },
    async taken({ what }) {
      for (const rule of WAITING_RULES) {
        // that a change is taken says nothing of whether the service takes the use case
        if (rule === 'bars-not-taken' && what !== 'new') continue;
        if (clock() < (silentUntilMs.get(rule) ?? 0)) continue;
        const item = await openItem(rule);
        if (item) await takeBack(store, item, clock(), `target ${name}`);
        silentUntilMs.set(rule, clock() + SILENT_MS);
      }
    },
  };
}

function itemOf(target: string, rule: WaitingRule, ownerOrg: string, issue: OperationOutcomeIssue): NewWork {
  return {
    ...{ id: itemId(target, rule), kind: 'warning', ownerOrg, target, resource: undefined },
    ...{ source: undefined, recordKind: undefined, recordKey: undefined, file: undefined, line: undefined },
    outcome: outcomeOf(issue),
  };
}

function itemId(target: string, rule: WaitingRule): string {
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify(['bars-waits', target, rule]));
}
