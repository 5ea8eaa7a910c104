/** Turns documentation into the lines of a comment. */

/** @returns one line `// …` for each line of the text */
export function commentLines(documentation: string | undefined, indent = ''): string[] {
  const lines = documentation?.split(/\r\n?|\n/) ?? [];
  return lines.map((line) => (line === '' ? `${indent}//` : `${indent}// ${line}`));
}
