/** Finds elements that FHIR or a logical model requires and that no rule writes. */
import type { Definitions } from '../fhir/definitions.ts';
import type { Findings } from './finding.ts';

/** An object that a rule creates, in one of the places that its group is used from. */
export interface Created {
  /** the rule, as `file:line:column (rule "x")` */
  readonly place: string;
  readonly type: string;
  /** keys that some rule may write; `*` for any */
  readonly touched: ReadonlySet<string>;
}

/**
 * Adds a warning for each required element that stays unwritten wherever the rule is used. A resource that writes its own
 * `meta` is left alone: it may say there that it is only part of one.
 */
export function checkRequired(all: readonly Created[], definitions: Definitions, findings: Findings): void {
  const uses = Map.groupBy(all, ({ place, type }) => `${place} ${type}`);
  for (const same of uses.values()) {
    const { place, type } = same[0]!;
    if (same.some(({ touched }) => touched.has('*') || touched.has('meta'))) continue;
    for (const { name, min, isChoice } of definitions.type(type)?.elements.values() ?? []) {
      const isWritten = ({ touched }: Created): boolean =>
        isChoice ? [...touched].some((key) => key.startsWith(name)) : touched.has(name);
      if (min === 0 || same.some(isWritten)) continue;
      const message = `creates a ${type}, but no rule writes ${name}, which it must have; add a rule for it`;
      findings.addFault({
        rule: 'map-required-unwritten',
        severity: 'warning',
        code: 'required',
        diagnostics: `${place}: ${message}`,
      });
    }
  }
}
