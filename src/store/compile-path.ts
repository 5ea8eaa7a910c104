/** Turns a simple path of a search parameter into a function, until the FHIRPath compiler takes over. */
import type { Checked } from '../fhir/outcome.ts';
import type { Evaluate } from '../fhirpath/evaluate.ts';

export function compileExpression(text: string, _options: unknown): Checked<Evaluate> {
  const branches = text.split('|').map((b) =>
    b.trim().replace(/^\(|\)$/g, '').replace(/\.ofType\(\w+\)?\)?/g, '').split('.').slice(1),
  );
  const walk = (node: unknown, path: readonly string[]): unknown[] => {
    const [head, ...rest] = path;
    if (head === undefined) return [node];
    const members = node as Record<string, unknown>;
    const name = head in members ? head : Object.keys(members).find((k) => k.startsWith(head) && /^[A-Z]/.test(k.slice(head.length)));
    const value = name === undefined ? undefined : members[name];
    if (value === undefined) return [];
    return (Array.isArray(value) ? value : [value]).flatMap((one) => walk(one, rest));
  };
  return { ok: true, value: (focus) => branches.flatMap((path) => walk(focus, path)) };
}
