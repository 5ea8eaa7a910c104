/** Turns paths into the resources to be checked: files, folders with all that is below, lines of NDJSON, standard input. */
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AdapterError, type Checked, refuse } from '../../fhir/outcome.ts';
import { decodeText } from '../../source/decode.ts';
import { parseJson, refuseTooLong } from '../../source/json.ts';
import { READ_LIMITS } from '../../source/limits.ts';
import { linesOf } from '../../source/lines.ts';

/** One resource of a file, or why it cannot be read. */
export interface Given {
  /** path as it was given; `-` is standard input */
  readonly file: string;
  /** from 1, of NDJSON */
  readonly line: number | undefined;
  readonly value: Checked<unknown>;
}

/** Standard input, by name. */
const STDIN = '-';

const IS_LINES = /\.(?:ndjson|jsonl)$/i;
const IS_READ = /\.(?:json|ndjson|jsonl)$/i;

/**
 * @param paths files (of any name), folders, or `-`
 * @returns files in order, those of a folder by name; or the first path that is not there
 */
export function filesOf(paths: readonly string[]): Checked<readonly string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = path === STDIN ? undefined : statSync(path, { throwIfNoEntry: false });
    if (path !== STDIN && !found) return missing(path);
    const own = found?.isDirectory() ? below(path) : [path];
    if (own.length === 0) return nothingIn(path);
    files.push(...own);
  }
  return { ok: true, value: files };
}

function below(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : below(path);
    return IS_READ.test(entry.name) && entry.isFile() ? [path] : [];
  });
}

function missing(path: string): ReturnType<typeof refuse> {
  const hint = /[*?[]/.test(path)
    ? 'no file is named so; let the shell write the names out, or give the folder'
    : 'check the path, which starts at the current folder';
  return refuse({
    code: 'not-found',
    rule: 'validate-path',
    diagnostics: `There is no file or folder ${path}: ${hint}.`,
  });
}

function nothingIn(path: string): ReturnType<typeof refuse> {
  return refuse({
    code: 'not-found',
    rule: 'validate-path',
    diagnostics: `The folder ${path} holds no file that ends with .json, .ndjson or .jsonl.`,
  });
}

/**
 * Reads a file's resources; NDJSON line by line, in constant memory. Standard input is NDJSON when its first line is a whole
 * JSON text, else one document.
 * @throws the system's error when it cannot be read
 */
export async function* resourcesIn(file: string, stdin: AsyncIterable<Uint8Array>): AsyncGenerator<Given> {
  const chunks = file === STDIN ? stdin : (createReadStream(file) as AsyncIterable<Uint8Array>);
  const lines = linesOf(decodeText(chunks), READ_LIMITS.jsonBytes);
  try {
    if (IS_LINES.test(file)) yield* eachLine(file, lines, 0);
    else if (file === STDIN) yield* eitherWay(file, lines);
    else yield { file, line: undefined, value: await whole(lines, []) };
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    yield { file, line: undefined, value: { ok: false, outcome: error.outcome } };
  }
}

type Lines = AsyncGenerator<string | undefined>;

async function* eachLine(file: string, lines: Lines, before: number): AsyncGenerator<Given> {
  let line = before;
  for await (const text of lines) {
    line++;
    if (text === undefined || text.trim() !== '') yield { file, line, value: parsed(text, 'the line') };
  }
}

async function* eitherWay(file: string, lines: Lines): AsyncGenerator<Given> {
  const { value: first, done } = await lines.next();
  const only = done ? '' : first;
  const read = parsed(only, 'the line');
  if (read.ok) {
    yield { file, line: 1, value: read };
    yield* eachLine(file, lines, 1);
  } else yield { file, line: undefined, value: await whole(lines, [only]) };
}

/** @returns one document, however many lines it has */
async function whole(lines: Lines, begun: readonly (string | undefined)[]): Promise<Checked<unknown>> {
  const texts: string[] = [];
  let length = 0;
  const add = (text: string | undefined): boolean => {
    length += text === undefined ? Number.POSITIVE_INFINITY : text.length + 1;
    if (text !== undefined) texts.push(text);
    return length <= READ_LIMITS.jsonBytes + 1;
  };
  for (const text of begun) if (!add(text)) return tooLong();
  for await (const text of lines) if (!add(text)) return tooLong();
  return parsed(texts.join('\n'), 'the file');
}

function tooLong(): Checked<unknown> {
  return refuseTooLong('the file', READ_LIMITS.jsonBytes);
}

function parsed(text: string | undefined, what: string): Checked<unknown> {
  return text === undefined ? refuseTooLong(what, READ_LIMITS.jsonBytes) : parseJson(text);
}
