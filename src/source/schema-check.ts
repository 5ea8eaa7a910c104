/** Turns a kind's JSON Schema into a check whose faults say which field to change, and how, without its value. */
import type { ErrorObject } from 'ajv';
import { Ajv } from 'ajv';
import { type Checked, refuse } from '../fhir/outcome.ts';
import { isCalendarDate } from '../fhir/zoned-time.ts';
import { typeHint } from './convert.ts';
import type { FieldFault, Path } from './place.ts';
import type { Schema } from './schema-plan.ts';

/** @returns faults of a record that was read already; empty when it fits. The record is not changed. */
export type SchemaCheck = (payload: unknown) => FieldFault[];

const LONGEST_CHOICE = 30;

/**
 * Compiles a schema (draft-07, ajv strict mode, with our x- keywords).
 * @param file name of the schema file, for messages
 * @returns the check, or a refusal (`source-schema`) that quotes ajv on what is wrong with the schema
 */
export function compileSchemaCheck(schema: Schema, file: string): Checked<SchemaCheck> {
  const ajv = new Ajv({
    allErrors: true,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    verbose: true,
  });
  ajv.addVocabulary(['x-date', 'x-code', 'x-list', 'example']);
  for (const [name, format] of Object.entries(FORMATS)) ajv.addFormat(name, format);
  try {
    const validate = ajv.compile(schema);
    return { ok: true, value: (payload) => (validate(payload) ? [] : faultsOf(validate.errors ?? [])) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'not a schema';
    return refuse({ rule: 'source-schema', diagnostics: `${file}: ${reason}` });
  }
}

/** Reading has given date-times their zone and seconds before these look at them. */
const FORMATS = {
  date: isIsoDate,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
  time: /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$/,
  email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  uri: /^[a-z][a-z0-9+.-]*:\S+$/i,
  uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
};

function isIsoDate(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  return match !== null && isCalendarDate(Number(match[1]), Number(match[2]), Number(match[3]));
}

function faultsOf(errors: readonly ErrorObject[]): FieldFault[] {
  const told = errors.filter((error) => error.keyword !== 'additionalProperties' && error.keyword !== 'if');
  // A choice repeats every branch's faults; its own says enough.
  const choices = told.filter((error) => error.keyword === 'oneOf' || error.keyword === 'anyOf');
  const inChoice = (error: ErrorObject): boolean =>
    choices.some((choice) => error !== choice && error.schemaPath.startsWith(`${choice.schemaPath}/`));
  return told.filter((error) => !inChoice(error)).map(faultOf);
}

function faultOf(error: ErrorObject): FieldFault {
  const path = pathOf(error.instancePath);
  if (error.keyword === 'required') {
    const name = String(error.params.missingProperty);
    return { path: [...path, name], rule: 'read-required', code: 'required', hint: 'missing: fill it in' };
  }
  return { path, rule: `read-${RULES[error.keyword] ?? 'schema'}`, hint: hintOf(error) };
}

const RULES: Readonly<Record<string, string>> = {
  type: 'type',
  enum: 'enum',
  const: 'enum',
  pattern: 'pattern',
  format: 'format',
  minLength: 'length',
  maxLength: 'length',
  minItems: 'length',
  maxItems: 'length',
  minimum: 'range',
  maximum: 'range',
  exclusiveMinimum: 'range',
  exclusiveMaximum: 'range',
  multipleOf: 'range',
};

/** Says what to write. Everything quoted comes from the schema, never from the record. */
function hintOf(error: ErrorObject): string {
  const { params } = error;
  switch (error.keyword) {
    case 'type':
      return typeHint([params.type].flat().map(String));
    case 'enum':
      return `write one of: ${(params.allowedValues as unknown[]).slice(0, LONGEST_CHOICE).join(', ')}`;
    case 'const':
      return `write ${String(params.allowedValue)}`;
    case 'format':
      return `write ${FORMAT_WORDS[String(params.format)] ?? String(params.format)}`;
    case 'pattern':
      return `write it in the form that is asked for${meaningOf(error) ?? `: ${String(params.pattern)}`}`;
    case 'oneOf':
    case 'anyOf':
      return `fits none of the forms that the schema allows${meaningOf(error) ?? ''}`;
    default:
      return error.message ?? 'does not fit the schema';
  }
}

const FORMAT_WORDS: Readonly<Record<string, string>> = {
  date: 'the date as yyyy-MM-dd',
  'date-time': 'the date and time as yyyy-MM-ddTHH:mm:ss',
  time: 'the time as HH:mm',
  email: 'an e-mail address',
  uri: 'a web address with its scheme',
  uuid: 'a UUID',
};

function meaningOf(error: ErrorObject): string | undefined {
  const description: unknown = error.parentSchema?.description;
  return typeof description === 'string' ? ` (${description.replace(/\.$/, '')})` : undefined;
}

/** @param pointer JSON pointer, as ajv gives it */
function pathOf(pointer: string): Path {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~')));
}
