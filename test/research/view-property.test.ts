/** Compiled views give the rows that the text of the specification gives, whatever the view and the resources. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileView } from '../../src/research/view/compile.ts';
import { naiveRows } from './naive-view.ts';
import { RANDOM_RESOURCES, randomViews } from './random-views.ts';
import { compiled, definitions } from './samples.ts';

const RUNS = 300;

describe.each(['Patient', 'QuestionnaireResponse'] as const)('views of %s', (type) => {
  test('give the same rows as an interpreter of the processing algorithm, in the same order', () => {
    let rows = 0;
    fc.assert(
      fc.property(
        randomViews(type),
        fc.array(RANDOM_RESOURCES[type], { maxLength: 2 }),
        (view, resources) => {
          const { columns, rows: run } = compiled(view);
          const found: Record<string, unknown>[] = [];
          const names = columns.map((column) => column.name);
          for (const resource of resources)
            run(resource, (row) => found.push(Object.fromEntries(names.map((name, i) => [name, row[i]]))));
          rows += found.length;
          expect(found).toEqual(resources.flatMap((resource) => naiveRows(view, resource)));
        },
      ),
      { numRuns: RUNS },
    );
    expect(rows).toBeGreaterThan(RUNS);
  });
});

test('a view of any JSON is refused with places, or compiled, and never breaks', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (select, where) => {
      const result = compileView({ resource: 'Patient', select, where }, definitions);
      if (!result.ok)
        for (const issue of result.outcome.issue) expect(issue.expression?.[0]).toMatch(/^ViewDefinition/);
    }),
    { numRuns: 500 },
  );
});
