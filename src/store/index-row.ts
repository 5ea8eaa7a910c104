/** The rows that searches look up: one shape a kind, each under the name of a parameter. */

/** `param` is `Type.code`: `Patient.identifier`. */
export type IndexRow =
  | { readonly kind: 'token'; readonly param: string; readonly system: string; readonly code: string }
  /** target '' where the reference has no literal one */
  | { readonly kind: 'reference'; readonly param: string; readonly target: string }
  | { readonly kind: 'date'; readonly param: string; readonly lowMs: number; readonly highMs: number }
  | { readonly kind: 'text'; readonly param: string; readonly norm: string; readonly written: string }
  | ({ readonly kind: 'quantity'; readonly param: string } & Amount)
  | ({
      readonly kind: 'pair';
      readonly param: string;
      readonly system: string;
      readonly code: string;
    } & Second);

/** A number, or all from one to another; both ends belong to it. */
export interface Amount {
  readonly low: number;
  readonly high: number;
  readonly system: string;
  readonly code: string;
  /** unit as written, where it is not the code */
  readonly unit: string;
}

/** Second part of a composite: a token, or an amount with the code of its unit. */
export interface Second {
  readonly low: number;
  readonly high: number;
  readonly valueSystem: string;
  readonly valueCode: string;
}

export type RowKind = IndexRow['kind'];
