/** Where a rule's code is written: the variables it sees, the values that transforms give, and the compilation it belongs to. */
import type { Checked } from '../fhir/outcome.ts';
import type { Evaluate } from '../fhirpath/evaluate.ts';
import type { Block, Built } from './block.ts';
import type { CodeMap } from './concept-map.ts';
import { type Findings, nearest } from './finding.ts';
import type { JsonSchema, Shape, Shapes } from './shapes.ts';
import type { Group, MapFile, Place, Word } from './tree.ts';

/** Compiles FHIRPath: `compileExpression` of fhirpath/. */
export type CompileExpression = (
  text: string,
  options: {
    type?: string;
    definitions?: Shapes['definitions'];
    variables?: readonly string[];
    variableTypes?: Readonly<Record<string, string>>;
  },
) => Checked<Evaluate>;

/** Everything that maps may refer to. */
export interface Sources {
  readonly files: ReadonlyMap<string, MapFile>;
  /** names of the files that each file imports */
  readonly imports: ReadonlyMap<string, readonly string[]>;
  readonly codeMaps: ReadonlyMap<string, CodeMap>;
  /** JSON Schemas of source records by `$id` */
  readonly schemas: ReadonlyMap<string, JsonSchema>;
  readonly shapes: Shapes;
  readonly compileExpression: CompileExpression;
  /** all codes of the CodeSystems that are known whole, by URL: tables that start from one are held against it */
  readonly codeSystems?: ReadonlyMap<string, readonly string[]> | undefined;
}

/** A group and the file whose imports it sees. */
export interface FoundGroup {
  readonly file: string;
  readonly group: Group;
}

/** A value while code is written for it. */
export interface Value {
  /** a JavaScript expression without side effects */
  readonly code: string;
  readonly shape: Shape;
  /** false when the code may give undefined: then it is the name of a variable */
  readonly definite: boolean;
  /** the code gives an array of values, as FHIRPath does */
  readonly many: boolean;
  /** shares nothing with the source record: need not be copied */
  readonly fresh: boolean;
  /** surely a string, whatever the source holds */
  readonly isText: boolean;
  /** the object, where the map builds one here */
  readonly built: Built | undefined;
  /** JavaScript of the id and extensions of a primitive (`_birthDate`), where it may have any */
  readonly companion?: string;
  /** JavaScript of the type of a choice that only the record decides, as its name ends: `Quantity` of `valueQuantity` */
  readonly choice?: string;
  /** JavaScript of the paths in the source that it comes from; absent where no lineage is asked for */
  readonly origins?: readonly string[] | undefined;
}

/** A value under a name of the map. */
export interface Variable extends Value {
  readonly mode: 'source' | 'target';
}

/** Names and what they stand for; inner scopes add to outer ones. */
export type Scope = ReadonlyMap<string, Variable>;

/** One compilation, as the code that writes rules sees it. */
export interface Unit {
  readonly sources: Sources;
  readonly shapes: Shapes;
  readonly findings: Findings;
  /** the code is to remember which rule wrote what, and from where */
  readonly isTraced: boolean;
  /** @returns the number under which compiled code names a place */
  place(at: Place, rule: string | undefined): number;
  /** @returns the JavaScript name of a compiled expression */
  evaluator(evaluate: Evaluate): string;
  /** @returns the JavaScript name of a ConceptMap's table */
  codeMap(map: CodeMap): string;
  /** @returns the JavaScript name of a list of texts */
  list(texts: readonly string[]): string;
  /** @returns the group of that name in the file or in what it imports; a finding when there is none */
  findGroup(file: string, name: Word): FoundGroup | undefined;
  /** Groups of a file and of everything it imports, nearest first. */
  visible(file: string): readonly FoundGroup[];
  /** @returns the shape of a type named in a map: an alias of `uses`, a FHIR type, or a URL; a finding when unknown */
  typeShape(file: string, type: Word): Shape | undefined;
  /** Constants of a file (`let`), by name. */
  constants(file: string): Scope;
  /** Writes a group's code into the block, or a call of its function where it is long or recursive. */
  call(block: Block, found: FoundGroup, values: readonly Variable[], at: number): void;
  /** Remembers an object that a rule creates, and the keys that rules write to it, to be checked when all are known. */
  created(place: number, shape: Shape, touched: ReadonlySet<string>): void;
  /** Remembers that a group's rules were checked. */
  saw(group: Group): void;
}

/** Where a rule's code goes and what it sees. */
export interface Site {
  readonly unit: Unit;
  readonly block: Block;
  readonly scope: Scope;
  /** file of the rule: its imports and aliases count */
  readonly file: string;
  /** item of the rule's innermost source: the focus of its expressions */
  readonly item?: Value;
  /** number of the rule's place, for issues at run time */
  readonly place: number;
}

export function within(site: Site, name: string | undefined, variable: Variable): Site {
  if (name === undefined) return site;
  site.block.budget.spend(site.scope.size);
  return { ...site, scope: new Map([...site.scope, [name, variable]]) };
}

/** @returns the variable of that name; a finding when there is none */
export function variableOf(site: Site, word: Word): Variable | undefined {
  const found = site.scope.get(word.text);
  if (!found && !site.unit.findings.isFull) {
    const hint = nearest(word.text, site.scope.keys());
    site.unit.findings.add('map-unknown-variable', word.at, `there is no variable ${word.text} here${hint}`);
  }
  return found;
}

/** @returns JavaScript that counts a text which is made, or searched through, where it is long */
export function chargeLine({ place }: Site, text: string): string {
  return `chargeText(run, ${place}, ${text});`;
}

/** @returns the code of a value; an object that still waits is written out first */
export function codeOf(site: Site, value: Value): string {
  return value.built ? site.block.use(value.built) : value.code;
}

export function plain(code: string, shape: Shape, more: Partial<Value> = {}): Value {
  return { code, shape, definite: true, many: false, fresh: false, isText: false, built: undefined, ...more };
}
