/** The shape of a ViewDefinition once it is read and checked. */

/** One column as the view writes it. */
export interface ColumnDefinition {
  readonly name: string;
  readonly path: string;
  readonly description: string | undefined;
  readonly collection: boolean;
  /** type code, without the prefix of FHIR's own StructureDefinitions */
  readonly type: string | undefined;
  readonly tags: readonly { readonly name: string; readonly value: string }[];
  /** FHIRPath of the column in the ViewDefinition */
  readonly at: string;
}

/** What a select makes rows of. */
export interface Iteration {
  readonly kind: 'forEach' | 'forEachOrNull' | 'repeat';
  /** several for `repeat` only */
  readonly paths: readonly string[];
}

export interface SelectDefinition {
  readonly iteration: Iteration | undefined;
  readonly columns: readonly ColumnDefinition[];
  readonly selects: readonly SelectDefinition[];
  readonly unionAll: readonly SelectDefinition[];
  /** FHIRPath of the select in the ViewDefinition */
  readonly at: string;
}

export interface ConstantDefinition {
  readonly name: string;
  /** type of FHIR: `string`, `positiveInt` */
  readonly type: string;
  readonly value: string | number | boolean;
  readonly at: string;
}

/** @source SQL on FHIR v2, ViewDefinition */
export interface ViewDefinition {
  readonly name: string | undefined;
  readonly resource: string;
  readonly constants: readonly ConstantDefinition[];
  readonly selects: readonly SelectDefinition[];
  readonly where: readonly { readonly path: string; readonly at: string }[];
}

/** Bounds what a view may cost before any of it is compiled. */
export interface ViewLimits {
  /** columns of one row; PostgreSQL keeps no more than 1,600 */
  readonly columns: number;
  /** selects, at all levels */
  readonly selects: number;
  /** levels of selects */
  readonly depth: number;
  readonly constants: number;
  readonly conditions: number;
}

export const VIEW_LIMITS: ViewLimits = {
  columns: 1_600,
  selects: 500,
  depth: 32,
  constants: 1_000,
  conditions: 200,
};
