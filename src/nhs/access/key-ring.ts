/** Turns files and secrets into the signing keys that hold now, and takes up a new key when its file changes. */
import { AdapterError, type Checked, refuse } from '../../fhir/outcome.ts';
import type { SigningKey } from '../../wire/assertion.ts';
import { privateKeyOf } from './private-key.ts';
import { WatchedFile } from './watched-file.ts';

/** Where a key is: a file, or text that was had elsewhere, such as an environment variable. */
export type KeySource =
  | { readonly kid: string; readonly file: string }
  | { readonly kid: string; readonly pem: string; readonly name: string };

/** @returns the keys as they are at each call, in the order given @throws AdapterError when one cannot be used at the start */
export function openKeyRing(
  sources: readonly KeySource[],
  onKept: (kid: string) => void,
): () => readonly SigningKey[] {
  const keys = sources.map((source) =>
    'file' in source ? fileKey(source, onKept) : fixedKey(source.kid, source.pem, source.name),
  );
  return () => keys.map((key) => key());
}

function fixedKey(kid: string, pem: string, name: string): () => SigningKey {
  // Where a variable cannot hold lines, their ends are written out.
  const lines = pem.replaceAll('\\n', '\n');
  const key = { kid, key: needed(privateKeyOf(lines, `The environment variable ${name} (key ${kid})`)) };
  return () => key;
}

/** @param onKept told once of each change of the file that gives no key: the one before goes on */
function fileKey(
  { kid, file }: { readonly kid: string; readonly file: string },
  onKept: (kid: string) => void,
): () => SigningKey {
  const where = `The file ${file} (key ${kid})`;
  const watched = needed(watch(file, where));
  let text = watched.text();
  let current: SigningKey = { kid, key: needed(privateKeyOf(text, where)) };
  return () => {
    const now = watched.text();
    if (now === text) return current;
    text = now;
    const read = privateKeyOf(now, where);
    if (read.ok) current = { kid, key: read.value };
    else onKept(kid);
    return current;
  };
}

/** @returns the file, looked at; a refusal where it cannot be read */
export function watch(file: string, where: string): Checked<WatchedFile> {
  try {
    return { ok: true, value: new WatchedFile(file) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const diagnostics = `${where} cannot be read (${code}): put it there, readable to the adapter alone.`;
    return refuse({ code: 'security', rule: 'nhs-key', diagnostics });
  }
}

export function needed<T>(checked: Checked<T>): T {
  if (!checked.ok) throw new AdapterError('permanent', checked.outcome.issue[0]!);
  return checked.value;
}
