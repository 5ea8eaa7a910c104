/** What texts a resource holds, for tests that look for them in what comes out. */

/** @returns every text in these resources, with the name of its member and of the one above */
export function* textsIn(
  value: unknown,
  name = '',
  above = '',
): Generator<{ name: string; above: string; text: string }> {
  if (typeof value === 'string') yield { name, above, text: value };
  else if (Array.isArray(value)) for (const one of value) yield* textsIn(one, name, above);
  else if (typeof value === 'object' && value !== null)
    for (const [own, one] of Object.entries(value)) yield* textsIn(one, own, name);
}
