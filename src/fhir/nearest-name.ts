/** Finds among known names the one that a wrong name was most likely meant to be. */

/** Longer names are not compared: the work grows with the product of both lengths. */
const LONGEST_NAME = 100;

/**
 * @param far edits that make the wrong name another one, at most; capitals count for nothing
 * @returns the known name with the fewest edits, the first of several; undefined when all are further away
 */
export function nearestName(wrong: string, known: readonly string[], far: number): string | undefined {
  const near = known.filter(({ length }) => length <= LONGEST_NAME && Math.abs(length - wrong.length) <= far);
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const name of near) {
    const distance = editDistance(wrong.toLowerCase(), name.toLowerCase());
    if (distance < least) [best, least] = [name, distance];
  }
  return least <= far ? best : undefined;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
