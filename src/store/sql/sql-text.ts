/** Puts pieces of SQL together, each with the values of its question marks in order. */

/** SQL text with the values of its question marks. */
export interface Sql {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

export function sql(text: string, ...values: readonly (string | number)[]): Sql {
  return { text, values };
}

export const NEVER: Sql = sql('1 = 0');
export const ALWAYS: Sql = sql('1 = 1');

/** None of no alternatives holds. */
export function anyOf(alternatives: readonly Sql[]): Sql {
  if (alternatives.length === 0) return NEVER;
  return alternatives.length === 1 ? alternatives[0]! : bracketed(joined(alternatives, ' OR '));
}

export function allOf(conditions: readonly Sql[]): Sql {
  const needed = conditions.filter((one) => one !== ALWAYS);
  if (needed.length === 0) return ALWAYS;
  return joined(needed, ' AND ');
}

export function notOf({ text, values }: Sql): Sql {
  return { text: `NOT (${text})`, values };
}

export function joined(parts: readonly Sql[], by: string): Sql {
  return {
    text: parts.map((one) => one.text).join(by),
    values: parts.flatMap((one) => one.values),
  };
}

function bracketed({ text, values }: Sql): Sql {
  return { text: `(${text})`, values };
}

/** `column = ?` or `column IN (?, …)`. */
export function among(column: string, values: readonly (string | number)[]): Sql {
  if (values.length === 0) return NEVER;
  if (values.length === 1) return { text: `${column} = ?`, values };
  return { text: `${column} IN (${values.map(() => '?').join(', ')})`, values };
}
