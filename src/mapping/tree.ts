/** What the parser makes of a map's text: the whole FHIR Mapping Language, every node with its place. */

/** A place in a map file; line and column count from 1, and are 0 in a StructureMap's JSON. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** the element, where the map was read from JSON: `group[0].rule[3].target[0]` */
  readonly element?: string;
}

/** A word of the map with its place: an element, a variable, a group, a type. */
export interface Word {
  readonly text: string;
  readonly at: Place;
}

/** One .map file. */
export interface MapFile {
  readonly file: string;
  /** canonical URL of `map "url" = "name"` or `/// url = "…"`; empty when the file names none */
  readonly url: string;
  readonly name: string;
  /** every `/// name = value`, and the name and URL of `map`, in their order */
  readonly metadata: readonly Metadata[];
  readonly conceptMaps: readonly InlineConceptMap[];
  readonly structures: readonly Structure[];
  readonly imports: readonly Word[];
  readonly constants: readonly Constant[];
  readonly groups: readonly Group[];
}

/** `/// name = value`: an element of the StructureMap by its path, such as `status` or `contact.name` */
export interface Metadata {
  readonly name: string;
  readonly at: Place;
  /** undefined where nothing follows the sign */
  readonly value: Literal['value'] | undefined;
}

/** `uses "url" alias A as source` */
export interface Structure {
  readonly url: Word;
  readonly alias: string | undefined;
  readonly mode: string;
  readonly documentation: string | undefined;
}

/** `let name = expression;` */
export interface Constant {
  readonly name: Word;
  readonly value: Expression;
}

/** `conceptmap "#name" { prefix s = "system" … s:code - t:code }` */
export interface InlineConceptMap {
  readonly url: Word;
  readonly prefixes: ReadonlyMap<string, string>;
  readonly unmapped: readonly { readonly prefix: Word; readonly mode: Word }[];
  readonly codes: readonly InlineCode[];
}

export interface InlineCode {
  readonly source: PrefixedCode;
  /** `-`, `=`, `==`, `!=`, `--`, `<=`, `>=`, `>-`, `<-` or `~` */
  readonly relation: Word;
  /** its code is empty where the source's code has no match and none is named */
  readonly target: PrefixedCode;
}

export interface PrefixedCode {
  readonly prefix: Word;
  readonly code: string;
}

export interface Group {
  readonly name: Word;
  readonly parameters: readonly Parameter[];
  readonly parent: Word | undefined;
  /** `types` or `type+` */
  readonly typeMode: string | undefined;
  readonly documentation: string | undefined;
  readonly rules: readonly Rule[];
}

export interface Parameter {
  readonly mode: 'source' | 'target';
  readonly name: Word;
  readonly type: Word | undefined;
}

export interface Rule {
  readonly at: Place;
  readonly name: string | undefined;
  readonly documentation: string | undefined;
  readonly sources: readonly Source[];
  readonly targets: readonly Target[];
  readonly dependents: readonly Invocation[];
  readonly rules: readonly Rule[];
}

/** `src.element : Type 0..1 default (x) first as v where (…) check (…) log (…)` */
export interface Source {
  readonly context: Word;
  readonly path: readonly Word[];
  readonly type: Word | undefined;
  readonly cardinality: { readonly at: Place; readonly min: number; readonly max: number } | undefined;
  readonly fallback: Expression | undefined;
  readonly listMode: Word | undefined;
  readonly variable: Word | undefined;
  readonly where: Expression | undefined;
  readonly check: Expression | undefined;
  readonly log: Expression | undefined;
}

/** `tgt.element = transform as v share x` */
export interface Target {
  readonly at: Place;
  /** absent when only a value is named: `create('Patient') as p`, `(a + b) as c` */
  readonly context: Word | undefined;
  readonly path: readonly Word[];
  readonly transform: Transform | undefined;
  readonly variable: Word | undefined;
  /** `first`, `share`, `last`, `single` or its older name `collate` */
  readonly listModes: readonly Word[];
  /** id of the shared element, after `share` */
  readonly share: Word | undefined;
}

export type Transform = Argument | Invocation;

/** What stands between the brackets of a transform or of a dependent group. */
export type Argument = Literal | Path | Expression;

export interface Literal {
  readonly kind: 'literal';
  readonly at: Place;
  readonly value: string | number | boolean;
  /** as written: `1.0` is a decimal, `@2025-05-01` a date; a date's value is its text */
  readonly type: LiteralType;
}

export type LiteralType = 'string' | 'boolean' | 'integer' | 'decimal' | 'date' | 'dateTime' | 'time';

/** A variable, or a variable and elements: `src`, `src.name`. */
export interface Path {
  readonly kind: 'path';
  readonly at: Place;
  readonly words: readonly Word[];
}

/** FHIRPath as written; double-quoted strings are turned into single-quoted ones. */
export interface Expression {
  readonly kind: 'expression';
  readonly at: Place;
  readonly text: string;
}

export interface Invocation {
  readonly kind: 'call';
  readonly name: Word;
  readonly parameters: readonly Argument[];
}

/** @returns `file:line:column`, or `file#StructureMap.group[0].rule[3]` in a StructureMap's JSON */
export function placeText(at: Place): string {
  if (at.element !== undefined) return `${at.file}#${['StructureMap', at.element].filter(Boolean).join('.')}`;
  return `${at.file}:${at.line}:${at.column}`;
}
