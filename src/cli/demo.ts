/** Turns a first start without configuration into a demonstration: the example files of each source go into its drop folder. */
import { copyFileSync, globSync, mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * Puts each source's demo files into its inbox, whole or not at all.
 * @param sources names and folders
 * @returns the names of the files, by source
 */
export function dropDemoFiles(
  sources: readonly { readonly name: string; readonly folder: string }[],
  inboxDir: string,
): ReadonlyMap<string, readonly string[]> {
  const dropped = new Map<string, string[]>();
  for (const { name, folder } of sources) {
    const inbox = join(inboxDir, name);
    mkdirSync(inbox, { recursive: true });
    for (const file of globSync(join(folder, 'demo', '*.{csv,xlsx,ndjson,json}')).sort()) {
      const part = join(inbox, `.${basename(file)}.part`);
      copyFileSync(file, part);
      renameSync(part, join(inbox, basename(file)));
      dropped.set(name, [...(dropped.get(name) ?? []), basename(file)]);
    }
  }
  return dropped;
}
