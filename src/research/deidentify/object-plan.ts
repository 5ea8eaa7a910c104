/** Turns the rules of one type into what copies an object of it, element by element: what no rule speaks of is not copied. */
import type { Definitions, ElementType } from '../../fhir/definitions.ts';
import { choiceName } from '../../fhirpath/types.ts';
import { type Candidate, candidatesOf, type Opening, reached, rootsOf } from './candidates.ts';
import { decisionOf } from './decision.ts';
import { masked } from './masked.ts';
import type { Change, Run } from './methods.ts';
import type { RuleNode, RuleTree } from './rule-tree.ts';

export type Json = Readonly<Record<string, unknown>>;

/** What is done with an item of a member. */
type Action = { readonly rule: string; readonly change: 'drop' | Change | ObjectPlan };

/** One member by its JSON name: `valueQuantity`, or an extension by its URL. */
interface Member {
  readonly type: string;
  /** rules that speak of it, then those that speak of what is in it; each holds where its conditions do */
  readonly deciding: readonly Candidate[];
  readonly within: readonly Candidate[];
  /** all of them, where any has conditions */
  readonly guarded: readonly Candidate[] | undefined;
  readonly actions: Map<string, Action>;
}

/** Makes the plans of a tree, each once. */
export class Plans {
  readonly tree: RuleTree;
  readonly definitions: Definitions;
  readonly #plans = new Map<string, ObjectPlan>();

  constructor(tree: RuleTree, definitions: Definitions) {
    this.tree = tree;
    this.definitions = definitions;
  }

  /** @param nodes that paths have reached here, the most particular ones first */
  of(type: string, nodes: readonly RuleNode[], opening: Opening): ObjectPlan {
    const key = `${type} ${opening} ${nodes.map(({ id }) => id).join(' ')}`;
    let plan = this.#plans.get(key);
    if (!plan) {
      plan = new ObjectPlan(this, type, nodes, opening);
      this.#plans.set(key, plan);
    }
    return plan;
  }

  /** @returns undefined for a type that no rule speaks of, and for a resource that is not to be understood without what is dropped */
  ofResource(resource: Json, { variables }: Run): ObjectPlan | undefined {
    const type = String(resource.resourceType);
    if (!this.tree.ofType(type) || this.definitions.type(type)?.kind !== 'resource') return undefined;
    if (resource.modifierExtension !== undefined || resource.implicitRules !== undefined) return undefined;
    const nodes = rootsOf(this.tree, this.definitions, type)
      .flatMap((root) => reached(root, type, [], false))
      .filter(({ guards }) => guards.every((guard) => guard(resource, variables)))
      .map(({ node }) => node);
    return this.of(type, nodes, 'whole');
  }
}

export class ObjectPlan {
  readonly #plans: Plans;
  readonly #type: string;
  readonly #nodes: readonly RuleNode[];
  readonly #opening: Opening;
  readonly #members = new Map<string, Member | undefined>();
  #required: readonly ElementType[] | undefined;

  constructor(plans: Plans, type: string, nodes: readonly RuleNode[], opening: Opening) {
    this.#plans = plans;
    this.#type = type;
    this.#nodes = nodes;
    this.#opening = opening;
  }

  /** @returns a copy of what may leave, with a mask in place of what must be there; undefined where nothing may */
  apply(source: Json, run: Run): Record<string, unknown> | undefined {
    if (source.modifierExtension !== undefined) return undefined;
    const copy = this.#copied(source, run);
    return Object.keys(copy).length === 0 ? undefined : this.#filled(copy, source);
  }

  /** @returns the copy of a resource, even where nothing but its type may leave */
  whole(resource: Json, run: Run): Record<string, unknown> {
    return this.#filled(this.#copied(resource, run), resource);
  }

  #copied(source: Json, run: Run): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    for (const name in source) {
      if (name === 'id' && 'resourceType' in source) continue; // its pseudonym is the caller's to set
      if (name === 'extension') {
        const left = this.#extensions(source, run);
        if (left.length > 0) copy.extension = left;
        continue;
      }
      const member = this.#member(name);
      if (!member) continue;
      const left = this.#memberOf(member, source[name], source, run);
      if (left !== undefined) copy[name] = left;
    }
    return copy;
  }

  #memberOf(member: Member, value: unknown, owner: Json, run: Run): unknown {
    if (!Array.isArray(value)) return this.#item(member, value, owner, run);
    const left = value.map((item) => this.#item(member, item, owner, run));
    const items = left.filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }

  #item(member: Member, value: unknown, owner: Json, run: Run): unknown {
    if (value === null || value === undefined) return undefined;
    const action = member.guarded
      ? this.#guarded(member, member.guarded, value, run)
      : this.#settled(member, '', () => true);
    const { change } = action;
    if (change === 'drop') return undefined;
    run.applied = action.rule;
    if (typeof change === 'function') return change(value, run, owner);
    if (typeof value !== 'object') return undefined;
    return member.type === 'Resource'
      ? this.#contained(value as Json, run)
      : change.apply(value as Json, run);
  }

  #contained(resource: Json, run: Run): Json | undefined {
    const { resourceType, id } = resource;
    const name = run.contained.get(String(id));
    const plan = this.#plans.ofResource(resource, run);
    if (!plan || name === undefined) return undefined;
    return { resourceType, id: name, ...plan.whole(resource, run) };
  }

  /** Whether conditions hold is asked of each item; what follows of it is settled once. */
  #guarded(member: Member, candidates: readonly Candidate[], value: unknown, run: Run): Action {
    let held = '';
    for (const { guards, rule } of candidates) {
      run.applied = rule ?? run.applied;
      held += guards.every((guard) => guard(value, run.variables)) ? '1' : '0';
    }
    return this.#settled(member, held, (at) => held[at] === '1');
  }

  #settled(member: Member, key: string, holds: (at: number) => boolean): Action {
    let action = member.actions.get(key);
    if (!action) {
      action = this.#decided(member, holds);
      member.actions.set(key, action);
    }
    return action;
  }

  #decided({ deciding, within, type }: Member, holds: (at: number) => boolean): Action {
    const decision = decisionOf({
      type,
      owner: this.#type,
      opening: this.#opening,
      deciding: deciding.filter((_, at) => holds(at)),
      within: within.filter((_, at) => holds(deciding.length + at)),
    });
    if ('change' in decision) return decision;
    return { rule: decision.rule, change: this.#plans.of(type, decision.nodes, decision.opening) };
  }

  #extensions(source: Json, run: Run): unknown[] {
    const items = Array.isArray(source.extension) ? (source.extension as Json[]) : [];
    return items.flatMap((item) => {
      if (typeof item?.url !== 'string') return [];
      const member = this.#member(`extension ${item.url}`);
      const left = member && this.#item(member, item, source, run);
      return left === undefined ? [] : [{ url: item.url, ...(left as Json) }];
    });
  }

  #member(name: string): Member | undefined {
    if (this.#members.has(name)) return this.#members.get(name);
    const member = this.#memberNamed(name);
    // what data name is not kept for good: there may be no end to it
    if (member || this.#members.size < 500) this.#members.set(name, member);
    return member;
  }

  #memberNamed(name: string): Member | undefined {
    const url = name.startsWith('extension ') ? name.slice('extension '.length) : undefined;
    const { definitions } = this.#plans;
    const element = definitions.element(this.#type, url === undefined ? name : 'extension');
    if (!element || (url === undefined && element.name === 'extension')) return undefined;
    const type = element.types.find((one) => !element.isChoice || choiceName(element.name, one) === name);
    if (type === undefined) return undefined;
    const { deciding, within } = candidatesOf(
      this.#plans,
      { nodes: this.#nodes, owner: this.#type, opening: this.#opening },
      { element, type, url },
    );
    const all = [...deciding, ...within];
    const guarded = all.some(({ guards }) => guards.length > 0) ? all : undefined;
    return { type, deciding, within, guarded, actions: new Map() };
  }

  /** Puts masks in place of what must be there and may not leave. */
  #filled(copy: Record<string, unknown>, source: Json): Record<string, unknown> {
    const { definitions } = this.#plans;
    this.#required ??= [...(definitions.type(this.#type)?.elements.values() ?? [])].filter(
      ({ min, name }) => min > 0 && !(this.#type === 'Extension' && name === 'url'),
    );
    for (const element of this.#required) masked(copy, element, source, definitions);
    return copy;
  }
}
