/** Says what is wrong with XML: where by line and column, in which element, and what to change; never with words of the text. */
import { type Fault, refuse } from '../outcome.ts';

/** Ends the reading of a text; never leaves this folder. */
export class XmlStop extends Error {
  readonly rule: string;
  readonly hint: string;
  /** names of the definitions alone: `Patient.contact[0]` */
  readonly path: string | undefined;

  constructor(rule: string, hint: string, path?: string) {
    super(hint);
    this.rule = rule;
    this.hint = hint;
    this.path = path;
  }
}

const SPECIFICATION = 'https://hl7.org/fhir/R4/xml.html';
const CODES: Readonly<Record<string, Fault['code']>> = {
  'xml-depth': 'too-costly',
  'xml-attributes': 'too-costly',
  'xml-too-long': 'too-long',
};

/** @param at character of the text at which the fault was found, from 0 */
export function refuseAt(text: string, at: number, { rule, hint, path }: XmlStop): ReturnType<typeof refuse> {
  const fault: Fault = {
    code: CODES[rule] ?? 'structure',
    rule,
    diagnostics: `${placeOf(text, at)}${path === undefined ? '' : `, ${path}`}: ${hint}.`,
    ...(path === undefined ? {} : { expression: path }),
    specification: SPECIFICATION,
  };
  return refuse(fault);
}

function placeOf(text: string, at: number): string {
  const before = text.slice(0, Math.max(0, Math.min(at, text.length)));
  const line = before.split('\n').length;
  return `line ${line}, column ${before.length - before.lastIndexOf('\n')}`;
}
