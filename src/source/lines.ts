/** Cuts a stream of text into lines, in constant memory. */

/** @param longest characters of a line; one that is longer comes as undefined, and is not kept */
export async function* linesOf(
  texts: AsyncIterable<string>,
  longest: number,
): AsyncGenerator<string | undefined> {
  let held = '';
  let isTooLong = false;
  for await (const text of texts) {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const line = held + text.slice(from, end);
      yield isTooLong || line.length > longest ? undefined : line;
      held = '';
      isTooLong = false;
      from = end + 1;
    }
    held = isTooLong ? '' : held + text.slice(from);
    if (held.length <= longest) continue;
    held = '';
    isTooLong = true;
  }
  if (isTooLong) yield undefined;
  else if (held !== '') yield held;
}
