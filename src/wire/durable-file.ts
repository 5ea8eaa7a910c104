/** Writes files so that each is whole under its name, and on the disk, once that is said. */
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** @param path of a file that only the adapter's user may read; what was there is replaced at once or not at all */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await writeDurably(`${path}.part`, content);
  await moveDurably(`${path}.part`, path);
}

/** Writes a file in place: until that is done, it may be half there. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gives a file its name; that is on the disk when its folder is. */
export async function moveDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  const folder = await open(dirname(to));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
