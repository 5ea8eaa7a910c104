/** Turns a page of the documentation into its fenced blocks, and those into examples that can be run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** A fenced block: ```` ```text issues ````. */
export interface Block {
  /** the words behind the fence: `text`, `issues` */
  readonly words: readonly string[];
  readonly text: string;
  /** the line that the block begins on */
  readonly line: number;
}

/** A map with what is shown around it, in the page's order. */
export interface Example {
  readonly map: Block;
  readonly blocks: readonly Block[];
}

/** @param name of a file in docs/ */
export function blocksOf(name: string): Block[] {
  const page = readFileSync(join(ROOT, 'docs', name), 'utf8');
  return [...page.matchAll(/^```(\w.*)\n([\s\S]*?)^```$/gm)].map(([, info, text], index, all) => ({
    words: info!.trim().split(' '),
    text: text!,
    line: page.slice(0, all[index]!.index).split('\n').length,
  }));
}

/** What stands between a record and what comes of it. */
const BECOMES = '// becomes\n';

/** @returns the word behind the language, which says what a block is for; of a whole map none */
export function roleOf({ words, text }: Block): string {
  return words[1] ?? (text.includes(BECOMES) ? 'run' : '');
}

/** @returns the record of a block, and what comes of it; no result where none is shown */
export function runOf({ text }: Block): { record: unknown; result: unknown } {
  const [record, result] = text.split(BECOMES).map((json): unknown => JSON.parse(json));
  return { record, result };
}

/** An example starts with its map, and goes on to the next one. */
export function examplesOf(blocks: readonly Block[]): Example[] {
  const starts = blocks.filter((block) => block.words[0] === 'fml' && ['', 'rules'].includes(roleOf(block)));
  return starts.map((map, index) => {
    const end = starts[index + 1]?.line ?? Number.POSITIVE_INFINITY;
    return { map, blocks: blocks.filter(({ line }) => line > map.line && line < end) };
  });
}

/** @returns the first block of a role that stands before a line */
export function settled(blocks: readonly Block[], role: string, line: number): Block | undefined {
  return blocks.findLast((block) => roleOf(block) === role && block.line < line);
}
