/** Explains extensions by their own definitions. */

import type { Explaining } from '../checking.ts';
import type { ElementRules } from '../element-rules.ts';
import { definitionOf, extensionFault } from '../extensions.ts';
import type { Owner } from '../members.ts';
import type { Json } from '../run.ts';
import { extensionsOf } from '../schema.ts';
import type { Place } from './faults.ts';

export function explainExtensions(
  explainer: Explaining,
  items: readonly unknown[],
  rules: ElementRules,
  owner: Owner,
  here: Place,
): void {
  const of = extensionsOf(rules, owner);
  items.forEach((item, index) => {
    const at = here.item(index);
    const fault = extensionFault(item, of, explainer.checks);
    if (fault) explainer.faults.add(at, fault.rule, fault.text, { code: 'extension' });
    const book = definitionOf((item as Json | null)?.url, explainer.checks);
    if (book) explainer.once(at, () => explainer.book(item, book, at.within()));
  });
}
