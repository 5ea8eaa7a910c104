/** Finds the views that this adapter brings: by id, or by canonical address with or without a version. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ShippedView {
  readonly id: string;
  /** the ViewDefinition, as JSON */
  readonly json: Readonly<Record<string, unknown>>;
}

const END = '.view.json';

/** @param folder with a `{name}.view.json` for each; where there is none there are no views @returns in the order of their ids; one without an id has the name of its file */
export function readShippedViews(folder: string): readonly ShippedView[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith(END));
  return files
    .map((file): ShippedView => {
      const json = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>;
      const id = typeof json.id === 'string' ? json.id : file.slice(0, -END.length).replaceAll('_', '-');
      return { id, json: { resourceType: 'ViewDefinition', ...json, id } };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** @param reference `ViewDefinition/{id}`, an address of this base, or a canonical `url|version` */
export function findShipped(
  views: readonly ShippedView[],
  reference: string,
  base: string,
): ShippedView | undefined {
  const local = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;
  const id = /^ViewDefinition\/([A-Za-z0-9.-]{1,64})$/.exec(local)?.[1];
  if (id !== undefined) return views.find((one) => one.id === id);
  const [url, version] = reference.split('|', 2);
  return views.find(({ json }) => json.url === url && (version === undefined || json.version === version));
}
