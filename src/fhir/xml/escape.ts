/** Writes text so that XML gives it back as it was. */

const IN_TEXT = /[&<>\r]|[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const IN_ATTRIBUTE = /[&<>"\t\n\r]|[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;', // a parser would make a space of each of these
  '\n': '&#10;',
  '\r': '&#13;',
};

/** What no XML may hold, and FHIR does not allow in text either. */
const UNWRITABLE = '\ufffd';

export function escapedText(text: string): string {
  return text.replace(IN_TEXT, written);
}

/** @returns the value of an attribute, without its quotes, which are double */
export function escapedAttribute(text: string): string {
  return text.replace(IN_ATTRIBUTE, written);
}

function written(sign: string): string {
  return ENTITIES[sign] ?? UNWRITABLE;
}
