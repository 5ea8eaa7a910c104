/** Tells whether an export goes on as it was begun, without keeping what it is changed by: that may hold a key. */
import { createHash } from 'node:crypto';
import type { TransformPlace } from '../../research/export/transform.ts';

export function digestOfTransform(place: TransformPlace | undefined): string | undefined {
  if (!place) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([place.module, place.settings]))
    .digest('hex');
}
