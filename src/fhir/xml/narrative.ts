/** Turns the XHTML of a narrative between JSON, where it is text, and XML, where it is part of the document; never into broken XML. */
import { SaxesParser } from 'saxes';
import { escapedText } from './escape.ts';
import { XHTML_NAMESPACE } from './shape.ts';

/** Elements within one another; people need no more. */
export const NARRATIVE_DEPTH = 100;

/**
 * @param div as JSON has it
 * @returns it whole where it is one well-formed div; else a div with its text, in which no tag is one
 */
export function narrativeXml(div: string): string {
  const text = div.trim();
  const found = rootOf(text);
  if (found === 'xhtml') return text;
  if (found === 'bare') return text.replace(/^<div/, `<div xmlns="${XHTML_NAMESPACE}"`);
  return `<div xmlns="${XHTML_NAMESPACE}">${escapedText(div)}</div>`;
}

/** @returns what the text is: a div of XHTML, a div that names no namespace, or neither */
function rootOf(text: string): 'xhtml' | 'bare' | undefined {
  const parser = new SaxesParser({ xmlns: true, forceXMLVersion: true, defaultXMLVersion: '1.0' });
  let found: 'xhtml' | 'bare' | undefined;
  let depth = 0;
  const stop = (): never => {
    throw NOT_A_DIV;
  };
  parser.on('error', stop);
  for (const event of ['doctype', 'xmldecl', 'processinginstruction'] as const) parser.on(event, stop);
  parser.on('opentag', ({ name, uri }) => {
    if (++depth > NARRATIVE_DEPTH) stop();
    if (depth > 1) return;
    if (name !== 'div' || (uri !== XHTML_NAMESPACE && uri !== '')) stop();
    found = uri === '' ? 'bare' : 'xhtml';
  });
  parser.on('closetag', () => {
    depth--;
  });
  try {
    parser.write(text).close();
  } catch (error) {
    if (error !== NOT_A_DIV) throw error;
    return undefined;
  }
  return found;
}

const NOT_A_DIV = new Error('not a div');
