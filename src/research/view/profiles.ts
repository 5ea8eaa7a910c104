/** Holds a view to the profiles that it says it keeps to: views to be shared, and views of plain tables. */
import { isPrimitive } from '../../fhirpath/types.ts';
import type { ColumnDefinition, SelectDefinition } from './definition.ts';
import type { Members, Reader } from './reader.ts';

const SHAREABLE = /\/ShareableViewDefinition(?:\||$)/;
const TABULAR = /\/TabularViewDefinition(?:\||$)/;

/** @source SQL on FHIR v2, ShareableViewDefinition, TabularViewDefinition */
export function checkProfiles(reader: Reader, view: Members, selects: readonly SelectDefinition[]): void {
  const claimed = (view.meta as { profile?: unknown } | null | undefined)?.profile;
  const claims = (pattern: RegExp): boolean =>
    Array.isArray(claimed) && claimed.some((one) => typeof one === 'string' && pattern.test(one));
  const columns = selects.flatMap(columnsOf);
  if (claims(SHAREABLE)) checkShareable(reader, view, columns);
  if (claims(TABULAR)) for (const column of columns) checkTabular(reader, column);
}

function columnsOf({ columns, selects, unionAll }: SelectDefinition): readonly ColumnDefinition[] {
  return [...columns, ...[...selects, ...unionAll].flatMap(columnsOf)];
}

function checkShareable(reader: Reader, view: Members, columns: readonly ColumnDefinition[]): void {
  for (const name of ['url', 'name', 'fhirVersion'])
    if (view[name] === undefined)
      reader.fault(
        'view-shareable',
        `ViewDefinition.${name}`,
        `a shareable view has ${name}; give it, or leave the profile out.`,
      );
  for (const { type, at } of columns)
    if (type === undefined)
      reader.fault(
        'view-shareable',
        `${at}.type`,
        'each column of a shareable view has its type; give it, or leave the profile out.',
      );
}

function checkTabular(reader: Reader, { collection, type, at }: ColumnDefinition): void {
  if (collection)
    reader.fault(
      'view-tabular',
      `${at}.collection`,
      'a tabular view has no collections; take one value, or leave the profile out.',
    );
  if (type !== undefined && !isPrimitive(type))
    reader.fault(
      'view-tabular',
      `${at}.type`,
      'a tabular view has primitive types alone; go on to a primitive, or leave the profile out.',
    );
}
