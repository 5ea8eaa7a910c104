/** Writes the transforms of targets: literals, copies, texts, codes, and the data types that can be made in one call. */
import { emitExpression } from './expression.ts';
import { nearest } from './finding.ts';
import { plainText } from './plain-path.ts';
import { ANY, jsonTypeOf, type Member, type Shape } from './shapes.ts';
import { codeOf, plain, type Site, type Value, variableOf } from './site.ts';
import { type Call, copied, literalAt, literalValue, type Made } from './transform-call.ts';
import { translate } from './translate.ts';
import type { Argument, Invocation, Path, Target } from './tree.ts';

type Writer = (call: Call) => Value | Made | undefined;

const UNSUPPORTED: Readonly<Record<string, string>> = {
  uuid: 'write a local id: append("Patient:person:", key)',
  dateOp: 'dates are ISO here already; copy them, or use evaluate',
  pointer: 'write a reference to a local id',
};

const WRITERS: Readonly<Record<string, Writer>> = {
  create,
  copy: ({ site, invocation }) => argumentAt(site, invocation, 0),
  append,
  truncate,
  escape: escapeCall,
  cast,
  evaluate,
  translate,
  reference,
  cc: codeableConcept,
  c: coding,
  qty: quantity,
  id: identifier,
  cp: contactPoint,
};

const STRING: Shape = { kind: 'type', name: 'string' };
const IDENTIFIER_TYPES = 'http://terminology.hl7.org/CodeSystem/v2-0203';

/** @returns the value that a target's transform gives; undefined, with a finding, when it is refused */
export function transform(site: Site, target: Target, member: Member | undefined): Value | Made | undefined {
  const { transform: what } = target;
  if (!what) return undefined;
  if (what.kind !== 'call') return argument(site, what);
  const name = what.name.text;
  const writer = Object.hasOwn(WRITERS, name) ? WRITERS[name] : undefined;
  if (writer) return writer({ site, invocation: what, member });
  const instead = Object.hasOwn(UNSUPPORTED, name)
    ? UNSUPPORTED[name]!
    : `use another${nearest(name, Object.keys(WRITERS))}`;
  site.unit.findings.unsupported(what.name.at, `the transform ${name}`, instead);
  return undefined;
}

/** @returns a value as given: a literal, a variable (copied where it is an object), an expression */
function argument(site: Site, given: Argument): Value | undefined {
  if (given.kind === 'literal') return literalValue(given);
  if (given.kind === 'path') return variable(site, given);
  const text = site.item && plainText(site, given, { ...site.item, shape: ANY });
  if (text !== undefined) return plain(text, STRING, { definite: false, fresh: true, isText: true });
  const code = emitExpression(site, given, site.item?.code, ANY);
  return code === undefined ? undefined : plain(site.block.keep(code), ANY, { many: true });
}

function variable(site: Site, path: Path): Value | undefined {
  const [first, second] = path.words;
  const found = first && variableOf(site, first);
  if (!found) return undefined;
  if (second) {
    const instead = `bind it first: ${first.text}.${second.text} as x -> … = x`;
    site.unit.findings.unsupported(second.at, 'an element in place of a variable', instead);
    return undefined;
  }
  if (found.built) return { ...found, code: codeOf(site, found) };
  return site.unit.shapes.primitive(found.shape) ? found : copied(site, found);
}

function argumentAt(site: Site, invocation: Invocation, index: number): Value | undefined {
  const given = invocation.parameters[index];
  if (given) return argument(site, given);
  const message = `${invocation.name.text} needs ${index + 1} parameters, not ${invocation.parameters.length}`;
  site.unit.findings.add('map-parameters', invocation.name.at, message);
  return undefined;
}

/** @returns JavaScript of a text, surely a string; undefined with a finding */
function textAt(call: Call, index: number): string | undefined {
  const value = argumentAt(call.site, call.invocation, index);
  if (!value) return undefined;
  const { shapes } = call.site.unit;
  if (value.isText) return value.code;
  if (value.shape.kind !== 'any' && !shapes.primitive(value.shape)) {
    const message = `${call.invocation.name.text} takes a text, but this is ${shapes.describe(value.shape)}`;
    call.site.unit.findings.add('map-type', call.invocation.parameters[index]!.at, message);
    return undefined;
  }
  const { place, block } = call.site;
  const code = value.many ? block.keep(`single(run, ${place}, ${value.code}) ?? ""`) : value.code;
  return `(typeof ${code} === "string" ? ${code} : text(run, ${place}, ${code}))`;
}

function create(call: Call): Made | undefined {
  const { site, invocation } = call;
  const type = literalAt(call, 0, 'the name of a type');
  if (type === undefined) return undefined;
  const shape = site.unit.typeShape(site.file, { text: type, at: invocation.parameters[0]!.at });
  if (!shape) return undefined;
  const isResource = shape.kind === 'type' && site.unit.shapes.isResource(shape);
  return { entries: isResource ? [['resourceType', JSON.stringify(shape.name)]] : [], shape };
}

function append(call: Call): Value | undefined {
  const parts = call.invocation.parameters.map((_, index) => textAt(call, index));
  if (parts.length === 0) argumentAt(call.site, call.invocation, 0);
  if (parts.length === 0 || parts.some((part) => part === undefined)) return undefined;
  return plain(call.site.block.keepText(parts.join(' + ')), STRING, { fresh: true, isText: true });
}

function truncate(call: Call): Value | undefined {
  const text = textAt(call, 0);
  const length = Number(literalAt(call, 1, 'a length'));
  if (text === undefined || Number.isNaN(length)) return undefined;
  return plain(`truncate(${text}, ${length})`, STRING, { fresh: true, isText: true });
}

function escapeCall(call: Call): Value | undefined {
  const text = textAt(call, 0);
  const notation = literalAt(call, 1, 'xml or json');
  if (text === undefined || notation === undefined) return undefined;
  return plain(`escapeText(${text}, ${JSON.stringify(notation)})`, STRING, { fresh: true, isText: true });
}

function cast(call: Call): Value | undefined {
  const { site, invocation } = call;
  const value = argumentAt(site, invocation, 0);
  const type = literalAt(call, 1, 'the name of a primitive type');
  if (!value || type === undefined) return undefined;
  const shape = site.unit.typeShape(site.file, { text: type, at: invocation.parameters[1]!.at });
  if (!shape) return undefined;
  if (!site.unit.shapes.primitive(shape)) {
    site.unit.findings.unsupported(
      invocation.parameters[1]!.at,
      `a cast to ${type}`,
      'create it and write its elements',
    );
    return undefined;
  }
  if (!value.many && jsonTypeOf(type) === 'string') {
    const text = textAt(call, 0);
    return text === undefined ? undefined : plain(text, shape, { fresh: true, isText: true });
  }
  const from = value.many ? `single(run, ${site.place}, ${value.code})` : value.code;
  const code = site.block.keep(`cast(run, ${site.place}, ${from}, ${JSON.stringify(type)})`);
  return plain(code, shape, { definite: false, fresh: true });
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

function wordsOf(path: Path): string {
  return path.words.map(({ text }) => text).join('.');
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
  if (codes.length === 0 || codes.length > names.length || codes.some((code) => code === undefined)) {
    if (codes.length === 0 || codes.length > names.length)
      argumentAt(call.site, call.invocation, names.length);
    return undefined;
  }
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
  if (entries && isValue)
    entries.unshift(['system', `(${entries[0]![1]}).includes("@") ? "email" : "phone"`]);
  return entries && { entries, shape: { kind: 'type', name: 'ContactPoint' } };
}

function quantity(call: Call): Made | undefined {
  const { site, invocation } = call;
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
  const entries = rest.slice(0, 3).map((code, index): [string, string] => [names[index]!, code!]);
  return { entries: [['value', value.code], ...entries], shape: { kind: 'type', name: 'Quantity' } };
}

function objectCode(entries: readonly [string, string][]): string {
  return `{${entries.map(([key, code]) => `${JSON.stringify(key)}: ${code}`).join(', ')}}`;
}
