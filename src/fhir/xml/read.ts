/** Turns XML text from outside into a resource, or into the JSON text of one, within bounds, or says where it is unfit. */
import type { Resource } from '@medplum/fhirtypes';
import { SaxesParser, type SaxesTagNS } from 'saxes';
import type { Definitions } from '../definitions.ts';
import type { Checked } from '../outcome.ts';
import { Builder } from './build.ts';
import { escapedAttribute, escapedText } from './escape.ts';
import { refuseAt, XmlStop } from './fault.ts';
import { NARRATIVE_DEPTH } from './narrative.ts';
import { XHTML_NAMESPACE } from './shape.ts';

export interface XmlLimits {
  /** characters of the text; default 10,000,000 */
  readonly maxLength?: number;
  /** objects and arrays within one another, in the JSON of the resource; default 64 */
  readonly maxDepth?: number;
  /** attributes of one element; default 50 */
  readonly maxAttributes?: number;
}

const LIMITS = { maxLength: 10_000_000, maxDepth: 64, maxAttributes: 50 } as const;

/**
 * Reads a resource. Order of elements, comments and processing instructions are passed over; a DOCTYPE is refused.
 * @param text decoded; its declaration may name UTF-8 or UTF-16 only
 * @returns the resource as JSON.parse would give it; or one refusal `xml-…`, by line and column
 * @source hl7.org/fhir/R4/xml.html
 */
export function resourceFromXml(
  text: string,
  definitions: Definitions,
  limits: XmlLimits = {},
): Checked<Resource> {
  return whole(parts(text, definitions, limits, false)) as Checked<Resource>;
}

/** Reads a resource as `resourceFromXml` does. @returns it as JSON text, with the digits of its numbers as they were written */
export function jsonOfXml(text: string, definitions: Definitions, limits: XmlLimits = {}): Checked<string> {
  return jsonText(whole(parts(text, definitions, limits, true)));
}

/** Reads as `jsonOfXml` does, in parts. @param turn awaited between them, so that others are not held up by a long text */
export async function jsonOfLongXml(
  text: string,
  definitions: Definitions,
  limits: XmlLimits,
  turn: () => Promise<unknown>,
): Promise<Checked<string>> {
  const reading = parts(text, definitions, limits, true);
  let step = reading.next();
  for (; !step.done; step = reading.next()) await turn();
  return jsonText(step.value);
}

function jsonText(found: Checked<unknown>): Checked<string> {
  return found.ok ? { ok: true, value: JSON.stringify(found.value) } : found;
}

type Reading = Generator<void, Checked<unknown>, void>;

function whole(reading: Reading): Checked<unknown> {
  let step = reading.next();
  while (!step.done) step = reading.next();
  return step.value;
}

/** Characters that are read at once: some twenty milliseconds. */
const PART = 100_000;

function* parts(text: string, definitions: Definitions, limits: XmlLimits, isExact: boolean): Reading {
  const { maxLength, maxDepth, maxAttributes } = { ...LIMITS, ...limits };
  const plain = text.startsWith('\ufeff') ? text.slice(1) : text;
  const tooLong = `the text is longer than ${maxLength.toLocaleString('en-GB')} characters: send it in smaller parts`;
  if (plain.length > maxLength) return refuseAt('', 0, new XmlStop('xml-too-long', tooLong));
  const builder = new Builder({ definitions, maxDepth, isExact });
  const reader = new Reader(plain, builder, maxAttributes);
  try {
    for (let at = 0; at < plain.length; at += PART) {
      if (at > 0) yield;
      reader.read(at, at + PART);
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof XmlStop)) throw error;
    return refuseAt(plain, reader.at, error);
  }
  return { ok: true, value: builder.resource };
}

/** Hands elements to the builder, and keeps narratives as they are written. */
class Reader {
  readonly #text: string;
  readonly #builder: Builder;
  readonly #parser = new SaxesParser({ xmlns: true, forceXMLVersion: true, defaultXMLVersion: '1.0' });
  #narrative: Narrative | undefined;

  constructor(text: string, builder: Builder, maxAttributes: number) {
    this.#text = text;
    this.#builder = builder;
    const parser = this.#parser;
    let attributes = 0;
    // The parser's own words may quote the text: they are left out.
    parser.on('error', () => this.#stop('xml-syntax', SYNTAX));
    parser.on('doctype', () => this.#stop('xml-doctype', 'a DOCTYPE is not read: leave it out'));
    parser.on('xmldecl', ({ encoding = 'utf-8' }) => {
      if (!/^utf-?(?:8|16)$/i.test(encoding))
        this.#stop('xml-encoding', 'write the text in UTF-8, and say so in its declaration');
    });
    parser.on('opentagstart', () => {
      attributes = 0;
    });
    parser.on('attribute', () => {
      if (++attributes > maxAttributes)
        this.#stop('xml-attributes', `an element has more than ${maxAttributes} attributes`);
    });
    parser.on('opentag', (tag) => this.#opened(tag));
    parser.on('closetag', (tag) => this.#closed(tag));
    parser.on('text', (found) => this.#textFound(found));
    parser.on('cdata', (found) => this.#textFound(found));
  }

  /** Character that was read last. */
  get at(): number {
    return Math.max(0, this.#parser.position - 1);
  }

  /** @param start, end characters of the text, which are read in order */
  read(start: number, end: number): void {
    this.#parser.write(this.#text.slice(start, end));
  }

  /** @throws XmlStop where something is still open */
  end(): void {
    this.#parser.close();
  }

  #opened(tag: SaxesTagNS): void {
    if (this.#narrative) return this.#narrative.open(tag);
    if (!this.#builder.open(tag)) return;
    if (tag.uri !== XHTML_NAMESPACE) this.#stop('xml-namespace', XHTML_HINT);
    const start = this.#text.lastIndexOf('<', this.#parser.position - 1);
    this.#narrative = new Narrative(start, `${this.#builder.path}.div`);
    this.#narrative.open(tag);
  }

  #closed(tag: SaxesTagNS): void {
    if (!this.#narrative) return this.#builder.close();
    if (!this.#narrative.close(tag)) return;
    const div = this.#narrative.div(this.#text, this.#parser.position);
    this.#narrative = undefined;
    this.#builder.narrative(div);
  }

  #textFound(text: string): void {
    if (this.#narrative) this.#narrative.text(text);
    else if (/[^ \t\r\n]/.test(text))
      this.#stop('xml-text', 'text may not stand between elements: a value is written as value="…"');
  }

  #stop(rule: string, hint: string): never {
    throw new XmlStop(rule, hint, this.#builder.path);
  }
}

/** The XHTML of one narrative, from its div on. */
class Narrative {
  readonly #start: number;
  readonly #path: string;
  #depth = 0;
  /** whether JSON can have the text as it stands: nothing in it hangs on what is declared around it */
  #isPlain = true;
  /** the same without prefixes */
  #written = '';

  constructor(start: number, path: string) {
    this.#start = start;
    this.#path = path;
  }

  open({ local, prefix, uri, attributes }: SaxesTagNS): void {
    if (++this.#depth > NARRATIVE_DEPTH)
      throw new XmlStop('xml-depth', 'the narrative is nested too deep', this.#path);
    if (uri !== XHTML_NAMESPACE) throw new XmlStop('xml-namespace', XHTML_HINT, this.#path);
    const isRoot = this.#depth === 1;
    if (prefix !== '' || (isRoot && attributes.xmlns === undefined)) this.#isPlain = false;
    const own = Object.values(attributes).flatMap((one) =>
      one.prefix === 'xmlns' || one.name === 'xmlns' ? [] : [` ${one.name}="${escapedAttribute(one.value)}"`],
    );
    const namespace = isRoot ? ` xmlns="${XHTML_NAMESPACE}"` : '';
    this.#written += `<${local}${namespace}${own.join('')}>`;
  }

  text(text: string): void {
    this.#written += escapedText(text);
  }

  /** @returns true when it was the div itself */
  close({ local }: SaxesTagNS): boolean {
    this.#written += `</${local}>`;
    this.#depth--;
    return this.#depth === 0;
  }

  /** @param end character behind the div @returns it as JSON has it */
  div(text: string, end: number): string {
    if (!this.#isPlain) return this.#written;
    return text.slice(this.#start, end).replace(/\r\n?/g, '\n'); // as a parser reads line ends
  }
}

const SYNTAX =
  'this is not well-formed XML: close what is opened, quote attributes, and write &amp; for & and &lt; for <';
const XHTML_HINT = `a narrative is XHTML: write <div xmlns="${XHTML_NAMESPACE}">`;
