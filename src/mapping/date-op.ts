/** Writes `dateOp(value, operation, …)`: the specification leaves its parameters open, these are ours. */
import { nearest } from './finding.ts';
import { plain, type Value } from './site.ts';
import { type Call, literalAt, textAt } from './transform-call.ts';

type Operation = (call: Call, text: string, place: number) => string | undefined;

/**
 * The operations, by name:
 * `dateOp(date, 'add', 2, 'weeks')`, `dateOp(date, 'subtract', n, 'days')`, `dateOp(date, 'truncate', 'month')`.
 */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  add: (call, text, place) => moved(call, text, place, ''),
  subtract: (call, text, place) => moved(call, text, place, '-'),
  truncate: (call, text, place) => {
    const precision = literalAt(call, 2, 'year, month or day');
    return precision && `cutDate(run, ${place}, ${text}, ${JSON.stringify(precision)})`;
  },
};

/** @returns the date that the operation gives: of the type that it had */
export function dateOp(call: Call): Value | undefined {
  const { site, invocation } = call;
  const text = textAt(call, 0);
  const name = literalAt(call, 1, Object.keys(OPERATIONS).join(', '));
  if (text === undefined || name === undefined) return undefined;
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (!operation) {
    const message = `dateOp has no operation ${name}${nearest(name, Object.keys(OPERATIONS))}`;
    site.unit.findings.add('map-parameters', invocation.parameters[1]!.at, message);
    return undefined;
  }
  const code = operation(call, text, site.place);
  if (code === undefined) return undefined;
  const type = /^\d{4}(?:-\d\d){0,2}$/.test(text) ? 'date' : 'dateTime';
  return plain(site.block.keep(code), { kind: 'type', name: type }, { definite: false, fresh: true });
}

function moved(call: Call, text: string, place: number, sign: string): string | undefined {
  const amount = textAt(call, 2);
  const unit = literalAt(call, 3, 'years, months, weeks, days, hours, minutes or seconds');
  if (amount === undefined || unit === undefined) return undefined;
  return `moveDate(run, ${place}, ${text}, ${sign}Number(${amount}), ${JSON.stringify(unit)})`;
}
