/** Reads members of untrusted JSON, and gathers what is wrong with them, each with its place. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf } from '../../fhir/outcome.ts';

export type Members = Readonly<Record<string, unknown>>;

const SPECIFICATION = 'https://sql-on-fhir.org/ig/StructureDefinition/ViewDefinition';
/** Most issues that are worth reading. */
const MOST_ISSUES = 100;
/** In every element: its id, its extensions, and the comments of those who write views by hand. */
const EVERYWHERE = ['id', 'extension', 'modifierExtension', 'fhir_comments'];
/** Usable as a name in a wide variety of databases. @source SQL on FHIR v2, invariant sql-name */
const SQL_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

export class Reader {
  readonly issues: OperationOutcomeIssue[] = [];

  /** @param at FHIRPath of the element at fault @param diagnostics what is wrong and what to change */
  fault(rule: string, at: string, diagnostics: string): void {
    if (this.issues.length < MOST_ISSUES)
      this.issues.push(
        issueOf({ rule, diagnostics: `${at}: ${diagnostics}`, expression: at, specification: SPECIFICATION }),
      );
  }

  /** @returns the object; names that are not `known` are faults */
  object(value: unknown, at: string, known: readonly string[]): Members | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.fault('view-element', at, 'an object is expected here.');
      return undefined;
    }
    for (const name of Object.keys(value))
      if (!known.includes(name.replace(/^_/, '')) && !EVERYWHERE.includes(name))
        this.fault(
          'view-element',
          `${at}.${name}`,
          `a view has no element ${name} here; leave it out or mend its name.`,
        );
    return value as Members;
  }

  /** @returns the entries of an array with their places; none where it is absent */
  list(owner: Members, name: string, at: string): { value: unknown; at: string }[] {
    const value = owner[name];
    if (value === undefined) return [];
    if (!Array.isArray(value) || value.length === 0) {
      this.fault(
        'view-element',
        `${at}.${name}`,
        `${name} is an array with at least one entry, or is left out.`,
      );
      return [];
    }
    return value.map((entry, i) => ({ value: entry, at: `${at}.${name}[${i}]` }));
  }

  text(owner: Members, name: string, at: string, isNeeded = false): string | undefined {
    const value = owner[name];
    if (typeof value === 'string' && value !== '') return value;
    if (value !== undefined)
      this.fault('view-element', `${at}.${name}`, `${name} is a text that is not empty.`);
    else if (isNeeded) this.fault('view-required', `${at}.${name}`, `${name} is missing; give one.`);
    return undefined;
  }

  flag(owner: Members, name: string, at: string): boolean {
    const value = owner[name];
    if (value !== undefined && typeof value !== 'boolean')
      this.fault('view-element', `${at}.${name}`, `${name} is true or false, without quotation marks.`);
    return value === true;
  }

  /** @returns a name that databases take */
  sqlName(owner: Members, at: string, isNeeded: boolean): string | undefined {
    const name = this.text(owner, 'name', at, isNeeded);
    if (name === undefined || (SQL_NAME.test(name) && name.length <= 255)) return name;
    this.fault(
      'view-name',
      `${at}.name`,
      'a name starts with a letter, goes on with letters, digits and underscores, and has 255 characters at most.',
    );
    return undefined;
  }

  /** @returns whether there are no more than `most` */
  within(count: number, most: number, at: string, what: string): boolean {
    if (count <= most) return true;
    if (count === most + 1) this.fault('view-limit', at, `a view has ${most} ${what} at most; split it.`);
    return false;
  }
}
