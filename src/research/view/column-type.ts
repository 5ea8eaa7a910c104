/** Decides the FHIR type of a column from what its path gives and what the view says of it. */
import type { Definitions } from '../../fhir/definitions.ts';
import { isBoolean, isNumber, isPrimitive, isWhole, type Types } from '../../fhirpath/types.ts';
import type { ColumnDefinition } from './definition.ts';

const SYSTEM: Readonly<Record<string, string>> = {
  Boolean: 'boolean',
  String: 'string',
  Integer: 'integer',
  Decimal: 'decimal',
  Date: 'date',
  DateTime: 'dateTime',
  Time: 'time',
  Quantity: 'Quantity',
};

/** A type, undefined where nothing says it, or what is wrong with it. */
export type ColumnType = { readonly type: string | undefined } | { readonly fault: string };

/**
 * @param found types that the path can give; none where it is always empty
 * @source SQL on FHIR v2, Column types
 */
export function columnType(column: ColumnDefinition, found: Types, definitions: Definitions): ColumnType {
  const { type: declared } = column;
  const types = [...new Set(found?.map((type) => SYSTEM[type.replace('System.', '')] ?? type))].filter(
    (type) => type !== '*',
  );
  if (declared !== undefined && !isPrimitive(declared) && !definitions.type(declared))
    return { fault: `there is no type ${declared} in FHIR R4; mend it or leave it out.` };
  if (declared === undefined) return inferred(types);
  const wrong = types.find((type) => !fits(type, declared, definitions));
  return wrong === undefined || types.some((type) => fits(type, declared, definitions))
    ? { type: declared }
    : {
        fault: `the path gives ${types.join(' or ')}, which is no ${declared}; change the type or the path.`,
      };
}

function inferred(types: readonly string[]): ColumnType {
  const [first] = types;
  const complex = types.find((type) => !isPrimitive(type));
  if (complex !== undefined)
    return {
      fault: `the path gives ${types.join(' or ')}; name that as type of the column, or go on to a primitive in it.`,
    };
  if (new Set(types.map(kindOf)).size > 1)
    return { fault: `the path gives ${types.join(' or ')}; keep one of them with ofType().` };
  return { type: types.length > 1 && kindOf(first!) === 'text' ? 'string' : first };
}

function kindOf(type: string): string {
  if (isBoolean([type])) return 'boolean';
  if (isWhole([type])) return 'whole';
  return isNumber([type]) ? 'decimal' : isPrimitive(type) ? 'text' : type;
}

function fits(type: string, declared: string, definitions: Definitions): boolean {
  const [is, wanted] = [kindOf(type), kindOf(declared)];
  if (is === wanted || (is === 'whole' && wanted === 'decimal')) return true;
  return definitions.isA(type, declared) || definitions.isA(declared, type);
}

/** @returns true when the rows of two columns can stand under each other */
export function sameKind(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || kindOf(a) === kindOf(b);
}
