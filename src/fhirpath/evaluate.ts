/** What a compiled FHIRPath expression is. */

/** Variables of the expression by name, without the `%`. */
export type Variables = Readonly<Record<string, unknown>>;

/**
 * A compiled expression.
 * @param focus the item the path starts at: a resource, an element or a primitive
 * @returns the collection, as an array; items are plain JSON values
 */
export type Evaluate = (focus: unknown, variables?: Variables) => unknown[];
