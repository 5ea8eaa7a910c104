/** Shows a conflict of the worklist, or has it decided, as a job that tells what came of it. */
import Table from 'cli-table3';
import { isAboutDeletion } from '../../api/next-step.ts';
import { AdapterError } from '../../fhir/outcome.ts';
import type { Disagreement } from '../../store/reconcile.ts';
import type { Conflict, ResourceKey } from '../../store/store.ts';

import { type DecidedWork, type DecideWish, decideWork } from './decide.ts';
import type { Workshop } from './workshop.ts';

export interface DecideJobWish extends Partial<DecideWish> {
  /** id of the item */
  readonly work: string;
}

export type DecideEvent =
  | {
      readonly event: 'conflict';
      readonly resource: ResourceKey;
      /** whose change stands against ours; undefined for a source of records */
      readonly target: string | undefined;
      readonly elements: readonly Disagreement[];
    }
  | { readonly event: 'deleted-there'; readonly resource: ResourceKey; readonly target: string }
  | { readonly event: 'no-conflict' }
  | ({ readonly event: 'decided' } & DecidedWork);

/** @throws AdapterError permanent when what is wished cannot be done, or came too late */
export async function* decideJob(
  shop: Workshop,
  { work, choice, ...wish }: DecideJobWish,
  actor: string,
): AsyncGenerator<DecideEvent> {
  const item = await shop.store.workItem(work);
  const { resource, target, resolvedMs } = item ?? {};
  if (!item || resource === undefined || resolvedMs !== undefined) {
    yield { event: 'no-conflict' };
    return;
  }
  if (choice !== undefined) {
    const done = await decideWork(shop, item, { ...wish, choice }, actor);
    if (!done.ok) throw new AdapterError('permanent', done.outcome.issue[0]!);
    yield { event: 'decided', ...done.value };
  } else if (isAboutDeletion(item)) yield { event: 'deleted-there', resource, target: target ?? '' };
  else {
    const conflict = (await shop.store.refusedRecord(work))?.payload as Conflict | undefined;
    if (item.kind !== 'conflict' || !conflict) yield { event: 'no-conflict' };
    else yield { event: 'conflict', resource, target, elements: conflict.conflicts };
  }
}

/** @returns the text of an event */
export function decideText(event: { readonly event: string }): string {
  const told = event as DecideEvent;
  switch (told.event) {
    case 'no-conflict':
      return 'There is no open conflict under this id; the worklist shows those there are.\n';
    case 'deleted-there':
      return `${told.resource} was deleted at ${told.target}, and is kept here. Choose restore (it is sent there anew) or entered-in-error (it is marked so here).\n`;
    case 'conflict':
      return `${told.resource}, against ${told.target ?? 'its source'}\n${elementTable(told.elements)}\nChoose ours, theirs or merge; what only one side changed is kept.\n`;
    case 'decided':
      return decidedText(told);
  }
}

function elementTable(elements: readonly Disagreement[]): string {
  const table = new Table({ head: ['Element', 'Was', 'Ours', 'Theirs'], style: { head: [], border: [] } });
  for (const { path, base, ours, theirs } of elements)
    table.push([path, valueText(base), valueText(ours), valueText(theirs)]);
  return table.toString();
}

function valueText(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function decidedText({ state, deliveries, work }: DecidedWork): string {
  if (state === 'refused')
    return `Decided, but another resource of the same record conflicts too: decide ${work}.\n`;
  return `Decided; ${deliveries} deliver${deliveries === 1 ? 'y is' : 'ies are'} due.\n`;
}
