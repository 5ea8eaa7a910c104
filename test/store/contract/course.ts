/** What every engine must do with rules of how things may go on: ask them, refuse, keep the steps between, and say what is at odds. */
import type { Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { issueOf, ruleOf } from '../../../src/fhir/outcome.ts';
import type {
  Change,
  CommitRules,
  CourseRules,
  Identified,
  Judgement,
  Store,
} from '../../../src/store/store.ts';
import { commit, idOf, NOW_MS, partial, patient, RULES, recordOf, referral, writtenOf } from '../samples.ts';

function task(name: string, status: Task['status'], more: Partial<Task> = {}): Identified {
  return {
    resourceType: 'Task',
    id: idOf(name),
    status,
    intent: 'order',
    for: { reference: `Patient/${idOf('p')}` },
    focus: { reference: `ServiceRequest/${idOf('r')}` },
    ...more,
  };
}

const NOTHING: Judgement = { issues: [], between: new Map(), standing: new Map() };

/** Rules of a course that judge by a function. */
function rulesOf(judge: CourseRules['judge'], more: Partial<CourseRules> = {}): CommitRules {
  const course: CourseRules = {
    types: new Set(['Task', 'ServiceRequest']),
    read: (incoming) => incoming,
    beside: () => ({ keys: [], tasksOn: [] }),
    judge,
    ...more,
  };
  return { ...RULES, course };
}

const statusOf = (resource: Identified | undefined): string | undefined =>
  (resource as Task | undefined)?.status;
const isTask = ({ incoming }: Change): boolean => incoming.resourceType === 'Task';

export function courseContract(open: () => Promise<Store>): void {
  test('asks of every resource of its types, with what is stored and what it becomes', async () => {
    const store = await open();
    const asked: unknown[] = [];
    const rules = rulesOf((changes, _stored, { key }) => {
      for (const { incoming, before, after } of changes)
        asked.push([key, incoming.resourceType, statusOf(before), statusOf(after)]);
      return NOTHING;
    });
    await store.commit([recordOf([patient('p'), task('t', 'requested')])], rules, NOW_MS);
    await store.commit(
      [
        recordOf([task('t', 'accepted'), referral('r', 'p')], { sourceTimeMs: NOW_MS + 1 }),
        recordOf([partial({ resourceType: 'Task', id: idOf('t'), status: 'draft' } as Identified)], {
          key: 'late',
          sourceTimeMs: NOW_MS - 1,
        }),
        recordOf([partial(task('unknown', 'draft'))], { key: 'part' }),
      ],
      rules,
      NOW_MS,
    );
    expect(asked).toEqual([
      ['R1', 'Task', undefined, 'requested'],
      ['R1', 'Task', 'requested', 'accepted'],
      ['R1', 'ServiceRequest', undefined, 'active'],
      ['late', 'Task', 'accepted', 'accepted'], // an older word changes nothing
      ['part', 'Task', undefined, undefined],
    ]);
  });

  test('refuses the whole record that may not follow, and no other', async () => {
    const store = await open();
    await commit(store, recordOf([task('t', 'completed')]));
    const rules = rulesOf((changes) => ({
      ...NOTHING,
      issues: changes.some(({ before }) => statusOf(before) === 'completed')
        ? [issueOf({ rule: 'referral-transition', diagnostics: 'It has ended.' })]
        : [],
    }));
    const results = await store.commit(
      [
        recordOf([patient('p'), task('t', 'requested')], {
          payload: { again: true },
          sourceTimeMs: NOW_MS + 1,
        }),
        recordOf([task('other', 'requested')], { key: 'R2' }),
      ],
      rules,
      NOW_MS,
    );
    expect(results.map((one) => one.state)).toEqual(['refused', 'committed']);
    expect(await store.read('Patient', idOf('p'))).toBeUndefined();
    expect((await store.read('Task', idOf('t')))?.resource).toMatchObject({ status: 'completed' });
    const [item, ...others] = await store.worklist({ open: true, count: 9 });
    expect(others).toEqual([]);
    expect(item).toMatchObject({ kind: 'rejected', recordKey: 'R1' });
    expect(item?.outcome.issue.map(ruleOf)).toEqual(['referral-transition']);
    expect(await store.refusedRecord(item!.id)).toMatchObject({ payload: { again: true } });
  });

  test('opens an item for a warning, and takes it back with the version of the record that does not warn', async () => {
    const store = await open();
    const rules = rulesOf((changes) => ({
      ...NOTHING,
      issues: changes
        .filter(({ after }) => statusOf(after) === 'on-hold')
        .map(() => issueOf({ severity: 'warning', rule: 'referral-reason', diagnostics: 'Say why.' })),
    }));
    const [held] = await store.commit([recordOf([task('t', 'on-hold')])], rules, NOW_MS);
    expect(held?.state).toBe('committed');
    expect(await store.worklist({ kind: 'warning', open: true, count: 9 })).toMatchObject([
      { recordKey: 'R1' },
    ]);
    await store.commit([recordOf([task('t', 'in-progress')], { sourceTimeMs: NOW_MS + 1 })], rules, NOW_MS);
    expect(await store.worklist({ kind: 'warning', open: true, count: 9 })).toEqual([]);
  });

  test('keeps the steps between as versions of their own, and delivers the last alone', async () => {
    const store = await open();
    await commit(store, recordOf([task('t', 'requested')]));
    const rules = rulesOf((changes) => ({
      ...NOTHING,
      between: new Map(
        changes
          .filter(isTask)
          .map(({ before, incoming }) => [
            `Task/${incoming.id}` as const,
            ['accepted', 'in-progress'].map((status) => ({ ...before!, status }) as Identified),
          ]),
      ),
    }));
    const done = recordOf([task('t', 'completed')], { sourceTimeMs: NOW_MS + 1 });
    const [result] = await store.commit([done], rules, NOW_MS + 5);
    expect(writtenOf(result)).toEqual(['Task/2', 'Task/3', 'Task/4']);
    expect(result).toMatchObject({ deliveries: 1 });
    const versions = await store.history('Task', idOf('t'), 9);
    expect(versions.map(({ version, resource }) => [version, statusOf(resource)])).toEqual([
      [4, 'completed'],
      [3, 'in-progress'],
      [2, 'accepted'],
      [1, 'requested'],
    ]);
    const status = (value: string) =>
      store.countMatches({
        type: 'Task',
        clauses: [{ kind: 'token', param: 'status', values: [{ code: value }] }],
      } as never);
    expect([await status('completed'), await status('accepted')]).toEqual([1, 0]);
    const group = await store.claim('ehr', { nowMs: NOW_MS + 9, leaseMs: 60_000, maxEntries: 9 });
    expect(group?.entries.map(({ version }) => version)).toContain(4);
    expect(group?.entries.some(({ version }) => version === 2 || version === 3)).toBe(false);
  });

  test('stores a resource as it is meant, and finds the same again unchanged', async () => {
    const store = await open();
    const rules = rulesOf(() => NOTHING, {
      read: (incoming, known) =>
        statusOf(known) === 'accepted' || statusOf(known) === 'failed'
          ? ({ ...incoming, status: 'failed' } as Identified)
          : incoming,
    });
    await store.commit([recordOf([task('t', 'accepted')])], rules, NOW_MS);
    const ended = recordOf([task('t', 'cancelled')], { sourceTimeMs: NOW_MS + 1 });
    await store.commit([ended], rules, NOW_MS);
    expect((await store.read('Task', idOf('t')))?.resource).toMatchObject({ status: 'failed' });
    await store.commit([{ ...ended, mapDigest: 'map-2' }], rules, NOW_MS);
    expect((await store.read('Task', idOf('t')))?.version).toBe(2);
  });

  test('shows what is stored beside a record, by key and by focus, as the batch has made it so far', async () => {
    const store = await open();
    const seen: unknown[] = [];
    const rules = rulesOf(
      (changes, stored, { key }) => {
        if (!changes.some(isTask))
          seen.push([key, stored.tasksOn(`ServiceRequest/${idOf('r')}`).map(statusOf)]);
        else seen.push([key, statusOf(stored.resource(`ServiceRequest/${idOf('r')}`))]);
        return NOTHING;
      },
      {
        beside: (incoming) =>
          incoming.resourceType === 'Task'
            ? { keys: [`ServiceRequest/${idOf('r')}`], tasksOn: [] }
            : { keys: [], tasksOn: [`ServiceRequest/${incoming.id}`] },
      },
    );
    await store.commit([recordOf([referral('r', 'p')], { key: 'request' })], rules, NOW_MS);
    await store.commit([recordOf([task('t', 'requested')], { key: 'task' })], rules, NOW_MS);
    await store.commit(
      [
        recordOf([task('t2', 'draft')], { key: 'second' }),
        recordOf([referral('r', 'p', { status: 'revoked' })], { key: 'request', sourceTimeMs: NOW_MS + 1 }),
        recordOf([task('t', 'cancelled')], { key: 'task', sourceTimeMs: NOW_MS + 1 }),
      ],
      rules,
      NOW_MS,
    );
    expect(seen).toEqual([
      ['request', []],
      ['task', 'active'],
      ['second', 'active'],
      ['request', ['requested', 'draft']],
      ['task', 'revoked'],
    ]);
  });

  test('opens one item for what is at odds in the store, whoever says it, and settles it when it fits again', async () => {
    const store = await open();
    const key = `ServiceRequest/${idOf('r')}` as const;
    const odds = issueOf({ severity: 'warning', rule: 'referral-agreement', diagnostics: 'They disagree.' });
    let standing: Judgement['standing'] = new Map([[key, odds]]);
    const rules = rulesOf(() => ({ ...NOTHING, standing }));
    const record = (name: string) => recordOf([task('t', 'accepted', { description: name })], { key: name });
    await store.commit([record('a'), record('b')], rules, NOW_MS);
    standing = new Map();
    await store.commit([record('a')], rules, NOW_MS + 1); // says nothing of it
    const items = await store.worklist({ kind: 'warning', open: true, count: 9 });
    expect(items).toMatchObject([{ resource: key, outcome: { issue: [{ diagnostics: 'They disagree.' }] } }]);
    standing = new Map([[key, undefined]]);
    await store.commit([record('c')], rules, NOW_MS + 2);
    expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
    expect(await store.worklist({ kind: 'warning', open: false, count: 9 })).toHaveLength(1);
  });
}
