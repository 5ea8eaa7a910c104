/** Compares values with what a definition fixes or asks for as a pattern. */

/** @returns true when both are the same JSON, members in any order */
export function isSame(value: unknown, fixed: unknown): boolean {
  if (value === fixed) return true;
  if (typeof value !== 'object' || typeof fixed !== 'object' || value === null || fixed === null)
    return false;
  if (Array.isArray(value) || Array.isArray(fixed)) {
    if (!Array.isArray(value) || !Array.isArray(fixed) || value.length !== fixed.length) return false;
    return value.every((item, index) => isSame(item, fixed[index]));
  }
  const members = Object.entries(fixed);
  const one = value as Readonly<Record<string, unknown>>;
  return Object.keys(one).length === members.length && members.every(([key, part]) => isSame(one[key], part));
}

/**
 * @returns true when the value holds at least what the pattern does: of an object every member, of a list every item in some place
 * @source hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_
 */
export function fits(value: unknown, pattern: unknown): boolean {
  if (typeof pattern !== 'object' || pattern === null) return value === pattern;
  if (Array.isArray(pattern))
    return Array.isArray(value) && pattern.every((part) => value.some((item) => fits(item, part)));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const one = value as Readonly<Record<string, unknown>>;
  for (const key in pattern)
    if (!fits(one[key], (pattern as Readonly<Record<string, unknown>>)[key])) return false;
  return true;
}
