/** Reads JSON of any form: the object, text or list that ought to be there, or nothing. */
import type { Json } from './run.ts';

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function jsonOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** @returns the objects of a list; what is none is passed over */
export function listOf(value: unknown): readonly Json[] {
  if (!Array.isArray(value)) return [];
  return value.map(jsonOf).filter((one) => one !== undefined);
}
