/** Turns a viewer into conditions on resources: what they may not see is in no answer, whatever the question. */
import { SEES_ALL, type Viewer } from '../viewer.ts';
import { sealedSql } from './sealed.ts';
import { type Asking, FENCE } from './search/asking.ts';
import { holdsSql } from './search/holds.ts';
import type { Owned } from './search/node.ts';
import { nodesOf } from './search/nodes.ts';
import { ALWAYS, allOf, among, anyOf, NEVER, type Sql, sql } from './sql-text.ts';

/** Types of a directory: where nobody's, they are seen by all. */
const DIRECTORY: ReadonlySet<string> = new Set([
  'HealthcareService',
  'Organization',
  'Questionnaire',
  'Schedule',
  'Slot',
]);

/** @returns whether nothing is hidden from them, so that statements need no condition */
export function seesAll(viewer: Viewer): boolean {
  const { organisations, types, breaksGlass, purpose, seesRestricted } = viewer;
  const isUnsealed = breaksGlass || (seesRestricted === true && purpose === undefined);
  return organisations === undefined && types === undefined && isUnsealed;
}

/** @returns whether what they may see of a type is worded alike at all times: neither a consent nor a scope is asked */
export function isSteady({ types, purpose }: Viewer, type: string): boolean {
  return purpose === undefined && (types?.get(type) ?? [[]]).some((set) => set.length === 0);
}

/**
 * What a viewer may see of a type. Scopes, and who owns it, are those of the current version.
 * @param alias of the row of `resource`; the asking is at its depth
 * @param of `history`: of earlier versions any that has a label hides them all
 */
export function seenSql(
  asking: Asking,
  type: string,
  alias: string,
  of: 'current' | 'history' = 'current',
): Sql {
  const { viewer, nowMs } = asking;
  const version = of === 'current' ? { version: `${alias}.version` } : {};
  const sealed = sealedSql(viewer, { rid: `${alias}.rid`, person: `${alias}.person_id`, ...version }, nowMs);
  const unsealed = sealed ? sql(sealed.text, ...(sealed.values as (string | number)[])) : ALWAYS;
  return allOf([ownSql(asking, type, alias), scopedSql(asking, type), unsealed]);
}

/** @returns what a search can start from where it finds little of a viewer's among what is others' */
export function ownedNode({ organisations }: Viewer, type: string): Owned | undefined {
  return organisations === undefined || DIRECTORY.has(type) ? undefined : { kind: 'owned', organisations };
}

/** What their organisations own, or said something of. */
function ownSql({ viewer, dialect }: Asking, type: string, alias: string): Sql {
  const { organisations } = viewer;
  if (organisations === undefined) return ALWAYS;
  const said = among('c.owner_org', organisations);
  return anyOf([
    among(`${alias}.owner_org`, organisations),
    sql(
      `EXISTS (SELECT 1 FROM contribution c WHERE c.type = ${alias}.type AND c.id = ${alias}.id AND ${said.text}${FENCE[dialect]})`,
      ...said.values,
    ),
    ...(DIRECTORY.has(type) ? [sql(`${alias}.person_id IS NULL`)] : []),
  ]);
}

function scopedSql(asking: Asking, type: string): Sql {
  const { types } = asking.viewer;
  const whole = { ...asking, viewer: SEES_ALL }; // what a scope itself asks of others is not asked for its client
  if (types === undefined) return ALWAYS;
  const sets = types.get(type);
  if (!sets) return NEVER;
  if (sets.some((set) => set.length === 0)) return ALWAYS;
  return anyOf(
    sets.map((set) => {
      const { text, values } = allOf(nodesOf(type, set).map((node) => holdsSql(whole, type, node)));
      return { text: `(${text})`, values };
    }),
  );
}
