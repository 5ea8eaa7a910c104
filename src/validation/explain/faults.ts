/** Collects faults with the place each is at, in the words of a FHIR OperationOutcome. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf } from '../../fhir/outcome.ts';
import type { TypeBook } from '../element-rules.ts';

/** Where a value stands, and which definition is asking. */
export class Place {
  /** FHIRPath of the value */
  readonly expression: string;
  /** objects around it */
  readonly depth: number;
  readonly book: TypeBook | undefined;
  /** bindings are left to a profile, which may have put others in their place */
  readonly leavesBindings: boolean;

  constructor(expression: string, depth = 0, book?: TypeBook, leavesBindings = false) {
    this.expression = expression;
    this.depth = depth;
    this.book = book;
    this.leavesBindings = leavesBindings;
  }

  below(name: string): Place {
    return new Place(`${this.expression}.${name}`, this.depth + 1, this.book, this.leavesBindings);
  }

  item(index: number): Place {
    return new Place(`${this.expression}[${index}]`, this.depth, this.book, this.leavesBindings);
  }

  /** The same place, as another definition sees it. */
  of(book: TypeBook): Place {
    return new Place(this.expression, this.depth, book, this.leavesBindings);
  }

  /** The same place, of a resource that the definitions around it have no say in. */
  within(): Place {
    return new Place(this.expression, this.depth);
  }

  /** The same place, where a profile will be asked too. */
  beforeProfiles(): Place {
    return new Place(this.expression, this.depth, this.book, true);
  }

  /** @returns what a definition's type is called in messages */
  nameOf(type: string): string {
    return this.book?.isProfile && this.book.type === type ? `${type} as ${this.book.url} allows it` : type;
  }
}

export interface FaultDetail {
  readonly severity?: OperationOutcomeIssue['severity'] | undefined;
  readonly code?: OperationOutcomeIssue['code'] | undefined;
}

/** Issue type of faults of form. */
export const STRUCTURE = { code: 'structure' } as const;

const OWN_PREFIX = /^(?:fhir|profile|invariant|bundle|questionnaire|terminology)-/;

/** Faults that a base type and a profile on it both find are said once, as the base type's. */
export class Faults {
  readonly issues: OperationOutcomeIssue[] = [];
  /** how many errors there are so far */
  errors = 0;
  /** where each fault stands among the issues, by rule and place */
  readonly #said = new Map<string, number>();

  /**
   * @param rule rule id; without one of the known prefixes it is `fhir-…` in a type of FHIR and `profile-…` in a profile
   * @param text what is wrong and what to change, after the name of the place
   */
  add(at: Place, rule: string, text: string, { severity = 'error', code }: FaultDetail = {}): void {
    const bare = rule.replace(/^(?:fhir|profile)-/, '');
    const key = `${bare} ${at.expression}`;
    if (severity === 'error' || severity === 'fatal') this.errors++;
    const before = this.#said.get(key);
    if (before !== undefined && !isWorse(severity, this.issues[before]!.severity)) return;
    this.#said.set(key, before ?? this.issues.length);
    const prefix = at.book?.isProfile ? 'profile' : 'fhir';
    this.issues[before ?? this.issues.length] = issueOf({
      severity,
      ...(code && { code }),
      rule: OWN_PREFIX.test(rule) ? rule : `${prefix}-${rule}`,
      diagnostics: `${at.expression} ${text}.`,
      expression: at.expression,
      specification: specificationOf(at),
    });
  }

  /** @returns true when a fault is known at the place or below it */
  hasBelow({ expression }: Place): boolean {
    return this.issues.some((issue) => issue.expression?.[0]?.startsWith(expression));
  }
}

const SEVERITIES: readonly OperationOutcomeIssue['severity'][] = ['information', 'warning', 'error', 'fatal'];

function isWorse(one: OperationOutcomeIssue['severity'], other: OperationOutcomeIssue['severity']): boolean {
  return SEVERITIES.indexOf(one) > SEVERITIES.indexOf(other);
}

/** Data types whose definitions stand together on one page. */
const METADATA: ReadonlySet<string> = new Set([
  'ContactDetail',
  'Contributor',
  'DataRequirement',
  'Expression',
  'ParameterDefinition',
  'RelatedArtifact',
  'TriggerDefinition',
  'UsageContext',
]);

/** @returns the page that says what is right: of the profile, or of the type in R4 */
function specificationOf({ book }: Place): string | undefined {
  if (!book) return 'http://hl7.org/fhir/R4/json.html';
  if (book.isProfile || book.kind === 'logical') return book.url;
  const { type } = book;
  if (book.kind === 'resource') return `http://hl7.org/fhir/R4/${type.toLowerCase()}-definitions.html`;
  const page = METADATA.has(type)
    ? 'metadatatypes'
    : type === 'Extension'
      ? 'extensibility'
      : type === 'Reference'
        ? 'references'
        : 'datatypes';
  return `http://hl7.org/fhir/R4/${page}-definitions.html#${type}`;
}
