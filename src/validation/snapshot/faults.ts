/** Collects what is wrong with a differential, as issues that name the StructureDefinition, the element and what to change. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf } from '../../fhir/outcome.ts';

/** What can be wrong with a differential. */
export type SnapshotRule =
  | 'snapshot-base'
  | 'snapshot-binding'
  | 'snapshot-cardinality'
  | 'snapshot-constraint'
  | 'snapshot-content-reference'
  | 'snapshot-cycle'
  | 'snapshot-differential'
  | 'snapshot-duplicate'
  | 'snapshot-fixed'
  | 'snapshot-modifier'
  | 'snapshot-must-support'
  | 'snapshot-order'
  | 'snapshot-path'
  | 'snapshot-slicing'
  | 'snapshot-slicing-missing'
  | 'snapshot-type'
  | 'snapshot-unknown-element'
  | 'snapshot-unknown-slice';

/** The findings on one StructureDefinition. */
export class SnapshotFaults {
  readonly issues: OperationOutcomeIssue[] = [];
  readonly #url: string;

  /** @param url of the StructureDefinition whose differential is read */
  constructor(url: string) {
    this.#url = url;
  }

  /**
   * @param id of the element in the differential; empty when the fault is not in one element
   * @param text what is wrong and what to change, as the rest of a sentence that starts with the element
   */
  add(rule: SnapshotRule, id: string, text: string): void {
    this.issues.push(
      issueOf({
        rule,
        code: rule === 'snapshot-base' ? 'not-found' : 'business-rule',
        diagnostics: id === '' ? `${this.#url} ${text}` : `${this.#url}: the differential’s ${id} ${text}`,
        ...(id === ''
          ? {}
          : {
              expression: `StructureDefinition.differential.element.where(id = '${id.replaceAll("'", "\\'")}')`,
            }),
      }),
    );
  }

  /** Takes over the findings on another StructureDefinition that this one builds on. */
  take(issues: readonly OperationOutcomeIssue[]): void {
    const known = new Set(this.issues.map((one) => one.diagnostics));
    this.issues.push(...issues.filter((one) => !known.has(one.diagnostics)));
  }
}
