/** The store's worklist: items that a person sees to, and what they did with them. */
import type { WorkStore } from '../store.ts';
import type { Runner } from './engine.ts';
import { restoreDeleted } from './restore.ts';
import { assignWork, noteWork, resolveWork } from './work-changes.ts';
import { putWork, selectRefused, selectWork, selectWorkItem } from './work-rows.ts';

export function workStore(runner: Runner): WorkStore {
  return {
    worklist: (filter) => runner.read(() => selectWork(filter)),
    workItem: (id) => runner.read(() => selectWorkItem(id)),
    raiseWork: (items, nowMs) => runner.write(() => putWork(items, nowMs)),
    resolveWork: (id, nowMs, actor) => runner.write(() => resolveWork(id, { actor, nowMs })),
    assignWork: (id, assignee, nowMs, actor) =>
      runner.write(() => assignWork(id, assignee, { actor, nowMs })),
    noteWork: (id, action, nowMs, actor) => runner.write(() => noteWork(id, action, { actor, nowMs })),
    restoreDeleted: (id, nowMs, actor) => runner.write(() => restoreDeleted(id, { actor, nowMs })),
    refusedRecord: (workId) => runner.read(() => selectRefused(workId)),
  };
}
