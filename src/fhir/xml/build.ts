/** Turns the elements of XML, one after the other, into the resource that JSON would give. */
import type { Definitions } from '../definitions.ts';
import { nearestName } from '../nearest-name.ts';
import { type Digits, exactly, isNumber } from './exact.ts';
import { XmlStop } from './fault.ts';
import { FHIR_NAMESPACE, type Member, type Shape, shapeOf } from './shape.ts';

/** An element as it opens. */
export interface OpenTag {
  readonly local: string;
  readonly uri: string;
  readonly attributes: Readonly<Record<string, XmlAttribute>>;
}

interface XmlAttribute {
  readonly local: string;
  readonly prefix: string;
  readonly uri: string;
  readonly value: string;
}

type Fields = Record<string, unknown>;

/** An element that is open. */
interface Frame {
  readonly path: string;
  /** what may be within it; undefined where one resource is to be */
  readonly shape: Shape | undefined;
  /** what its children are put into */
  readonly fields: Fields;
  /** as member of the frame around it */
  readonly member: Member | undefined;
  /** of a primitive */
  readonly value?: Scalar | undefined;
  /** arrays of primitives: values and what goes with them, `null` where there is none */
  readonly lists: Map<Member, { readonly values: unknown[]; readonly extras: unknown[] }>;
  /** objects and arrays around it, as JSON counts them */
  readonly depth: number;
  /** a resource was put into it */
  isFilled: boolean;
}

type Scalar = string | boolean | number | Digits;

const INSTANCE_NAMESPACE = 'http://www.w3.org/2001/XMLSchema-instance';
const NAMESPACES = 'http://www.w3.org/2000/xmlns/';
/** A name may have so many wrong letters and still be told. */
const FAR = 2;

export interface BuildOptions {
  readonly definitions: Definitions;
  /** objects and arrays within one another, in the JSON of the resource */
  readonly maxDepth: number;
  /** keeps the digits of numbers; else they are numbers of JavaScript, and those that cannot be are refused */
  readonly isExact: boolean;
}

/** Keeps its own stack: no nesting can use up that of the calls. */
export class Builder {
  readonly #options: BuildOptions;
  readonly #open: Frame[] = [];
  #resource: Fields | undefined;

  constructor(options: BuildOptions) {
    this.#options = options;
  }

  /** @returns the resource, once its element is closed */
  get resource(): unknown {
    return this.#resource;
  }

  /** path of the innermost open element */
  get path(): string | undefined {
    return this.#open.at(-1)?.path;
  }

  /** @returns true when the element is a narrative, which is text here: the caller reads on to its end, and gives it to `narrative` */
  open(tag: OpenTag): boolean {
    const around = this.#open.at(-1);
    if (!around) return this.#openResource(tag, undefined);
    const { shape } = around;
    if (!shape) return this.#openResource(tag, around);
    const member = shape.members.get(tag.local);
    if (member?.kind === 'xhtml') return true;
    checkNamespace(tag, around.path);
    if (!member || member.kind === 'attribute') throw unknownElement(tag.local, shape, around.path);
    this.#openMember(tag, member, around);
    return false;
  }

  close(): void {
    const frame = this.#open.pop()!;
    settleLists(frame);
    const { member, path } = frame;
    const around = this.#open.at(-1);
    if (member?.kind === 'primitive') return this.#closePrimitive(frame, member, around!);
    if (!frame.shape && !frame.isFilled)
      throw new XmlStop('xml-empty', 'write a resource into this element, or leave it out', path);
    if (!around) this.#resource = frame.fields;
  }

  /** @param div XHTML as JSON has it */
  narrative(div: string): void {
    const { fields, path } = this.#open.at(-1)!;
    if (fields.div !== undefined) throw repeated(`${path}.div`);
    fields.div = div;
  }

  #openResource(tag: OpenTag, around: Frame | undefined): boolean {
    checkNamespace(tag, around?.path ?? 'the root');
    const shape = shapeOf(this.#options.definitions, tag.local);
    if (!shape?.isResource)
      throw new XmlStop(
        'xml-root',
        'an element that is named as a resource type of R4 is to stand here, such as Patient',
        around?.path,
      );
    if (around?.isFilled) throw new XmlStop('xml-repeat', 'one resource is to stand here', around.path);
    const fields = around?.fields ?? {};
    if (around) around.isFilled = true;
    fields.resourceType = shape.type;
    const frame = {
      ...{ path: around?.path ?? shape.type, shape, fields, member: undefined },
      ...{ lists: new Map(), depth: around?.depth ?? 1, isFilled: false },
    };
    this.#attributes(tag, shape, frame);
    this.#open.push(frame);
    return false;
  }

  #openMember(tag: OpenTag, member: Member, around: Frame): void {
    const { definitions, maxDepth } = this.#options;
    const count = countOf(around, member);
    const path = `${around.path}.${member.name}${member.isArray ? `[${count}]` : ''}`;
    if (count > 0 && !member.isArray) throw repeated(path);
    const depth = around.depth + (member.isArray ? 2 : 1);
    if (depth > maxDepth)
      throw new XmlStop('xml-depth', 'there is more within one another than is read', path);
    const type = member.kind === 'primitive' ? 'Element' : member.type;
    const shape = member.kind === 'resource' ? undefined : shapeOf(definitions, type);
    const fields: Fields = {};
    const frame: Frame = { path, shape, fields, member, lists: new Map(), depth, isFilled: false };
    const value = this.#attributes(tag, shape, frame);
    this.#open.push(value === undefined ? frame : { ...frame, value });
    if (member.kind === 'primitive') return;
    if (!member.isArray) around.fields[member.name] = fields;
    else if (count > 0) (around.fields[member.name] as unknown[]).push(fields);
    else around.fields[member.name] = [fields];
  }

  /** Puts attributes that are elements in JSON where they belong. @returns the value of a primitive */
  #attributes({ attributes }: OpenTag, shape: Shape | undefined, frame: Frame): Scalar | undefined {
    let value: Scalar | undefined;
    for (const { local, prefix, uri, value: text } of Object.values(attributes)) {
      if (uri === NAMESPACES || uri === INSTANCE_NAMESPACE || (prefix === '' && local === 'xmlns')) continue;
      const { member, path } = frame;
      const isOwn = uri === '' && shape?.members.get(local)?.kind === 'attribute';
      if (isOwn) frame.fields[local] = text;
      else if (uri === '' && local === 'value' && member?.kind === 'primitive')
        value = this.#scalar(member, text, path);
      else throw unknownAttribute(frame);
    }
    return value;
  }

  #scalar(member: Member, text: string, path: string): Scalar {
    if (member.json === 'string') return text;
    if (member.json === 'boolean') {
      if (text === 'true' || text === 'false') return text === 'true';
      throw new XmlStop('xml-value', 'the value of a boolean is true or false', path);
    }
    const plain = text.replace(/^\+/, '');
    if (!isNumber(plain))
      throw new XmlStop('xml-value', 'write the value as a number, such as 12 or 1.50', path);
    if (this.#options.isExact) return exactly(plain);
    const number = Number(plain);
    const isKept = /^-?\d+$/.test(plain) ? String(number) === plain.replace(/^-0$/, '0') : true;
    if (isKept && Number.isFinite(number)) return number;
    throw new XmlStop('xml-value', 'the number has more digits than numbers keep: write fewer', path);
  }

  #closePrimitive({ fields, value, path }: Frame, member: Member, around: Frame): void {
    const hasMore = Object.keys(fields).length > 0;
    if (value === undefined && !hasMore)
      throw new XmlStop('xml-empty', 'give the element a value, or leave it out', path);
    const { name } = member;
    if (member.isArray) {
      const list = around.lists.get(member)!;
      list.values.push(value ?? null);
      list.extras.push(hasMore ? fields : null);
      return;
    }
    if (value !== undefined) around.fields[name] = value;
    if (hasMore) around.fields[`_${name}`] = fields;
  }
}

/** @returns how many of the element there are already; begins the list of a primitive's values */
function countOf({ fields, lists }: Frame, member: Member): number {
  const { name, isArray, kind } = member;
  if (!isArray) return fields[name] === undefined && fields[`_${name}`] === undefined ? 0 : 1;
  if (kind !== 'primitive') return ((fields[name] ?? []) as unknown[]).length;
  const list = lists.get(member);
  if (list) return list.values.length;
  const values: unknown[] = [];
  lists.set(member, { values, extras: [] });
  fields[name] = values; // in its place among the others
  return 0;
}

/** JSON has an array of values and one of what goes with them, each only where it holds something. */
function settleLists({ fields, lists }: Frame): void {
  for (const [{ name }, { values, extras }] of lists) {
    if (values.every((one) => one === null)) delete fields[name];
    if (extras.some((one) => one !== null)) fields[`_${name}`] = extras;
  }
}

function checkNamespace({ uri }: OpenTag, path: string): void {
  if (uri === FHIR_NAMESPACE) return;
  throw new XmlStop(
    'xml-namespace',
    `the element is not in the namespace of FHIR: write xmlns="${FHIR_NAMESPACE}" on the root`,
    path === 'the root' ? undefined : path,
  );
}

/** The wrong name is not repeated: it may be a misplaced value. */
function unknownElement(name: string, { members }: Shape, path: string): XmlStop {
  const names = [...members.values()].flatMap((one) => (one.kind === 'attribute' ? [] : [one.name]));
  const near = nearestName(name, names, FAR);
  const hint = members.get(name)
    ? `${name} is an attribute here: write ${name}="…"`
    : `there is no such element here${near === undefined ? ': correct its name, or leave it out' : `: ${near} is perhaps meant`}`;
  return new XmlStop('xml-element', hint, path);
}

function unknownAttribute({ member, path, shape }: Frame): XmlStop {
  const allowed = [
    ...(member?.kind === 'primitive' ? ['value'] : []),
    ...[...(shape?.members.values() ?? [])].flatMap((one) => (one.kind === 'attribute' ? [one.name] : [])),
  ];
  const hint =
    allowed.length === 0
      ? 'the element has no attributes: what is an element in FHIR is one here'
      : `the attributes of this element are ${allowed.join(' and ')}: others are elements, or nothing of FHIR`;
  return new XmlStop('xml-attribute', hint, path);
}

function repeated(path: string): XmlStop {
  return new XmlStop('xml-repeat', 'the element may stand here once: leave the others out', path);
}
