/** Turns the report of coded activity into what its page shows: practices, reasons and ages; nothing that names a person. */
import type { Store } from '../store/store.ts';
import { codedReport, REASON_TEXTS } from '../target/coded/report.ts';
import { type Moment, momentOf } from './moment.ts';

export interface CodedView {
  readonly total: number;
  readonly groups: readonly {
    readonly practice: string;
    readonly reason: string;
    readonly entries: number;
    readonly ages: readonly number[];
    readonly oldest: Moment;
  }[];
  readonly items: readonly {
    readonly practice: string;
    readonly what: string;
    readonly day: string;
    readonly resource: string;
    readonly reason: string;
    readonly since: Moment;
  }[];
}

const ITEMS_SHOWN = 50;

/** @param nowMs epoch ms */
export async function codedView(store: Pick<Store, 'codedEntries'>, nowMs: number): Promise<CodedView> {
  const { groups, items, total } = await codedReport(store, nowMs, { most: ITEMS_SHOWN });
  return {
    total,
    groups: groups.map(({ practice, reason, entries, ages, oldestMs }) => ({
      practice: practice || 'None known',
      reason: REASON_TEXTS[reason],
      entries,
      ages,
      oldest: momentOf(oldestMs),
    })),
    items: items.map(({ practice, action, term, day, resource, reason, sinceMs }) => ({
      practice: practice || 'None known',
      what: `${action === 'add' ? 'Add' : 'Take out'}: ${term}`,
      day: day || 'No day',
      resource,
      reason: REASON_TEXTS[reason],
      since: momentOf(sinceMs),
    })),
  };
}
