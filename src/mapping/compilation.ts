/** Compiles map files to JavaScript source: finds groups and types, writes each group as a function or in place. */
import type { Evaluate } from '../fhirpath/evaluate.ts';
import { countedTogether } from '../fhirpath/limits.ts';
import { Block, type Shared } from './block.ts';
import { Budget } from './budget.ts';
import { type Created, checkRequired } from './check-required.ts';
import { checkGroups } from './check-variables.ts';
import type { CodeMap } from './concept-map.ts';
import { constantsOf } from './constants.ts';
import { emitGroup } from './emit-group.ts';
import { type Findings, shortened } from './finding.ts';
import { LIMITS, type Limits } from './limits.ts';
import { Names } from './names.ts';
import { ANY, type JsonSchema, type Shape, type Shapes } from './shapes.ts';
import {
  type FoundGroup,
  plain,
  type Scope,
  type Sources,
  type Unit,
  type Value,
  type Variable,
} from './site.ts';
import { stepLine } from './steps.ts';
import { type Group, type Place, placeText, type Word } from './tree.ts';

interface GroupFunction {
  readonly name: string;
  /** text of the function; undefined while it is being written */
  text: string | undefined;
  recursive: boolean;
  used: boolean;
  /** keys that it writes to each of its parameters; undefined while it is being written */
  touched: readonly ReadonlySet<string>[] | undefined;
}

/** Groups whose code is longer than this are called, not written in place: huge functions are not optimised. */
const LONGEST_INLINE = 4_000;

/** Every issue of a rule names it. */
const LONGEST_RULE_NAME = 100;

export interface CompilationOptions {
  /** the code remembers which rule wrote what, for lineage */
  readonly isTraced?: boolean;
  readonly limits?: Limits;
  /** objects have a place for every member from the start, absent ones as undefined: a third faster */
  readonly keepsPlaces?: boolean;
}

export class Compilation implements Unit {
  readonly sources: Sources;
  readonly findings: Findings;
  readonly places: string[] = [];
  readonly evaluators: Evaluate[] = [];
  readonly usedCodeMaps: CodeMap[] = [];
  readonly lists: (readonly string[])[] = [];
  readonly #functions = new Map<string, GroupFunction>();
  readonly #names: Names;
  readonly #seen = new Set<Group>();
  readonly #placeNumbers = new Map<string, number>();
  readonly #limits: Limits;
  readonly #shared: Shared;
  readonly #constants = new Map<string, Scope>();
  readonly #nodes = new Map<JsonSchema, number>();
  readonly #created: Created[] = [];

  readonly isTraced: boolean;

  constructor(
    sources: Sources,
    findings: Findings,
    { isTraced = false, limits = LIMITS, keepsPlaces = false }: CompilationOptions = {},
  ) {
    this.isTraced = isTraced;
    this.sources = sources;
    this.findings = findings;
    this.#names = new Names(sources, findings);
    this.#limits = limits;
    this.#shared = { budget: new Budget(limits), keepsPlaces };
  }

  get shapes(): Shapes {
    return this.sources.shapes;
  }

  /** @returns the number under which compiled code names a place */
  place(at: Place, rule: string | undefined): number {
    const named = rule === undefined ? '' : ` (rule ${JSON.stringify(shortened(rule, LONGEST_RULE_NAME))})`;
    const text = placeText(at) + named;
    this.#shared.budget.reached = text;
    const number = this.#placeNumbers.get(text) ?? this.places.push(text) - 1;
    this.#placeNumbers.set(text, number);
    return number;
  }

  evaluator(evaluate: Evaluate): string {
    return `e${this.evaluators.push(evaluate) - 1}`;
  }

  codeMap(map: CodeMap): string {
    const known = this.usedCodeMaps.indexOf(map);
    return `t${known >= 0 ? known : this.usedCodeMaps.push(map) - 1}`;
  }

  list(texts: readonly string[]): string {
    const same = this.lists.findIndex((known) => known.join() === texts.join());
    return `l${same >= 0 ? same : this.lists.push(texts) - 1}`;
  }

  findGroup(file: string, name: Word): FoundGroup | undefined {
    return this.#names.group(file, name);
  }

  visible(file: string): readonly FoundGroup[] {
    return this.#names.visible(file);
  }

  typeShape(file: string, type: Word): Shape | undefined {
    return this.#names.type(file, type);
  }

  constants(file: string): Scope {
    const found = this.#constants.get(file) ?? countedTogether(this.#limits, () => constantsOf(this, file));
    this.#constants.set(file, found);
    return found;
  }

  /** Writes a group's code into the block, or a call of its function where it is long or recursive. */
  call(block: Block, found: FoundGroup, values: readonly Variable[], at: number): void {
    const fn = this.#functionOf(found, values);
    const isShort = fn.text !== undefined && fn.text.length <= LONGEST_INLINE;
    // what a primitive carries beside its value is known in place only
    const hasMore = values.some(({ companion }) => companion !== undefined);
    if (fn.text !== undefined && !fn.recursive && (isShort || hasMore)) {
      emitGroup(this, block, found, values);
      return;
    }
    fn.used = true;
    const codes = values.flatMap((value) => [
      value.built ? block.lend(value.built) : value.code,
      ...(this.isTraced ? [value.origins?.[0] ?? '""'] : []),
    ]);
    if (fn.text === undefined || fn.recursive) block.line(`run.at = ${at};`);
    block.line(`${fn.name}(${['run', 'depth + 1', ...codes].join(', ')});`);
    values.forEach(({ built }, index) => {
      for (const key of fn.touched?.[index] ?? ['*']) built?.touched.add(key);
    });
  }

  /**
   * @param shapes of the group's parameters, in order
   * @param fresh the sources are ours alone, so that their parts may become parts of the targets
   * @returns the name of a function `(run, ...sources) => target` for an entry group; of several targets, an array
   */
  entry(found: FoundGroup, shapes: readonly Shape[], fresh: boolean): string {
    return this.#shared.budget.guarded(() => this.#entry(found, shapes, fresh));
  }

  #entry(found: FoundGroup, shapes: readonly Shape[], fresh: boolean): string {
    const block = new Block(this.#shared);
    const place = this.place(found.group.name.at, undefined);
    const values = found.group.parameters.map(({ mode }, index): Variable => {
      const shape = shapes[index] ?? ANY;
      if (mode === 'target') return { ...this.#target(block, shape, place), mode };
      const input = plain(block.name(), shape, { fresh, origins: this.isTraced ? ['""'] : undefined });
      block.parameter(input.code);
      return { ...input, mode };
    });
    emitGroup(this, block, found, values);
    const body = block.close();
    const name = `main${this.#functions.size}`;
    const inputs = values.filter(({ mode }) => mode === 'source').map(({ code }) => `, ${code}`);
    const outputs = values.filter(({ mode }) => mode === 'target').map(({ code }) => code);
    const output = outputs.length > 1 ? `[${outputs.join(', ')}]` : outputs[0];
    const text = `function ${name}(run${inputs.join('')}) {\nconst depth = 0;\n${body}\nreturn ${output};\n}`;
    this.#functions.set(`entry ${name}`, { name, text, recursive: false, used: true, touched: [] });
    return name;
  }

  /**
   * Two hops as one function: what the first makes is read by the second alone.
   * @returns the name of a function `(run, source) => target`
   */
  entryOfTwo(first: FoundGroup, second: FoundGroup, shapes: readonly [Shape, Shape, Shape]): string {
    return this.#shared.budget.guarded(() => this.#entryOfTwo(first, second, shapes));
  }

  #entryOfTwo(first: FoundGroup, second: FoundGroup, shapes: readonly [Shape, Shape, Shape]): string {
    const [from, between, to] = shapes;
    const block = new Block(this.#shared);
    const place = this.place(first.group.name.at, undefined);
    const input = plain(block.name(), from);
    block.parameter(input.code);
    const model = this.#target(block, between, place);
    emitGroup(this, block, first, [
      { ...input, mode: 'source' },
      { ...model, mode: 'target' },
    ]);
    const body = block.close();
    const next = new Block(this.#shared);
    next.parameter(model.code);
    const bundle = this.#target(next, to, this.place(second.group.name.at, undefined));
    emitGroup(this, next, second, [
      { ...plain(model.code, between, { fresh: true }), mode: 'source' },
      { ...bundle, mode: 'target' },
    ]);
    const name = `main${this.#functions.size}`;
    const text = `function ${name}(run, ${input.code}) {\nconst depth = 0;\n${body}\nfinish(run, ${model.code});\n${next.close()}\nreturn ${bundle.code};\n}`;
    this.#functions.set(`entry ${name}`, { name, text, recursive: false, used: true, touched: [] });
    return name;
  }

  #target(block: Block, shape: Shape, place: number): Value {
    const resource = this.shapes.isResource(shape) && shape.kind === 'type';
    const entries: [string, string][] = resource ? [['resourceType', JSON.stringify(shape.name)]] : [];
    const built = block.create(entries, undefined, this.shapes.form(shape));
    this.created(place, shape, built.touched);
    return plain(built.js, shape, { built, fresh: true });
  }

  /**
   * Checks the groups that no entry reaches.
   * @param owned files of which nothing else makes use: a group there that nothing calls is a warning
   */
  checkRest(owned: (file: string) => boolean = () => false): void {
    const reached = new Set(this.#seen);
    for (const [file, map] of this.sources.files) {
      if (owned(file)) checkGroups(map, (group) => reached.has(group), this.findings);
      for (const group of map.groups) {
        if (this.#seen.has(group)) continue;
        const found = { file, group };
        const shapes = group.parameters.map(({ type }) => (type && this.typeShape(file, type)) ?? ANY);
        const values = shapes.map((shape) => plain('', shape));
        this.#shared.budget.guarded(() => this.#functionOf(found, values));
      }
    }
    checkRequired(this.#created, this.shapes.definitions, this.findings);
  }

  created(place: number, shape: Shape, touched: ReadonlySet<string>): void {
    if (shape.kind === 'type') this.#created.push({ place: this.places[place]!, type: shape.name, touched });
  }

  /** Remembers that a group's rules were checked. */
  saw(group: Group): void {
    this.#seen.add(group);
  }

  /** @returns the text of all functions in use */
  text(): string {
    return [...this.#functions.values()].flatMap((fn) => (fn.used && fn.text ? [fn.text] : [])).join('\n');
  }

  #functionOf(found: FoundGroup, values: readonly Value[]): GroupFunction {
    const keys = values.map(({ shape, fresh }) => `${fresh} ${this.#shapeKey(shape)}`);
    const key = [found.file, found.group.name.text, ...keys].join('\n');
    const known = this.#functions.get(key);
    if (known) {
      if (known.text === undefined) known.recursive = true;
      return known;
    }
    const fn: GroupFunction = {
      name: `g${this.#functions.size}`,
      text: undefined,
      recursive: false,
      used: false,
      touched: undefined,
    };
    this.#functions.set(key, fn);
    fn.text = this.#write(fn, found, values);
    return fn;
  }

  #write(fn: GroupFunction, found: FoundGroup, given: readonly Value[]): string {
    const block = new Block(this.#shared);
    const values = given.map(({ shape, fresh }, index): Variable => {
      const mode = found.group.parameters[index]?.mode ?? 'source';
      const js = block.name();
      block.parameter(js);
      const built = mode === 'target' ? block.adopt(js, undefined, this.shapes.form(shape)) : undefined;
      const origins = this.isTraced ? [`${js}p`] : undefined;
      return { ...plain(js, shape, built ? { built, fresh: true } : { fresh }), origins, mode };
    });
    emitGroup(this, block, found, values);
    fn.touched = values.map(({ built }) => built?.touched ?? new Set());
    const names = values.flatMap(({ code, origins = [] }) => [code, ...origins]);
    const parameters = ['run', 'depth', ...names].join(', ');
    const at = this.place(found.group.name.at, undefined);
    const body = block.close();
    const enter = fn.recursive ? `if (!enter(run, ${at}, depth)) return;\n` : '';
    return `function ${fn.name}(${parameters}) {\n${stepLine(at, body)}${enter}${body}\n}`;
  }

  #shapeKey(shape: Shape): string {
    if (shape.kind !== 'json') return shape.kind === 'type' ? shape.name : '';
    if (!this.#nodes.has(shape.node)) this.#nodes.set(shape.node, this.#nodes.size);
    return `json ${this.#nodes.get(shape.node)}`;
  }
}
