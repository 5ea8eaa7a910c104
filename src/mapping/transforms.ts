/** Writes the transforms of targets: literals, copies, texts, codes, and the data types that can be made in one call. */
import { dateOp, readingOp } from './date-op.ts';
import { emitExpression } from './expression.ts';
import { nearest } from './finding.ts';
import { ANY, jsonTypeOf, type Member, type Shape } from './shapes.ts';
import { chargeLine, codeOf, plain, type Site, type Value, variableOf } from './site.ts';
import {
  argument,
  argumentAt,
  type Call,
  literalAt,
  type Made,
  ownedCode,
  STRING,
  textAt,
  wordsOf,
} from './transform-call.ts';
import { translate } from './translate.ts';
import type { Target } from './tree.ts';

type Writer = (call: Call) => Value | Made | undefined;

/** How each transform is written, and how many parameters it takes at most. */
const WRITERS: Readonly<Record<string, readonly [write: Writer, most: number]>> = {
  create: [create, 1],
  copy: [({ site, invocation }) => argumentAt(site, invocation, 0), 1],
  append: [append, Number.POSITIVE_INFINITY],
  truncate: [truncate, 2],
  escape: [escapeCall, 3],
  cast: [cast, 2],
  uuid: [uuid, 0],
  pointer: [reference, 1],
  dateOp: [dateOp, 4],
  toDate: [readingOp, 2],
  toDateTime: [readingOp, 3],
  toTime: [readingOp, 2],
  evaluate: [evaluate, 2],
  translate: [translate, 3],
  reference: [reference, 1],
  cc: [codeableConcept, 3],
  c: [coding, 3],
  qty: [quantity, 4],
  id: [identifier, 3],
  cp: [contactPoint, 2],
};

/** Types whose texts have a form of their own. */
const TEMPORAL = new Set(['date', 'dateTime', 'instant', 'time']);

const IDENTIFIER_TYPES = 'http://terminology.hl7.org/CodeSystem/v2-0203';

/** @returns the value that a target's transform gives; undefined, with a finding, when it is refused */
export function transform(site: Site, target: Target, member: Member | undefined): Value | Made | undefined {
  const { transform: what } = target;
  if (!what) return undefined;
  if (what.kind !== 'call') return argument(site, what);
  const { text, at } = what.name;
  const [write, most] = (Object.hasOwn(WRITERS, text) ? WRITERS[text] : undefined) ?? [];
  const { findings } = site.unit;
  if (write === undefined || most === undefined) {
    const message = `there is no transform ${text}${nearest(text, Object.keys(WRITERS))}`;
    findings.add('map-unknown-transform', at, message);
    return undefined;
  }
  const more = what.parameters[most];
  if (!more) return write({ site, invocation: what, member });
  const message = `${text} takes ${most === 0 ? 'none' : `at most ${most}`}, but has ${what.parameters.length} parameters; leave out this one and those behind it`;
  findings.add('map-parameters', more.at, message);
  return undefined;
}

/** `create()` makes what the element is, where that is one type. */
function create(call: Call): Made | undefined {
  const { site, invocation, member } = call;
  const given = invocation.parameters[0];
  const [one, another] = member?.types ?? [];
  const isOne =
    one !== undefined && another === undefined && !site.unit.shapes.definitions.type(one)?.abstract;
  const only = isOne && !given ? one : undefined;
  const type = only ?? literalAt(call, 0, 'the name of a type');
  if (type === undefined) return undefined;
  const shape: Shape | undefined =
    only === undefined ? site.unit.typeShape(site.file, { text: type, at: given!.at }) : member!.shape;
  if (!shape) return undefined;
  const isResource = shape.kind === 'type' && site.unit.shapes.isResource(shape);
  return { entries: isResource ? [['resourceType', JSON.stringify(shape.name)]] : [], shape };
}

function append(call: Call): Value | undefined {
  const parts = call.invocation.parameters.map((_, index) => textAt(call, index));
  if (parts.length === 0) argumentAt(call.site, call.invocation, 0);
  if (parts.length === 0 || parts.some((part) => part === undefined)) return undefined;
  const text = call.site.block.keepText(parts.join(' + '));
  // texts made of texts that were made double in each rule
  if (parts.some((part) => /^v\d+$/.test(part!))) call.site.block.line(chargeLine(call.site, text));
  return plain(text, STRING, { fresh: true, isText: true });
}

function truncate(call: Call): Value | undefined {
  const text = textAt(call, 0);
  const [, given] = call.invocation.parameters;
  if (given?.kind === 'path') {
    const length = textAt(call, 1);
    const code = `truncate(${text}, lengthOf(run, ${call.site.place}, ${length}))`;
    return text && length ? plain(code, STRING, { fresh: true, isText: true }) : undefined;
  }
  const length = given?.kind === 'literal' ? Number(given.value) : Number.NaN;
  if (!Number.isInteger(length) || length < 0) {
    const message = 'truncate needs a whole number of characters as parameter 2: truncate(x, 8)';
    call.site.unit.findings.add('map-parameters', given?.at ?? call.invocation.name.at, message);
    return undefined;
  }
  return text === undefined
    ? undefined
    : plain(`truncate(${text}, ${length})`, STRING, { fresh: true, isText: true });
}

/** `escape(text, to)` writes text for a notation; `escape(text, from, to)` takes it out of another first. */
function escapeCall(call: Call): Value | undefined {
  const { site } = call;
  const text = textAt(call, 0);
  const [from, to] = [1, 2].map((index) => {
    if (index === 2 && call.invocation.parameters.length < 3) return undefined;
    return notationAt(call, index);
  });
  if (text === undefined || from === undefined) return undefined;
  site.block.line(chargeLine(site, text));
  const code =
    to === undefined
      ? `escapeText(${text}, ${JSON.stringify(from)})`
      : `escapeText(unescapeText(run, ${site.place}, ${text}, ${JSON.stringify(from)}), ${JSON.stringify(to)})`;
  return plain(code, STRING, { fresh: true, isText: true });
}

const NOTATIONS = ['json', 'xml', 'html', 'plain'];

function notationAt(call: Call, index: number): string | undefined {
  const notation = literalAt(call, index, NOTATIONS.join(' or '));
  if (notation === undefined || NOTATIONS.includes(notation)) return notation;
  const message = `escape has no notation ${notation}${nearest(notation, NOTATIONS)}`;
  call.site.unit.findings.add('map-parameters', call.invocation.parameters[index]!.at, message);
  return undefined;
}

/** Another one at every run, so it is refused at run time where ids must stay the same. */
function uuid({ site }: Call): Value {
  const code = site.block.keep(`uuidOf(run, ${site.place})`);
  return plain(code, { kind: 'type', name: 'uuid' }, { definite: false, fresh: true });
}

function cast(call: Call): Value | undefined {
  const { site, invocation } = call;
  const value = argumentAt(site, invocation, 0);
  const { at } = invocation.parameters[1] ?? invocation.name;
  const type = invocation.parameters[1]
    ? literalAt(call, 1, 'the name of a primitive type')
    : impliedType(call);
  if (!value || type === undefined) return undefined;
  const shape = site.unit.typeShape(site.file, { text: type, at });
  if (!shape) return undefined;
  if (!site.unit.shapes.primitive(shape)) {
    site.unit.findings.unsupported(at, `a cast to ${type}`, 'create it and write its elements');
    return undefined;
  }
  if (!value.many && value.definite && jsonTypeOf(type) === 'string' && !TEMPORAL.has(type)) {
    const text = textAt(call, 0);
    return text === undefined ? undefined : plain(text, shape, { fresh: true, isText: true });
  }
  const from = value.many ? `single(run, ${site.place}, ${value.code})` : value.code;
  const code = site.block.keep(`cast(run, ${site.place}, ${from}, ${JSON.stringify(type)})`);
  return plain(code, shape, { definite: false, fresh: true });
}

/** `cast(value)`: to the one type of the element that takes it. */
function impliedType({ site, invocation, member }: Call): string | undefined {
  if (member?.types.length === 1) return member.types[0];
  const message = `cast needs the name of a type here: cast(x, 'string')`;
  site.unit.findings.add('map-parameters', invocation.name.at, message);
  return undefined;
}

/** `evaluate(variable, expression)`; the expression may also stand in quotes. */
function evaluate({ site, invocation }: Call): Value | undefined {
  const focus = argumentAt(site, invocation, 0);
  const given = invocation.parameters[1];
  if (!focus || !given) {
    if (focus) argumentAt(site, invocation, 1);
    return undefined;
  }
  const text =
    given.kind === 'expression' ? given.text : given.kind === 'literal' ? `${given.value}` : wordsOf(given);
  const [first] = invocation.parameters;
  const source = first?.kind === 'path' ? site.scope.get(first.words[0]!.text) : undefined;
  const code = source ? codeOf(site, source) : focus.code;
  const call = emitExpression(site, { kind: 'expression', at: given.at, text }, code, source?.shape ?? ANY);
  return call === undefined ? undefined : plain(site.block.keep(call), ANY, { many: true });
}

function reference(call: Call): Value | undefined {
  const { site, invocation } = call;
  const [first] = invocation.parameters;
  const found =
    first?.kind === 'path' && first.words.length === 1 ? variableOf(site, first.words[0]!) : undefined;
  if (!found) {
    if (first?.kind !== 'path') literalAt(call, 0, 'a variable');
    return undefined;
  }
  const code = site.block.keep(`referenceTo(run, ${site.place}, ${codeOf(site, found)})`);
  return plain(code, STRING, { definite: false, fresh: true });
}

/** Members of a data type from parameters: names in order; parameters left out are members left out. */
function members(call: Call, names: readonly string[]): [string, string][] | undefined {
  const codes = call.invocation.parameters.map((_, index) => textAt(call, index));
  if (codes.length === 0) argumentAt(call.site, call.invocation, 0);
  if (codes.length === 0 || codes.some((code) => code === undefined)) return undefined;
  return codes.map((code, index) => [names[index]!, code!]);
}

function codeableConcept(call: Call): Made | undefined {
  const isText = call.invocation.parameters.length === 1;
  const entries = members(call, isText ? ['text'] : ['system', 'code', 'display']);
  const shape: Shape = { kind: 'type', name: 'CodeableConcept' };
  return entries && { entries: isText ? entries : [['coding', `[${objectCode(entries)}]`]], shape };
}

function coding(call: Call): Made | undefined {
  const entries = members(call, ['system', 'code', 'display']);
  return entries && { entries, shape: { kind: 'type', name: 'Coding' } };
}

function identifier(call: Call): Made | undefined {
  const entries = members(call, ['system', 'value', 'type']);
  const type = entries?.[2];
  if (type) type[1] = `{"coding": [{"system": ${JSON.stringify(IDENTIFIER_TYPES)}, "code": ${type[1]}}]}`;
  return entries && { entries, shape: { kind: 'type', name: 'Identifier' } };
}

function contactPoint(call: Call): Made | undefined {
  const isValue = call.invocation.parameters.length === 1;
  const entries = members(call, isValue ? ['value'] : ['system', 'value']);
  if (entries && isValue) entries.unshift(['system', `contactSystemOf(${entries[0]![1]})`]);
  return entries && { entries, shape: { kind: 'type', name: 'ContactPoint' } };
}

/** `qty('>= 5 mg')`: a comparator, a number and a unit as people write them. */
function quantityOfText(call: Call): Value | undefined {
  const text = textAt(call, 0);
  if (text === undefined) return undefined;
  const code = call.site.block.keep(`quantityOf(run, ${call.site.place}, ${text})`);
  return plain(code, { kind: 'type', name: 'Quantity' }, { definite: false, fresh: true });
}

function quantity(call: Call): Made | Value | undefined {
  const { site, invocation } = call;
  if (invocation.parameters.length === 1) return quantityOfText(call);
  const value = argumentAt(site, invocation, 0);
  if (!value) return undefined;
  const type = site.unit.shapes.primitive(value.shape);
  if (type !== 'decimal' && type !== 'integer' && type !== 'positiveInt' && type !== 'unsignedInt') {
    const instead = "cast the value first: cast(x, 'decimal') as n, then qty(n, unit, system, code)";
    site.unit.findings.unsupported(invocation.name.at, 'qty of a text', instead);
    return undefined;
  }
  const rest = invocation.parameters.slice(1).map((_, index) => textAt(call, index + 1));
  if (rest.some((code) => code === undefined)) return undefined;
  const names = ['unit', 'system', 'code'];
  const entries = rest.map((code, index): [string, string] => [names[index]!, code!]);
  const number = value.many
    ? site.block.keep(`single(run, ${site.place}, ${value.code})`)
    : ownedCode(site, value, value.code);
  return {
    entries: [['value', number], ...entries],
    shape: { kind: 'type', name: 'Quantity' },
  };
}

function objectCode(entries: readonly [string, string][]): string {
  return `{${entries.map(([key, code]) => `${JSON.stringify(key)}: ${code}`).join(', ')}}`;
}
