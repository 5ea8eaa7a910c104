/** Gathers compiled rules into a tree of the types and elements that they speak of. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Definitions, ElementType } from '../../fhir/definitions.ts';
import { issueOf } from '../../fhir/outcome.ts';
import { compileNode } from '../../fhirpath/compile.ts';
import type { Variables } from '../../fhirpath/evaluate.ts';
import type { Node } from '../../fhirpath/tree.ts';
import { choiceName } from '../../fhirpath/types.ts';
import { OF_NO_PERSON } from '../../referral/consent.ts';
import { compileMethod, type Method } from './methods.ts';
import { type PathStep, type RulePath, readRulePath } from './rule-path.ts';
import type { Rule, Rules } from './rules.ts';

/** A condition of a path, compiled for the elements it is asked of. */
export type Guard = (item: unknown, variables: Variables) => boolean;

/** A rule at the element where its path ends. */
export interface SettledRule {
  readonly rule: Rule;
  /** place in the file: of two that speak of one element the first one holds */
  readonly at: number;
  /** its path names one type of a choice, so that texts and dates of it may be kept */
  readonly isTyped: boolean;
  readonly method: Method;
}

export interface Edge {
  readonly step: { readonly kind: 'element' | 'extension' | 'type'; readonly name: string } | Guard;
  readonly node: RuleNode;
}

/** Where paths meet. */
export class RuleNode {
  readonly id: number;
  readonly rules: SettledRule[] = [];
  readonly edges: Edge[] = [];

  constructor(id: number) {
    this.id = id;
  }
}

/** Types of what is written, and the elements of such types that name things. */
const WRITTEN = new Set(['string', 'markdown', 'xhtml', 'base64Binary']);
const NAMING = new Set(['linkId', 'reference', 'url', 'version', 'unit', 'currency']);
const LETTING = new Set<Rule['method']>(['keep', 'encrypt', 'generalise']);

/** Consent to codes alone does not cover what such a rule lets out. */
function isOfWords({ method }: Rule, { start, steps }: RulePath, types: readonly string[]): boolean {
  const last = steps.findLast(({ kind }) => kind === 'element' || kind === 'extension');
  const isWritten = types.length === 1 && WRITTEN.has(types[0]!);
  return (
    isWritten &&
    LETTING.has(method) &&
    !(last?.kind === 'element' && NAMING.has(last.name)) &&
    !OF_NO_PERSON.has(start.type) &&
    start.type !== 'Identifier'
  );
}

export class RuleTree {
  readonly issues: OperationOutcomeIssue[] = [];
  /** whether a rule lets out what somebody may have written of a person */
  letsWordsOut = false;
  readonly #definitions: Definitions;
  readonly #values: Rules['values'];
  readonly #ofTypes = new Map<string, RuleNode>();
  readonly #everywhere = new Map<string, RuleNode>();
  #count = 0;

  constructor(rules: Rules, definitions: Definitions) {
    this.#definitions = definitions;
    this.#values = rules.values;
    for (const [at, rule] of rules.rules.entries()) this.#add(rule, at);
  }

  /** @returns rules whose path starts at a type, or goes through it: an inline backbone has one place of its own */
  ofType(type: string): RuleNode | undefined {
    return this.#ofTypes.get(type);
  }

  /** @returns rules of all elements of a data type, wherever they are */
  everywhere(type: string): RuleNode | undefined {
    return this.#everywhere.get(type);
  }

  #add(rule: Rule, at: number): void {
    const path = readRulePath(rule.path);
    if (!path.ok) {
      this.issues.push(...path.outcome.issue);
      return;
    }
    const { start, steps } = path.value;
    if (!this.#definitions.type(start.type)) return this.#fault(rule, `there is no type ${start.type}`);
    const roots = start.kind === 'type' ? this.#ofTypes : this.#everywhere;
    if (start.kind === 'type' && steps.every(({ kind }) => kind === 'guard'))
      return this.#fault(rule, `it names no element; for all of a type write nodesByType('${start.type}')`);
    const end = this.#walk(rule, start, steps, this.#root(roots, start.type));
    if (!end) return;
    const method = compileMethod(rule, end.types, this.#definitions, Object.keys(this.#values));
    if (!method.ok) this.#fault(rule, method.why);
    else {
      this.letsWordsOut ||= isOfWords(rule, path.value, end.types);
      end.node.rules.push({ rule, at, isTyped: end.isTyped, method: method.value });
    }
  }

  /** @returns where the path ends; undefined after a fault */
  #walk(
    rule: Rule,
    start: RulePath['start'],
    steps: readonly PathStep[],
    root: RuleNode,
  ): { node: RuleNode; types: readonly string[]; isTyped: boolean } | undefined {
    let node = root;
    let types: readonly string[] = [start.type];
    let isTyped = true;
    let isGuarded = false;
    for (const step of steps) {
      if (step.kind === 'guard') {
        const guard = this.#guard(rule, step.test, types);
        if (!guard) return undefined;
        node = this.#below(node, guard);
        isGuarded = true;
        continue;
      }
      const found = this.#stepTypes(types, step);
      if (found.types.length === 0) {
        this.#fault(rule, `${types.join(' and ')} has no ${stepName(step)}`);
        return undefined;
      }
      types = found.types;
      isTyped = !found.isChoice;
      const [only = ''] = types;
      // an inline backbone is one place whichever way it is reached: an item within an item is ruled alike
      const isBackbone = !isGuarded && step.kind === 'element' && only.includes('.');
      node = isBackbone
        ? this.#root(this.#ofTypes, only)
        : this.#below(node, { kind: step.kind, name: stepName(step) });
    }
    return { node, types, isTyped };
  }

  #stepTypes(
    owners: readonly string[],
    step: Exclude<PathStep, { kind: 'guard' }>,
  ): { types: readonly string[]; isChoice: boolean } {
    if (step.kind === 'extension') return { types: ['Extension'], isChoice: false };
    if (step.kind === 'type') return { types: owners.filter((own) => own === step.name), isChoice: false };
    const elements = owners.flatMap((own) => this.#definitions.element(own, step.name) ?? []);
    const types = elements.flatMap((element) => typesOf(element, step.name));
    return { types, isChoice: elements.some(({ isChoice, name }) => isChoice && name === step.name) };
  }

  #guard(rule: Rule, test: Node, types: readonly string[]): Guard | undefined {
    const options = { definitions: this.#definitions, variables: Object.keys(this.#values) };
    const [only = ''] = types;
    const shape = { focus: types, resource: only.split('.', 1)[0], isBoxed: false, gives: 'truth' } as const;
    const compiled = compileNode<boolean | undefined>(test, rule.path, options, shape);
    if (compiled.ok) return (item, variables) => compiled.value(item, variables) === true;
    this.issues.push(...compiled.outcome.issue);
    return undefined;
  }

  #below(node: RuleNode, step: Edge['step']): RuleNode {
    const known =
      typeof step === 'function'
        ? undefined
        : node.edges.find(
            ({ step: own }) => typeof own !== 'function' && own.kind === step.kind && own.name === step.name,
          );
    if (known) return known.node;
    const made = new RuleNode(this.#count++);
    node.edges.push({ step, node: made });
    return made;
  }

  #root(roots: Map<string, RuleNode>, type: string): RuleNode {
    const known = roots.get(type);
    if (known) return known;
    const made = new RuleNode(this.#count++);
    roots.set(type, made);
    return made;
  }

  #fault({ path }: Rule, why: string): void {
    const diagnostics = `De-identification rule ${path}: ${why}. Mend the rule.`;
    this.issues.push(issueOf({ rule: 'deidentify-path', diagnostics, expression: path }));
  }
}

function stepName(step: Exclude<PathStep, { kind: 'guard' }>): string {
  return step.kind === 'extension' ? step.url : step.name;
}

/** The name of a choice in JSON says which type it is. */
function typesOf(element: ElementType, name: string): readonly string[] {
  if (!element.isChoice || element.name === name) return element.types;
  return element.types.filter((type) => choiceName(element.name, type) === name);
}
