/** Writes `dateOp(value, operation, …)`: the specification leaves its parameters open, these are ours. */
import { compileDatePattern, compileTimePattern } from '../fhir/date-pattern.ts';
import { isTimeZone } from '../fhir/zoned-time.ts';
import { nearest } from './finding.ts';
import { plain, type Value } from './site.ts';
import { argumentAt, type Call, literalAt, textAt } from './transform-call.ts';

/** JavaScript of the call, and the FHIR type that it gives. */
interface Written {
  readonly code: string;
  readonly type: string;
}

type Operation = (call: Call, text: string) => Written | undefined;

/** The zone of a time that names none, where the map names none either. */
const DEFAULT_ZONE = 'Europe/London';
const UNITS = ['years', 'months', 'weeks', 'days', 'hours', 'minutes', 'seconds'];
const PRECISIONS = ['year', 'month', 'day'];

/**
 * The operations, by name:
 * `dateOp(date, 'add', 2, 'weeks')`, `dateOp(date, 'subtract', n, 'days')`, `dateOp(date, 'truncate', 'month')`,
 * `dateOp(text, 'toDate', 'dd/MM/yyyy')`, `dateOp(text, 'toDateTime', 'dd/MM/yyyy HH:mm', 'Europe/London')`,
 * `dateOp(text, 'toTime', 'HH:mm')`.
 */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  add: (call, text) => moved(call, text, ''),
  subtract: (call, text) => moved(call, text, '-'),
  truncate,
  toDate: (call, text) => read(call, text, 'date'),
  toDateTime: (call, text) => read(call, text, 'dateTime'),
  toTime: (call, text) => read(call, text, 'time'),
};

/** @returns the date or time that the operation gives */
export function dateOp(call: Call): Value | undefined {
  const text = textAt(call, 0);
  const name = literalAt(call, 1, Object.keys(OPERATIONS).join(', '));
  const known = name !== undefined && oneOf(call, 1, name, Object.keys(OPERATIONS), 'operation');
  const written = text !== undefined && known ? OPERATIONS[name]!(call, text) : undefined;
  if (!written) return undefined;
  const shape = { kind: 'type', name: written.type } as const;
  return plain(call.site.block.keep(written.code), shape, { definite: false, fresh: true });
}

/** `toDate(text, pattern)` is `dateOp(text, 'toDate', pattern)`, and so are `toDateTime` and `toTime`. */
export function readingOp(call: Call): Value | undefined {
  const { name, parameters } = call.invocation;
  const [text, ...more] = parameters;
  const operation = { kind: 'literal', at: name.at, value: name.text, type: 'string' } as const;
  if (text)
    return dateOp({
      ...call,
      invocation: { ...call.invocation, parameters: [text, operation, ...more] },
      implied: 1,
    });
  argumentAt(call.site, call.invocation, 0);
  return undefined;
}

function moved(call: Call, text: string, sign: string): Written | undefined {
  const amount = textAt(call, 2);
  const unit = literalAt(call, 3, UNITS.join(', '));
  if (amount === undefined || unit === undefined) return undefined;
  if (!oneOf(call, 3, unit.replace(/s?$/, 's'), UNITS, 'unit')) return undefined;
  const code = `moveDate(run, ${call.site.place}, ${text}, ${sign}Number(${amount}), ${JSON.stringify(unit)})`;
  return { code, type: givenType(call) };
}

function truncate(call: Call, text: string): Written | undefined {
  const precision = literalAt(call, 2, PRECISIONS.join(' or '));
  if (precision === undefined || !oneOf(call, 2, precision, PRECISIONS, 'precision')) return undefined;
  return { code: `cutDate(run, ${call.site.place}, ${text}, ${JSON.stringify(precision)})`, type: 'date' };
}

function read(call: Call, text: string, type: 'date' | 'dateTime' | 'time'): Written | undefined {
  const { parameters, name } = call.invocation;
  const pattern = literalAt(call, 2, `a pattern such as ${type === 'time' ? 'HH:mm' : 'dd/MM/yyyy'}`);
  const zone = parameters[3] ? literalAt(call, 3, 'a time zone such as Europe/London') : DEFAULT_ZONE;
  if (pattern === undefined || zone === undefined) return undefined;
  const isPattern = type === 'time' ? compileTimePattern(pattern) : compileDatePattern(pattern);
  if (!isPattern || !isTimeZone(zone)) {
    const what = isPattern
      ? `${zone} is no time zone`
      : `${pattern} is no pattern of dd, d, MM, M, yyyy, HH, H, mm and ss`;
    call.site.unit.findings.add('map-parameters', parameters[isPattern ? 3 : 2]?.at ?? name.at, what);
    return undefined;
  }
  const given = [text, type, pattern, zone].map((one, index) => (index === 0 ? one : JSON.stringify(one)));
  return { code: `readTime(run, ${call.site.place}, ${given.join(', ')})`, type };
}

/** A date stays a date; of anything else only the record says what it is, and a dateTime may be less precise. */
function givenType({ site, invocation }: Call): string {
  const [first] = invocation.parameters;
  const found = first?.kind === 'path' ? site.scope.get(first.words[0]!.text) : undefined;
  const type = found && site.unit.shapes.primitive(found.shape);
  return type === 'date' || type === 'time' || type === 'instant' ? type : 'dateTime';
}

function oneOf(call: Call, index: number, word: string, known: readonly string[], what: string): boolean {
  if (known.includes(word)) return true;
  const { parameters, name } = call.invocation;
  const message = `dateOp has no ${what} ${word}${nearest(word, known)}`;
  call.site.unit.findings.add('map-parameters', parameters[index]?.at ?? name.at, message);
  return false;
}
