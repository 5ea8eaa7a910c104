/** Compiles a definition whole, before it is first needed, and says what in it cannot be used. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { type Checked, issueOf, outcomeOf } from '../fhir/outcome.ts';
import type { Checks } from './checks.ts';
import type { ElementRules, Slice, TypeBook } from './element-rules.ts';
import { isSlicedByChoice } from './members.ts';

/** @returns what cannot be compiled: a snapshot, an invariant, a slice that nothing tells from others */
export function prepare(checks: Checks, canonical: string): Checked<true> {
  const { books } = checks;
  const [before, unread] = [checks.faults.length, books.faults.length];
  const book = books.find(canonical);
  const untold = book ? compileWhole(checks, book) : [];
  const faults = [...checks.faults.slice(before), ...books.faults.slice(unread), ...untold];
  return faults.length === 0 ? { ok: true, value: true } : { ok: false, outcome: outcomeOf(...faults) };
}

/** Slices are compiled when an item of theirs is first met: here they are all. */
function compileWhole(checks: Checks, book: TypeBook): readonly OperationOutcomeIssue[] {
  const faults: OperationOutcomeIssue[] = [];
  checks.ofBook(book);
  const visit = (rules: ElementRules): void => {
    const { slicing, content } = rules;
    content.forEach(visit);
    if (!slicing || isSlicedByChoice(rules)) return;
    const tests = checks.tests(slicing);
    slicing.slices.forEach((slice, at) => {
      checks.ofElement(slice.rules);
      if (tests[at]!.isSilent) faults.push(untoldIn(book, rules, slice));
      visit(slice.rules);
    });
  };
  visit(book.root);
  return faults;
}

function untoldIn({ url }: TypeBook, { id, slicing }: ElementRules, { name }: Slice): OperationOutcomeIssue {
  const paths = slicing?.discriminators.map(({ type, path }) => `${path} (${type})`).join(', ');
  return issueOf({
    rule: 'profile-slice-discriminator',
    code: 'not-supported',
    diagnostics: `${url}: slice ${name} of ${id} says nothing at ${paths}, which tells its items: fix a value there, or bind or require the element.`,
  });
}
