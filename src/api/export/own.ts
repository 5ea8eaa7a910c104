/** Finds the export that an address names, for the client whose own it is; for all others there is none. */
import type { Request, Response } from 'express';
import { EXPORT_ID } from '../../research/export/files.ts';
import type { KeptExport, Store, Viewer } from '../../store/store.ts';
import { accessOf } from '../access.ts';
import { sendFault } from '../respond.ts';

/** @returns undefined once it is answered that there is none: not to whom it belongs, nor whether it ever was */
export async function ownExport(
  { store, clock }: { readonly store: Pick<Store, 'exports'>; readonly clock: () => number },
  request: Request,
  response: Response,
): Promise<KeptExport | undefined> {
  const access = accessOf(response);
  const id = String(request.params.id);
  const kept = EXPORT_ID.test(id) ? await store.exports.get(id) : undefined;
  const isOwn = kept?.client === access.client && kept.ownerOrg === access.organisation;
  const isOver = kept?.untilMs !== undefined && kept.untilMs <= clock();
  if (kept && isOwn && !isOver) return kept;
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'export-unknown',
    diagnostics: 'There is no such export: it was removed, its time is over, or it is not of this client.',
  });
  return undefined;
}

/** @returns whether who asks now may see all that an export of a type could hold when it was made */
export function seesAsMuch(now: Viewer, then: Viewer, type: string): boolean {
  const sees = (viewer: Viewer): unknown => {
    const sets = viewer.types === undefined ? [[]] : (viewer.types.get(type) ?? []);
    return sets.some((set) => set.length === 0) ? 'all' : sets;
  };
  const isOf = (organisation: string): boolean => now.organisations?.includes(organisation) ?? true;
  const own = now.organisations === undefined || (then.organisations?.every(isOf) ?? false);
  const isOpen = (viewer: Viewer): boolean => viewer.seesRestricted === true || viewer.breaksGlass;
  return (
    own &&
    now.purpose === then.purpose &&
    (isOpen(now) || !isOpen(then)) &&
    (sees(now) === 'all' || JSON.stringify(sees(now)) === JSON.stringify(sees(then)))
  );
}
