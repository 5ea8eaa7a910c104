/** Turns an answer of the ORD interface (2-0-0) into an organisation. */
import { z } from 'zod';
import type { OdsCodes, OdsLink, OdsOrganisation } from './organisation.ts';
import { odsCode } from './organisation.ts';

const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const dates = z.array(z.object({ Type: z.string(), Start: date.nullish(), End: date.nullish() })).default([]);
const target = z.object({
  OrgId: z.object({ extension: z.string() }),
  PrimaryRoleId: z.object({ id: z.string() }).optional(),
});

const ordSchema = z.object({
  Organisation: z.object({
    Name: z.string(),
    OrgId: z.object({ extension: z.string() }),
    Status: z.string(),
    LastChangeDate: date.optional(),
    Date: dates,
    Roles: z
      .object({
        Role: z.array(z.object({ id: z.string(), primaryRole: z.boolean().optional(), Status: z.string() })),
      })
      .optional(),
    Rels: z
      .object({ Rel: z.array(z.object({ id: z.string(), Status: z.string(), Target: target })) })
      .optional(),
    Succs: z
      .object({ Succ: z.array(z.object({ Type: z.string(), Date: dates, Target: target })) })
      .optional(),
  }),
});

type Ord = z.infer<typeof ordSchema>['Organisation'];

/** @returns undefined where the body has not the form of an organisation */
export function readOrd(body: unknown, codes: OdsCodes): OdsOrganisation | undefined {
  const parsed = ordSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { Organisation: said } = parsed.data;
  const works = said.Date.find(({ Type }) => Type === 'Operational');
  const pcn = said.Rels?.Rel.find(
    ({ Status, Target }) => Status === 'Active' && Target.PrimaryRoleId?.id === codes.pcnRole,
  );
  return {
    code: odsCode(said.OrgId.extension),
    name: said.Name,
    status: said.Status === 'Active' ? 'active' : 'inactive',
    roles: (said.Roles?.Role ?? []).map(({ id, primaryRole, Status }) => ({
      code: id,
      isPrimary: primaryRole === true,
      isActive: Status === 'Active',
    })),
    successors: linksOf(said, codes.successor),
    predecessors: linksOf(said, codes.predecessor),
    pcn: pcn && odsCode(pcn.Target.OrgId.extension),
    openedOn: works?.Start ?? undefined,
    closedOn: works?.End ?? undefined,
    lastChange: said.LastChangeDate,
  };
}

function linksOf({ Succs }: Ord, types: readonly string[]): OdsLink[] {
  const wanted = new Set(types.map((type) => type.toLowerCase()));
  return (Succs?.Succ ?? [])
    .filter(({ Type }) => wanted.has(Type.toLowerCase()))
    .map(({ Target, Date: said }) => ({
      code: odsCode(Target.OrgId.extension),
      since: said.find(({ Start }) => Start)?.Start ?? undefined,
    }));
}
