/** Tells what is certain of a SNOMED CT code without the terminology: its form, its check digit, and value sets that name their concepts. */
import { snomedFault } from '../../fhir/identifiers.ts';
import type { Told } from './part.ts';

/** Compositional grammar and expression constraints start with a concept, a bracket or a definition status. */
const EXPRESSION = /^\s*(?:===|<<<|\(|\d{6,18}\s*[|:+])/;
const ONE_CONCEPT = /^\(?\s*(\d{6,18})\s*(?:\|[^|]*\|)?\s*\)?$/;

/**
 * @returns false for what is no SNOMED CT concept id and no expression; undefined for all else, for concepts come and go
 * @source SNOMED CT Release File Specification, SCTID; hl7.org/fhir/R4/snomedct.html
 */
export function snomedTold(code: string): Told {
  if (EXPRESSION.test(code)) return undefined;
  const fault = snomedFault(code);
  return fault === undefined || fault === 'us-extension' ? undefined : false;
}

/**
 * @param expression a constraint of the Expression Constraint Language
 * @returns the concepts, where it does no more than name them: `248234008 OR 300202002 |Confused|`
 */
export function enumeratedConcepts(expression: string): ReadonlySet<string> | undefined {
  const isBracketed = /^\([^()]*\)$/.test(expression.trim());
  const inner = isBracketed ? expression.trim().slice(1, -1) : expression;
  const found = new Set<string>();
  for (const part of inner.split(/\sOR\s/i)) {
    const code = ONE_CONCEPT.exec(part.trim())?.[1];
    if (code === undefined) return undefined;
    found.add(code);
  }
  return found;
}

/** How an implicit value set of SNOMED CT is named, with the edition and version left out. */
const IMPLICIT = /^http:\/\/snomed\.info\/sct(?:\/\d+(?:\/version\/\d+)?)?\?fhir_vs(?:=(.*))?$/;

/**
 * @param url as in `http://snomed.info/sct?fhir_vs=isa/138875005`
 * @returns what the value set surely holds or not; undefined when the URL is none of SNOMED CT's
 * @source hl7.org/fhir/R4/snomedct.html#implicit
 */
export function implicitSnomed(url: string): ((code: string) => Told) | undefined {
  const match = IMPLICIT.exec(url);
  if (!match) return undefined;
  const [, query = ''] = match;
  const root = query.startsWith('isa/') ? query.slice('isa/'.length) : undefined;
  const concepts = query.startsWith('ecl/')
    ? enumeratedConcepts(decoded(query.slice('ecl/'.length)))
    : undefined;
  return (code) => {
    if (snomedTold(code) === false) return false;
    if (concepts) return concepts.has(code);
    return code === root ? true : undefined;
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not encoded at all
  }
}
