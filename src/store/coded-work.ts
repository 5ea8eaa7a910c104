/** Turns what a person must know of a coded entry into a worklist item: one a rule and entry, so that settling one settles no other. */
import { PROJECT_NAMESPACE, uuidV5 } from '../fhir/ids.ts';
import { issueOf } from '../fhir/outcome.ts';
import type { EntryAction, PlannedEntry } from '../referral/coded/entry.ts';
import { type NewWork, reportItem } from './work-items.ts';

/** Name in the outbox, beside those of configured targets. */
export const ACTIVITY_TARGET = 'coded-activity';
export const REJECTED_ENTRY = 'coded-rejected';
export const UNFILED_ENTRY = 'coded-unfiled';
const AGAIN_ENTRY = 'coded-again';

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

/** A resource may give several entries, by several rules. */
export function entryItemId({ fact, action }: Pick<EntryPlace, 'fact' | 'action'>, rule: string): string {
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify(['coded-entry', rule, fact, action]));
}
