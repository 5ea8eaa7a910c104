/** Turns a person and a document into how MESH is to find their practice, and what the subject of the message says. */
import { type Checked, refuse } from '../../fhir/outcome.ts';
import { plainLetters } from '../../wire/plain-letters.ts';

export interface Addressee {
  readonly nhsNumber?: string | undefined;
  /** FHIR date, whole */
  readonly birthDate?: string | undefined;
  readonly familyName?: string | undefined;
}

const LONGEST_TO = 100;
const LONGEST_SUBJECT = 500;

/**
 * @returns `GPPROVIDER_9990000018_17051948_Testperson`: MESH finds the practice that the person is registered with; refused
 *   where the person is not known well enough. The address holds person data: it is never logged
 * @source GP Connect messaging, MESH routing to a registered practice
 */
export function practiceAddress({ nhsNumber, birthDate, familyName }: Addressee): Checked<string> {
  const date = /^(\d{4})-(\d\d)-(\d\d)$/.exec(birthDate ?? '');
  const missing = [
    ...(nhsNumber === undefined ? ['a verified NHS number'] : []),
    ...(date === null ? ['a whole birth date'] : []),
    ...(familyName?.trim() ? [] : ['a family name']),
  ];
  const name = plainLetters(withoutControls(familyName ?? '').trim());
  const to = `GPPROVIDER_${nhsNumber}_${date?.[3]}${date?.[2]}${date?.[1]}_${name}`;
  const isPlain = /^[\x20-\x7e]*$/.test(name);
  if (missing.length === 0 && isPlain && to.length <= LONGEST_TO) return { ok: true, value: to };
  const ofName = isPlain
    ? 'the family name is too long'
    : 'the family name has letters that no header carries';
  const why = missing.length > 0 ? `the person has not ${missing.join(' nor ')}` : ofName;
  return refuse({
    code: 'incomplete',
    rule: 'gp-connect-address',
    diagnostics: `The practice cannot be found by MESH: ${why}. Trace the person, or send it to a mailbox.`,
    expression: 'Patient',
  });
}

export interface SubjectParts {
  readonly title: string;
  readonly person: string;
  readonly nhsNumber: string;
  readonly location: string;
  readonly odsCode: string;
  readonly version: string;
}

/** @param template with `{title}` and the like @returns one line of at most 500 characters; it holds person data */
export function subjectOf(template: string, parts: SubjectParts): string {
  const filled = template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = (parts as unknown as Record<string, string | undefined>)[name];
    return value ?? whole;
  });
  return withoutControls(filled).slice(0, LONGEST_SUBJECT);
}

/** A control character would begin another header. */
function withoutControls(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}
