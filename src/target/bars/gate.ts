/** Turns the gate of a BaRS service into one that asks consent of referrals to that service alone, and lets the rest be noted. */
import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import type { Part } from '../../nhs/bars/entries.ts';
import { type BarsService, isFor } from '../../nhs/bars/parts.ts';
import type { Identified, ResourceKey, Store } from '../../store/store.ts';
import type { Gate } from '../gate.ts';
import { notForTarget } from '../not-sent.ts';

export interface BarsGateOptions {
  readonly store: Pick<Store, 'readMany' | 'messages'>;
  /** asks consent, identity and restriction */
  readonly gate: Gate;
  readonly target: string;
  readonly service: BarsService;
}

/**
 * Of what is in line for a service only referrals and their Tasks make messages. What a message carries beside them is
 * gathered when it is made, and asked of the strict gate then: here it only is known to be there, without its content.
 */
export function createBarsGate({ store, gate, target, service }: BarsGateOptions): Gate {
  return async (asked) => {
    const { resource } = asked;
    const request = await requestOf(store, resource);
    if (request === undefined) return { send: true, resource: bareOf(resource) };
    // that a referral is taken back may always be said to whoever was told of it
    if ((isEnded(resource) || isEnded(request)) && (await wasTold(store, target, request)))
      return { send: true, resource: endOf(resource) };
    const isMeant = await isForService(store, request, service);
    if (isMeant || (await wasTold(store, target, request))) return await gate(asked);
    return { send: false, outcome: notForTarget(target), quiet: true };
  };
}

function bareOf({ resourceType, id }: Identified): Identified {
  return { resourceType, id } as Identified;
}

const ENDED: ReadonlySet<string | undefined> = new Set(['revoked', 'cancelled', 'entered-in-error']);

function isEnded(resource: Identified): boolean {
  const isOne = resource.resourceType === 'ServiceRequest' || resource.resourceType === 'Task';
  return isOne && ENDED.has(resource.status);
}

/** Which referral ended, and how. */
function endOf(resource: Identified): Identified {
  const { resourceType, id, status, focus } = resource as Task & { id: string };
  return {
    resourceType,
    id,
    status,
    ...(focus?.reference ? { focus: { reference: focus.reference } } : {}),
  } as Identified;
}

/** @returns the referral that a resource is, or is the Task of */
async function requestOf(
  store: Pick<Store, 'readMany'>,
  resource: Identified,
): Promise<(ServiceRequest & { id: string }) | undefined> {
  if (resource.resourceType === 'ServiceRequest') return resource;
  const focus = resource.resourceType === 'Task' ? resource.focus?.reference : undefined;
  if (!focus?.startsWith('ServiceRequest/')) return undefined;
  const [version] = await store.readMany([focus as ResourceKey]);
  return version?.resource?.resourceType === 'ServiceRequest' ? version.resource : undefined;
}

/** An offer is not sent: nobody has been referred yet. One that names no service is looked at, so that somebody hears of it. */
async function isForService(
  store: Pick<Store, 'readMany'>,
  request: ServiceRequest,
  service: BarsService,
): Promise<boolean> {
  if (request.status === 'draft') return false;
  const named = (request.performer ?? []).flatMap(({ reference }) =>
    reference && /^(HealthcareService|Organization)\//.test(reference) ? [reference as ResourceKey] : [],
  );
  const performers = named.length === 0 ? [] : await store.readMany(named);
  return (
    isFor(
      performers.flatMap(({ resource }) => (resource ? [resource as Part] : [])),
      service,
    ) !== 'another'
  );
}

/** What was sent there concerns it, wherever it is meant to go now. */
async function wasTold(
  store: Pick<Store, 'messages'>,
  target: string,
  { id }: ServiceRequest & { id: string },
): Promise<boolean> {
  return (await store.messages.about(`ServiceRequest/${id}`, target)).length > 0;
}
