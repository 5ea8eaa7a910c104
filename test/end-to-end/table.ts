/** Turns a table as it is printed for people back into its cells. */

/** @param head first heading of the table @returns its rows without the headings, cells without padding */
export function cellsOf(output: string, head: string): string[][] {
  const lines = output.split('\n');
  const from = lines.findIndex((line) => cells(line)[0] === head);
  if (from < 0) throw new Error(`no table begins with ${head}:\n${output}`);
  const to = lines.findIndex((line, at) => at > from && line.startsWith('└'));
  return lines.slice(from + 1, to).flatMap((line) => (line.startsWith('│') ? [cells(line)] : []));
}

function cells(line: string): string[] {
  return line
    .split('│')
    .slice(1, -1)
    .map((cell) => cell.trim());
}
