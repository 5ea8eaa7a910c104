/** Turns the events of a replay or a remap into what a terminal shows: a table a resource, and one line of sums. */
import Table from 'cli-table3';
import type { ElementChange } from '../../fhir/element-diff.ts';
import type { DriftDetail } from '../../store/store.ts';
import type { JobEvent } from '../jobs.ts';
import type { ResourceChange } from './preview.ts';
import type { ReconcileEvent } from './reconcile.ts';
import type { RemapEvent } from './remap.ts';
import type { RetentionEvent } from './retention.ts';

/** @param command to name in the line that says how to go on @returns text, '' for what is not shown */
export function againText(event: JobEvent, command: string, isRunning: boolean): string {
  const told = event as RemapEvent;
  switch (told.event) {
    case 'outdated':
      return `${told.source}/${told.kind}: ${told.records} record${s(told.records)} mapped by an older version\n`;
    case 'record':
      if (told.state === 'refused')
        return `A ${told.source}/${told.kind} record would be refused: ${told.rules.join(', ')}\n`;
      return told.changes.map(changeTable).join('');
    case 'passed-over':
      return `${told.records} record${s(told.records)} passed over: ${REASONS[told.reason]}\n`;
    case 'previewed':
      return `${told.records} record${s(told.records)} looked at: ${told.changed} would change, ${told.refused} would be refused.\nCode of this preview: ${told.code}\n`;
    case 'unconfirmed':
      return `Nothing was done. Look at ${command} --preview first; then give its code with --confirm (it is ${told.code} now).\n`;
    case 'interrupted':
      return `Stopped after ${told.mapped} records; run it again to go on.\n`;
    case 'done':
      return doneText(told, isRunning);
  }
}

const REASONS = {
  'no-payload': 'nothing of what the source sent is kept (erased, or past its time)',
  'no-map': 'the version of the maps that mapped them is not kept, or does not compile any more',
};

function doneText(
  { deliveries, accepted, refused, mapped }: Extract<RemapEvent, { event: 'done' }>,
  isRunning: boolean,
): string {
  const due = `${deliveries} deliver${deliveries === 1 ? 'y is' : 'ies are'} due again${isRunning ? '' : ', at the next start'}.\n`;
  if (mapped > 0) return `${mapped} record${s(mapped)} mapped anew, ${refused} refused; ${due}`;
  return accepted + refused === 0
    ? due
    : `${accepted} refused record${s(accepted)} accepted now, ${refused} refused again; ${due}`;
}

function changeTable({ resource, isNew, elements }: ResourceChange): string {
  const table = new Table({ head: ['Element', 'Now', 'Would be'], style: { head: [], border: [] } });
  for (const one of elements) table.push(rowOf(one));
  return `${resource}${isNew ? ' (new)' : ''}\n${table.toString()}\n`;
}

function rowOf(change: ElementChange): string[] {
  return [change.path, valueText(change.old), valueText(change.new)];
}

function valueText(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function s(count: number): string {
  return count === 1 ? '' : 's';
}

/** @returns the text of an event of a reconciliation */
export function reconcileText(event: JobEvent): string {
  const told = event as ReconcileEvent;
  switch (told.event) {
    case 'drift':
      return `${told.kind}  ${told.key}${driftText(told.detail)}\n`;
    case 'looked':
      return '';
    case 'unreachable':
      return `The target could not be asked (${told.rule}) after ${told.resources} resources; run it again to go on.\n`;
    case 'interrupted':
      return `Stopped after ${told.mapped} resources; run it again to go on.\n`;
    case 'reconciled': {
      const { missing, twin, changed, extra } = told.drift;
      return `${told.resources} resources compared: ${missing} missing, ${twin} twin, ${changed} changed, ${extra} extra; ${told.healed} in line to be put right.\n`;
    }
  }
}

function driftText({ by, elements, copies }: DriftDetail): string {
  const whose = by === undefined ? '' : `  changed ${by === 'both' ? 'on both sides' : by}`;
  const where = elements && elements.length > 0 ? `: ${elements.join(', ')}` : '';
  return `${whose}${where}${copies ? `  copies ${copies.join(', ')}` : ''}`;
}

/** @returns the text of an event of a retention run */
export function retentionText(event: JobEvent): string {
  const told = event as RetentionEvent;
  if (told.event === 'pruned') return `${told.removed} of ${told.what} had passed their time\n`;
  if (told.event === 'archived') return `${told.rows} rows of the audit moved to ${told.file}\n`;
  const size = told.bytes === undefined ? '' : `; ${(told.bytes / 1_048_576).toFixed(1)} MB in use`;
  return `Free room was given back${size}${told.isOver ? ', more than is wanted: what is left is too young or not settled' : ''}.\n`;
}
