/** Turns what a person must know of a coded entry into a worklist item: one a rule and entry, so that settling one settles no other. */
import { PROJECT_NAMESPACE, uuidV5 } from '../fhir/ids.ts';
import { issueOf, outcomeOf } from '../fhir/outcome.ts';
import type { EntryAction, PlannedEntry } from '../referral/coded/entry.ts';
import { type NewWork, reportItem } from './work-items.ts';

/** Name in the outbox, beside those of configured targets. */
export const ACTIVITY_TARGET = 'coded-activity';
export const REJECTED_ENTRY = 'coded-rejected';
export const UNFILED_ENTRY = 'coded-unfiled';
const AGAIN_ENTRY = 'coded-again';
const NOT_OUT = 'coded-not-out';

/** The entry that an item is about, and the resource that it came of. */
export interface EntryPlace {
  readonly fact: string;
  readonly action: EntryAction;
  readonly type: string;
  readonly id: string;
  readonly ownerOrg: string;
}

export function entryItem(entry: EntryPlace, rule: string, diagnostics: string): NewWork {
  const { type, id, ownerOrg } = entry;
  const code = rule === AGAIN_ENTRY ? 'conflict' : 'incomplete';
  const issue = issueOf({ severity: 'warning', code, rule, diagnostics, expression: type });
  const item = reportItem({ seq: 0, target: ACTIVITY_TARGET, deliveryKey: '', type, id, ownerOrg }, issue);
  return { ...item, id: entryItemId(entry, rule) };
}

/** It was taken out of a record, and holds good once more: that is not listed a second time. */
export function againItem({ fact, action, id: entryId, content }: PlannedEntry): NewWork {
  const { ownerOrg, source } = content;
  const { type, id } = source;
  const diagnostics = `The coded entry ${entryId} for ${type}/${id} was taken out of a GP record, and holds good again. It is not listed a second time: tell the practice, and have it filed by hand.`;
  return entryItem({ fact, action, type, id, ownerOrg }, AGAIN_ENTRY, diagnostics);
}

/** @param way names where lists go @param why as the way was refused, with what to do */
export function notOutItem(way: string, why: string): NewWork {
  const diagnostics = `Lists of coded activity do not go out (${way}): ${why}`;
  const issue = issueOf({ severity: 'warning', code: 'exception', rule: NOT_OUT, diagnostics });
  return {
    ...{
      id: notOutItemId(way),
      kind: 'warning',
      ownerOrg: '',
      target: ACTIVITY_TARGET,
      outcome: outcomeOf(issue),
    },
    ...{ source: undefined, recordKind: undefined, recordKey: undefined, file: undefined, line: undefined },
    resource: undefined,
  };
}

export function notOutItemId(way: string): string {
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify([NOT_OUT, way]));
}

/** A resource may give several entries, by several rules. */
export function entryItemId({ fact, action }: Pick<EntryPlace, 'fact' | 'action'>, rule: string): string {
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify(['coded-entry', rule, fact, action]));
}
