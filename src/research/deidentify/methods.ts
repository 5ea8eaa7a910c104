/** Turns a rule into what it makes of a value: nothing, the value itself, or another. */
import type { Definitions } from '../../fhir/definitions.ts';
import { compileExpression } from '../../fhirpath/compile.ts';
import type { Variables } from '../../fhirpath/evaluate.ts';
import { isPrimitive } from '../../fhirpath/types.ts';
import { birthYear, coarseDate, shiftedDate } from './dates.ts';
import type { Keys } from './keys.ts';
import { fits, isNumeric, isTemporal } from './primitives.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import type { Rule } from './rules.ts';

/** One resource that is being de-identified. */
export interface Run {
  readonly keys: Keys;
  readonly pseudonyms: Pseudonyms;
  /** days that dates of the person are shifted by; undefined where it is nobody's: then dates that are to be shifted go */
  readonly shift: number | undefined;
  /** by which noise differs from one resource to the next */
  readonly subject: string;
  readonly thisYear: number;
  /** days before this year leave for nobody: they would tell the age of one of the oldest, who are one group */
  readonly earliestYear: number;
  readonly variables: Variables;
  /** pseudonym of the id of a contained resource, where it leaves too */
  readonly contained: ReadonlyMap<string, string>;
  /** rule that is being applied, for the message where it fails */
  applied: string;
}

/** @returns the value that leaves; undefined where none does */
export type Change = (value: unknown, run: Run, owner: unknown) => unknown;

/** `open`: its elements leave as their own rules say; `drop`: nothing of it leaves. */
export type Method = 'open' | 'drop' | Change;

type Made = { readonly ok: true; readonly value: Method } | { readonly ok: false; readonly why: string };
type Of<M extends Rule['method']> = Extract<Rule, { method: M }>;

const TEXTS = ['string', 'markdown'];
const NAMES = [...TEXTS, 'id', 'code', 'uri'];

/**
 * @param types of the elements that the path leads to
 * @param variables names that an expression may use
 * @returns the method; or why there is none for these types
 */
export function compileMethod(
  rule: Rule,
  types: readonly string[],
  definitions: Definitions,
  variables: readonly string[],
): Made {
  const only = (wanted: readonly string[]): boolean => types.every((type) => wanted.includes(type));
  const isReference = /(?:^|\.)reference$/.test(rule.path) && only(['string']);
  if (rule.method === 'redact') return made('drop');
  if (isResourceId(rule, definitions))
    return no('ids of resources always leave as pseudonyms, without a rule');
  switch (rule.method) {
    case 'keep':
      if (isReference) return no('a reference leaves as a pseudonym only: write "pseudonym"');
      return made(types.length === 1 && isPrimitive(types[0]!) ? keep(types[0]!) : 'open');
    case 'pseudonym':
      return isReference ? made(pseudonym) : no('only Reference.reference becomes a pseudonym; write "hash"');
    case 'hash':
      return only(NAMES)
        ? made((value, run) => onText(value, (text) => run.keys.hash(text)))
        : no('only texts are hashed');
    case 'encrypt':
      return only(TEXTS)
        ? made((value, run) => onText(value, (text) => run.keys.encrypt(text)))
        : no('only texts (string, markdown) are encrypted');
    case 'substitute':
      return types.every((type) => isPrimitive(type) && fits(type, rule.with))
        ? made(() => rule.with)
        : no(`"with" is no value of the type ${types.join(' or ')}`);
    case 'dateShift':
      return types.every(isTemporal) ? made(shift(rule, types)) : no('only dates are shifted');
    case 'perturb':
      return types.every(isNumeric) ? made(perturb(rule, types)) : no('only numbers are perturbed');
    case 'generalise':
      return generalise(rule, types, definitions, variables);
  }
}

function isResourceId({ path }: Rule, definitions: Definitions): boolean {
  const [, owner] = /^(\w+)\.id$/.exec(path) ?? [];
  return owner !== undefined && definitions.type(owner)?.kind === 'resource';
}

function made(value: Method): Made {
  return { ok: true, value };
}

function no(why: string): Made {
  return { ok: false, why };
}

/** @returns the value, where it is of its type: anything else in its place is no such value, whatever it is */
export function keep(type: string): Change {
  return (value) => (fits(type, value) ? value : undefined);
}

function onText(value: unknown, change: (text: string) => string): string | undefined {
  return typeof value === 'string' ? change(value) : undefined;
}

function pseudonym(value: unknown, run: Run, owner: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (value.startsWith('#')) {
    const name = run.contained.get(value.slice(1));
    return name === undefined ? undefined : `#${name}`;
  }
  const { type } = owner as { type?: unknown };
  return run.pseudonyms.reference(value, typeof type === 'string' ? type : undefined);
}

function shift({ timeOfDay }: Of<'dateShift'>, [type = 'dateTime']: readonly string[]): Change {
  const keepsTime = timeOfDay === 'keep';
  return (value, run) => {
    if (typeof value !== 'string' || run.shift === undefined) return undefined;
    const shifted = shiftedDate(value, run.shift, type, keepsTime);
    return shifted !== undefined && Number(shifted.slice(0, 4)) >= run.earliestYear ? shifted : undefined;
  };
}

function perturb(rule: Of<'perturb'>, types: readonly string[]): Change {
  const { range, of, digits, lowest = -Infinity, highest = Infinity, path } = rule;
  const places = types.every((type) => type === 'decimal') ? digits : 0;
  return (value, run) => {
    if (typeof value !== 'number') return undefined;
    const width = of === 'value' ? Math.abs(value) * range : range;
    // noise of its own for each range: the same at two ranges could be reckoned out of two exports
    const noise = run.keys.noise(`${run.subject}\u0000${path}\u0000${of}${range}\u0000${value}`) * width;
    return Math.min(highest, Math.max(lowest, Number((value + noise).toFixed(places))));
  };
}

function generalise(
  rule: Of<'generalise'>,
  types: readonly string[],
  definitions: Definitions,
  variables: readonly string[],
): Made {
  const { to, bands, expression, years = 1, oldest } = rule;
  const isDated = types.every((type) => type === 'date' || type === 'dateTime');
  if (bands) {
    if (!types.every(isNumeric)) return no('only numbers have bands');
    return made((value) =>
      typeof value === 'number' ? bands.findLast((lowest) => lowest <= value) : undefined,
    );
  }
  if (to === 'outward')
    return types.every((type) => type === 'string')
      ? made(outward)
      : no('only postcodes have an outward part');
  if (to === 'month')
    return isDated
      ? made((value) => onDate(value, (text) => coarseDate(text, to)))
      : no('only dates become months');
  if (to === 'year')
    return isDated
      ? made((value, run) => onDate(value, (text) => birthYear(text, years, oldest ?? 9_999, run.thisYear)))
      : no('only dates become years');
  return byExpression(rule, expression!, types, definitions, variables);
}

function onDate(value: unknown, change: (text: string) => string | undefined): string | undefined {
  return typeof value === 'string' ? change(value) : undefined;
}

/** The part of a postcode before its last three signs. */
function outward(value: unknown): string | undefined {
  const code = typeof value === 'string' ? value.toUpperCase().replaceAll(/\s/g, '') : '';
  return /^[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}$/.test(code) ? code.slice(0, -3) : undefined;
}

function byExpression(
  { path }: Rule,
  expression: string,
  types: readonly string[],
  definitions: Definitions,
  variables: readonly string[],
): Made {
  const [type = ''] = types;
  if (types.length !== 1 || !isPrimitive(type))
    return no('an expression makes one value of one value: name its type');
  const compiled = compileExpression(expression, { type, definitions, variables });
  if (!compiled.ok) return no(compiled.outcome.issue[0]?.diagnostics ?? `${path} has no expression`);
  return made((value, run) => {
    if (!fits(type, value)) return undefined;
    const found = compiled.value(value, run.variables);
    return found.length === 1 && fits(type, found[0]) ? found[0] : undefined;
  });
}
