/** Turns the FHIRPath of a rule into steps that lead from a type to elements, without a resource at hand. */
import { type Checked, refuse } from '../../fhir/outcome.ts';
import { parseExpression } from '../../fhirpath/parser.ts';
import type { CallNode, Node } from '../../fhirpath/tree.ts';

export type PathStep =
  | { readonly kind: 'element'; readonly name: string }
  | { readonly kind: 'extension'; readonly url: string }
  | { readonly kind: 'type'; readonly name: string }
  | { readonly kind: 'guard'; readonly test: Node };

export interface RulePath {
  /** where it starts: a type by its name, or every element of a type */
  readonly start: { readonly kind: 'type' | 'nodes'; readonly type: string };
  readonly steps: readonly PathStep[];
}

/** @returns the steps; or one issue, where it is no FHIRPath, or none that leads to places known beforehand */
export function readRulePath(text: string): Checked<RulePath> {
  const parsed = parseExpression(text);
  if (!parsed.ok) return parsed;
  try {
    const steps: PathStep[] = [];
    const start = walk(parsed.value, steps);
    return { ok: true, value: { start, steps } };
  } catch (error) {
    if (!(error instanceof NoPath)) throw error;
    return refuse({
      rule: 'deidentify-path',
      diagnostics: `De-identification rule ${text}: ${error.message}. A path starts at a type (Patient.birthDate, Coding.code) or at nodesByType('HumanName'), and goes on with elements, extension('url'), ofType(type) and where(condition).`,
      expression: text,
    });
  }
}

class NoPath extends Error {}

/** Gathers the steps behind the start. */
function walk(node: Node, steps: PathStep[]): RulePath['start'] {
  if (node.kind === 'member') {
    if (!node.focus) return { kind: 'type', type: node.name };
    const start = walk(node.focus, steps);
    if (node.name === 'extension') throw new NoPath("an extension is named by its URL, as extension('url')");
    steps.push({ kind: 'element', name: node.name });
    return start;
  }
  if (node.kind !== 'call') throw new NoPath('operators and indexes stand in conditions only');
  if (!node.focus) return startOf(node);
  const start = walk(node.focus, steps);
  steps.push(stepOf(node));
  return start;
}

function startOf(call: CallNode): RulePath['start'] {
  const [type] = call.args;
  if (call.name !== 'nodesByType' || type?.kind !== 'string')
    throw new NoPath(`it cannot start with ${call.name}()`);
  return { kind: 'nodes', type: type.value };
}

function stepOf({ name, args }: CallNode): PathStep {
  const [argument] = args;
  if (argument && args.length === 1) {
    if (name === 'where') return { kind: 'guard', test: argument };
    if (name === 'extension' && argument.kind === 'string') return { kind: 'extension', url: argument.value };
    if (name === 'ofType' && argument.kind === 'member' && (!argument.focus || isFhir(argument.focus)))
      return { kind: 'type', name: argument.name };
  }
  throw new NoPath(`${name}() does not lead to places that are known beforehand`);
}

function isFhir(node: Node): boolean {
  return node.kind === 'member' && !node.focus && node.name === 'FHIR';
}
