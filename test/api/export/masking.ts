/** A change on the way out, as a thread of an export loads it: ids and names are masked, and who is to be left out is. */
import type { BulkTransform } from '../../../src/research/export/transform.ts';
import type { Identified } from '../../../src/store/store.ts';

interface Settings {
  readonly mask: string;
  readonly without: string;
  readonly failAt?: string;
}

export function bulkTransform(settings: unknown): BulkTransform {
  const { mask, without, failAt } = settings as Settings;
  return {
    apply({ resource }) {
      if (resource.id === without) return undefined;
      if (resource.id === failAt) throw new Error(`a value of ${resource.id}`);
      const { resourceType, meta } = resource;
      return { resourceType, meta, id: `${mask}-${resource.id.slice(0, 4)}` } as Identified;
    },
    gone: (_type, id) => `${mask}-${id.slice(0, 4)}`,
  };
}
