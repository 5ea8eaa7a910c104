/** Lays JSON text out for people, sign by sign: the digits of its numbers stay as they were written. */

const TOKEN = /["{}[\],:]|[^\s{}[\],:"]+/g;

/** @param text JSON, trusted to be well formed */
export function prettyJson(text: string): string {
  const parts: string[] = [];
  const tokens = new RegExp(TOKEN);
  let depth = 0;
  let before = '';
  for (let found = tokens.exec(text); found; found = tokens.exec(text)) {
    let [token] = found;
    if (token === '"') {
      const end = endOfText(text, found.index);
      token = text.slice(found.index, end);
      tokens.lastIndex = end;
    }
    const isEmpty = (before === '{' && token === '}') || (before === '[' && token === ']');
    if (token === '}' || token === ']') {
      depth--;
      if (!isEmpty) parts.push(lineAt(depth));
    } else if (before === '{' || before === '[' || before === ',') parts.push(lineAt(depth));
    parts.push(token === ':' ? ': ' : token);
    if (token === '{' || token === '[') depth++;
    before = token;
  }
  return parts.join('');
}

/** @returns the character behind the closing quote */
function endOfText(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first--;
  return (at - first) % 2 === 1;
}

function lineAt(depth: number): string {
  return `\n${'  '.repeat(depth)}`;
}
