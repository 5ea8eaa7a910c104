/** Makes the same SQL in the words of both engines, once the names that it speaks of have numbers. */
import type { Names } from '../index-rows.ts';
import type { Sql } from '../sql-text.ts';
import type { Dialect, Step } from '../statement.ts';
import type { Asking } from './asking.ts';

export interface BothTexts {
  readonly texts: Readonly<Record<Dialect, string>>;
  readonly values: readonly (string | number)[];
}

/** @param make pure; asked again when a name had to be looked up @returns undefined where there is nothing to ask */
export function* bothTexts(
  asking: Asking,
  make: (asking: Asking) => Sql | undefined,
): Step<BothTexts | undefined> {
  const unknown = new Set<string>();
  const known = (text: string): number | undefined => {
    const number = asking.names.known(text);
    if (number === undefined) unknown.add(text);
    return number;
  };
  let sqlite = make({ ...asking, names: { known }, dialect: 'sqlite' });
  let isNumbered = false;
  for (const name of unknown)
    if ((yield* (asking.names as Names).find(name)) !== undefined) isNumbered = true;
  if (isNumbered) sqlite = make({ ...asking, dialect: 'sqlite' });
  if (!sqlite) return undefined;
  const texts = {
    sqlite: sqlite.text,
    /** asked for once a statement, not once a question */
    get postgres() {
      return make({ ...asking, dialect: 'postgres' })!.text;
    },
  };
  return { texts, values: sqlite.values };
}
