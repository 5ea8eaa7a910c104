/** Turns a stream of XML bytes into calls for its elements and text, in constant memory. */
import { SaxesParser } from 'saxes';
import { AdapterError, issueOf } from '../fhir/outcome.ts';

/** Element names come without their prefix: some programs write `x:row` for `row`. */
export interface XmlHandler {
  open?(name: string, attributes: Readonly<Record<string, string>>): void;
  text?(text: string): void;
  close?(name: string): void;
}

/**
 * Parses XML chunk by chunk; after each the caller may take what its handler has gathered.
 * @throws AdapterError `read-xml` for text that is no XML, has a DOCTYPE, or is not UTF-8
 */
export async function* parseXml(chunks: AsyncIterable<Buffer>, handler: XmlHandler): AsyncGenerator<void> {
  const parser = new SaxesParser<{ xmlns: false }>();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  parser.on('error', (error) => {
    throw error;
  });
  // No workbook has one, and what it can define is only good for harm.
  parser.on('doctype', () => {
    throw new Error('DOCTYPE');
  });
  parser.on('opentag', (tag) =>
    handler.open?.(localName(tag.name), tag.attributes as Record<string, string>),
  );
  parser.on('text', (text) => handler.text?.(text));
  parser.on('cdata', (text) => handler.text?.(text));
  parser.on('closetag', (tag) => handler.close?.(localName(tag.name)));
  for await (const chunk of chunks) {
    guarded(() => parser.write(decoder.decode(chunk, { stream: true })));
    yield;
  }
  guarded(() => parser.write(decoder.decode()).close());
  yield;
}

/** Parses XML to its end. @throws AdapterError as `parseXml` */
export async function readXml(chunks: AsyncIterable<Buffer>, handler: XmlHandler): Promise<void> {
  for await (const _ of parseXml(chunks, handler));
}

function guarded(parse: () => void): void {
  try {
    parse();
  } catch (cause) {
    if (cause instanceof AdapterError) throw cause;
    // The parser's own words may quote the text: they are left out.
    const diagnostics =
      'the workbook is damaged: a part of it is not XML; open it and save it again as .xlsx';
    throw new AdapterError('permanent', issueOf({ rule: 'read-xml', code: 'structure', diagnostics }));
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
