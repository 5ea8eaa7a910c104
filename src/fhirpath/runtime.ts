/** The functions that generated code may call, by the names it calls them. */
import * as boundaries from './boundaries.ts';
import * as collection from './collection.ts';
import * as comparison from './comparison.ts';
import * as equality from './equality.ts';
import { EvaluationFault, TOO_DEEP } from './fault.ts';
import * as onCollections from './functions-collection.ts';
import * as convert from './functions-convert.ts';
import * as fhir from './functions-fhir.ts';
import * as host from './functions-host.ts';
import * as keys from './functions-key.ts';
import * as math from './functions-math.ts';
import * as text from './functions-text.ts';
import { box, boxAll, boxStep, unbox, unboxAll } from './item.ts';
import { htmlChecks } from './narrative.ts';
import { Quantity, toFhirQuantity } from './quantity.ts';
import { parseTemporal, Temporal } from './temporal.ts';

/** @returns an item of a value that is there */
function boxOne(value: unknown, type: string | undefined): unknown {
  return value === undefined || value === null ? undefined : box(value, type);
}

/** @returns a constant of a temporal literal, which the parser has checked */
function temporal(written: string, kind: Temporal['kind']): Temporal | undefined {
  return parseTemporal(written, kind);
}

function quantity(value: number, unit: string, calendar: boolean): Quantity {
  return new Quantity(value, unit, calendar);
}

/** What the whole expression gives: an array of its own, of plain JSON. */
function result(value: unknown): unknown[] {
  return unboxAll(collection.list(value)).map(asJson);
}

/** `result` where at most one value is wanted @throws EvaluationFault when there are several */
function resultValue(value: unknown): unknown {
  return asJson(unbox(collection.single(value)));
}

function asJson(item: unknown): unknown {
  if (item instanceof Temporal) return item.text;
  return item instanceof Quantity ? toFhirQuantity(item) : item;
}

/** Runs a part of an expression, and adds its place to a fault that has none. */
function located(run: () => unknown, line: number, column: number): unknown {
  try {
    return run();
  } catch (error) {
    const fault = error instanceof RangeError ? new EvaluationFault(TOO_DEEP) : error;
    if (fault instanceof EvaluationFault) fault.at ??= { line, column };
    throw fault;
  }
}

/** `result` of one value that is plain JSON already */
function resultOne(value: unknown): unknown[] {
  return value === undefined || value === null ? [] : [value];
}

/** `result` of many values that are plain JSON already */
function resultMany(value: unknown): unknown[] {
  return [...collection.list(value)];
}

export const RUNTIME = {
  ...collection,
  ...equality,
  ...comparison,
  ...onCollections,
  ...convert,
  ...fhir,
  ...host,
  ...keys,
  ...math,
  ...text,
  ...boundaries,
  boxAll,
  boxOne,
  boxStep,
  unbox,
  unboxAll,
  htmlChecks,
  located,
  temporal,
  quantity,
  result,
  resultOne,
  resultMany,
  resultValue,
};
export type Runtime = typeof RUNTIME;
