/** Reads the constants of a view. */
import type { ConstantDefinition } from './definition.ts';
import type { Members, Reader } from './reader.ts';

/** The types that a constant can have, by the JSON they are written in. @source SQL on FHIR v2, ViewDefinition.constant.value[x] */
export const TEXTS = ['base64Binary', 'canonical', 'code', 'id', 'oid', 'string', 'uri', 'url', 'uuid'];
export const WHOLE = ['integer', 'integer64', 'positiveInt', 'unsignedInt'];
const DATE = /^\d{4}(-\d\d(-\d\d)?)?$/;
const TIME = /^\d\d:\d\d(:\d\d(\.\d+)?)?$/;
const DATE_TIME = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;
const TYPES = [...TEXTS, ...WHOLE, 'boolean', 'decimal', 'date', 'dateTime', 'instant', 'time'];
const BY_MEMBER = new Map(TYPES.map((type) => [`value${type[0]!.toUpperCase()}${type.slice(1)}`, type]));
/** Variables that mean something of their own in every expression. */
const TAKEN = ['context', 'resource', 'rootResource', 'rowIndex'];

/** @returns undefined with a fault where it is no constant */
export function readConstant(reader: Reader, json: unknown, at: string): ConstantDefinition | undefined {
  const constant = reader.object(json, at, ['name', ...BY_MEMBER.keys()]);
  if (!constant) return undefined;
  const name = reader.sqlName(constant, at, true);
  if (name !== undefined && TAKEN.includes(name))
    reader.fault('view-constant', `${at}.name`, `%${name} has a meaning of its own; rename the constant.`);
  const members = Object.keys(constant).filter((member) => BY_MEMBER.has(member));
  const [member] = members;
  if (member === undefined || members.length > 1) {
    reader.fault('view-constant', at, 'a constant has one value, such as valueString; give one.');
    return undefined;
  }
  const type = BY_MEMBER.get(member)!;
  const value = readValue(constant, member, type);
  if (value === undefined)
    reader.fault('view-constant', `${at}.${member}`, `this is no ${type} as FHIR writes it.`);
  return name === undefined || value === undefined ? undefined : { name, type, value, at };
}

function readValue(constant: Members, member: string, type: string): ConstantDefinition['value'] | undefined {
  const value = constant[member];
  if (type === 'boolean') return typeof value === 'boolean' ? value : undefined;
  if (type === 'decimal') return typeof value === 'number' ? value : undefined;
  if (WHOLE.includes(type)) {
    const number =
      type === 'integer64' && typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    const least = type === 'positiveInt' ? 1 : type === 'unsignedInt' ? 0 : Number.MIN_SAFE_INTEGER;
    return Number.isSafeInteger(number) && (number as number) >= least ? (number as number) : undefined;
  }
  if (typeof value !== 'string' || value === '') return undefined;
  const form = type === 'date' ? DATE : type === 'time' ? TIME : TEXTS.includes(type) ? /^/ : DATE_TIME;
  return form.test(value) ? value : undefined;
}
