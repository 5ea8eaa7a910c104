/** What every part of a search is made with: the engine's words, the numbers of names, who asks, and which resource is meant. */
import type { Viewer } from '../../viewer.ts';
import type { Names } from '../index-rows.ts';
import type { Sql } from '../sql-text.ts';
import type { Dialect } from '../statement.ts';
import type { Node, Wording } from './node.ts';

/** Knows the numbers of names. */
export type Numbers = Pick<Names, 'known'>;

export interface Asking {
  readonly dialect: Dialect;
  readonly names: Numbers;
  readonly viewer: Viewer;
  /** when it is asked: consents hold for a time */
  readonly nowMs: number;
  /** conditions that go along references and were found to leave few: they are gathered, the others looked up for each resource */
  readonly few: ReadonlySet<Node>;
  /** types and owners of which there are many, as searches find out */
  readonly manyOwned?: Set<string> | undefined;
  /** joins that it stands within */
  readonly depth: number;
  /** condition on the resource that the asking is at */
  readonly holds: (asking: Asking, type: string, node: Node) => Sql;
  /** what the viewer may see of it */
  readonly seen: (asking: Asking, type: string, alias: string) => Sql;
}

/** No row has the name yet: nothing matches, and number 0 stands for none. */
const NO_NAME = 0;

export function numberOf({ names }: Asking, name: string): number {
  return names.known(name) ?? NO_NAME;
}

/** Words for conditions on the columns of a table. */
export function wordingOf(asking: Asking): Wording {
  const of = (name: string): number => numberOf(asking, name);
  return {
    systemOf: of,
    numberOf: of,
    isContent: false,
    place: asking.dialect === 'sqlite' ? 'instr' : 'strpos',
  };
}

/** Alias of the resource at a depth: `r` is the one that is searched. */
export function aliasOf({ depth }: Asking): string {
  return depth === 0 ? 'r' : `r${depth}`;
}

export function within(asking: Asking): Asking {
  return { ...asking, depth: asking.depth + 1 };
}

/** Numbers of names that are parted by spaces, looked up once a statement of PostgreSQL: by them and the rid an index leads to rows. */
export const NUMBERED = "ARRAY(SELECT nid FROM name WHERE text = ANY (string_to_array(?, ' ')))";

/** PostgreSQL looks up row by row what ends so; else it may read all that any row could want, before it gives the first. */
export const FENCE: Readonly<Record<Dialect, string>> = { sqlite: '', postgres: ' OFFSET 0' };

/** SQLite joins in the order of the words only when told to. */
export const JOIN: Readonly<Record<Dialect, string>> = { sqlite: 'CROSS JOIN', postgres: 'JOIN' };
