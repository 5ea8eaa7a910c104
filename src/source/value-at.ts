/** Turns a dotted path of the manifest (`referral.id`) into the value that a record has there. */

/** @returns the value, or undefined where there is none; a field whose own name holds the dots is found first */
export function valueAt(payload: unknown, field: string): unknown {
  if (isObject(payload) && Object.hasOwn(payload, field)) return payload[field];
  let at = payload;
  for (const step of field.split('.')) {
    if (!isObject(at) || !Object.hasOwn(at, step)) return undefined;
    at = at[step];
  }
  return at;
}

/** @returns true for a JSON object */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
