/** Holds one GraphQL query to what it may cost: before it runs by its form, while it runs by what it reads. */
import { type DocumentNode, Kind, Lexer, type SelectionSetNode, Source, TokenKind } from 'graphql';
import { type GraphqlRefusal, tooCostly } from './refusal.ts';

/** Words and signs of a query. */
export const MOST_TOKENS = 6_000;
/** Fields of a query, each fragment counted wherever it is used; deep enough for the introspection that tools send. */
const MOST_FIELDS = 1_000;
const DEEPEST = 15;
/** Brackets within one another: of fields, and of lists and objects among their arguments. The parser goes down one by one. */
const DEEPEST_BRACKETS = 64;

const MOST = { searches: 100, resources: 2_000, evaluations: 5_000, values: 200_000 } as const;

/** What one query still may do. */
export class Budget {
  readonly #left: Record<keyof typeof MOST, number> = { ...MOST };

  /** @throws GraphqlRefusal `graphql-cost` when it is more than the query may */
  spend(what: keyof typeof MOST, many = 1): void {
    this.#left[what] -= many;
    if (this.#left[what] < 0)
      throw tooCostly(
        `This query needs more than ${MOST[what]} ${what}; ask for fewer lists within lists, or smaller pages with _count.`,
      );
  }
}

interface Size {
  readonly fields: number;
  readonly depth: number;
}

const NOTHING: Size = { fields: 0, depth: 0 };

const OPENING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/** @returns why the query is not even parsed @throws GraphQLError for what is no token */
export function nestingRefusal(query: string): GraphqlRefusal | undefined {
  const lexer = new Lexer(new Source(query));
  let depth = 0;
  for (let tokens = 0; tokens < MOST_TOKENS; tokens++) {
    const { kind } = lexer.advance();
    if (kind === TokenKind.EOF) return undefined;
    if (OPENING.has(kind)) depth++;
    else if (CLOSING.has(kind)) depth--;
    if (depth > DEEPEST_BRACKETS) return tooDeep();
  }
  return undefined; // the parser refuses it
}

function tooDeep(): GraphqlRefusal {
  return tooCostly(`This query is nested deeper than ${DEEPEST}; ask for less in several queries.`);
}

/** @returns why the query is not run, by the form of its largest operation */
export function costRefusal(document: DocumentNode): GraphqlRefusal | undefined {
  const sizes = sizesOf(document);
  if (sizes.depth > DEEPEST) return tooDeep();
  if (sizes.fields > MOST_FIELDS)
    return tooCostly(
      `This query has more than ${MOST_FIELDS} fields, with aliases and fragments counted wherever they are used; ask for less in several queries.`,
    );
  return undefined;
}

/** Each fragment is measured once, so that fragments within fragments cannot make the measuring long; a cycle is not followed: it is refused later. */
function sizesOf(document: DocumentNode): Size {
  const fragments = new Map(
    document.definitions.flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [],
    ),
  );
  const known = new Map<string, Size>();
  const ofFragment = (name: string): Size => {
    const size = known.get(name);
    if (size) return size;
    known.set(name, NOTHING);
    const fragment = fragments.get(name);
    const found = fragment ? ofSet(fragment.selectionSet) : NOTHING;
    known.set(name, found);
    return found;
  };
  const ofSet = ({ selections }: SelectionSetNode): Size => {
    let fields = 0;
    let depth = 0;
    for (const selection of selections) {
      const within =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? ofFragment(selection.name.value)
          : selection.selectionSet
            ? ofSet(selection.selectionSet)
            : NOTHING;
      const own = selection.kind === Kind.FIELD ? 1 : 0;
      fields += within.fields + own;
      depth = Math.max(depth, within.depth + own);
    }
    return { fields, depth };
  };
  const sizes = document.definitions.flatMap((one) =>
    one.kind === Kind.OPERATION_DEFINITION ? [ofSet(one.selectionSet)] : [],
  );
  return {
    fields: Math.max(0, ...sizes.map(({ fields }) => fields)),
    depth: Math.max(0, ...sizes.map(({ depth }) => depth)),
  };
}
