/** Tells an operator of what delivery alone cannot mend: one notice when an incident begins, one when it is over. */
import type { Incident, IncidentStore, Notice } from '../store/incidents.ts';
import { retryDelayMs } from './schedule.ts';

/** What the worker of a target has seen of it. */
export interface TargetHealth {
  readonly target: string;
  /** since when it has not answered as it should; undefined while it does */
  readonly downSinceMs: number | undefined;
  /** groups in a row that it failed */
  readonly failures: number;
}

export interface AlertRules {
  /** minutes that a target may fail before somebody is told */
  readonly targetDownMinutes: number;
  /** groups in a row that may fail before somebody is told, however short that took */
  readonly targetDownFailures: number;
  /** hours that a delivery may wait, whatever for, before somebody is told */
  readonly oldestHours: number;
}

export interface AlertOptions {
  readonly rules: AlertRules;
  readonly incidents: IncidentStore;
  readonly writable: () => Promise<boolean>;
  readonly health: () => readonly TargetHealth[];
  readonly clock: () => number;
  readonly random: () => number;
  /** sends a notice on; rejects when nobody took it */
  readonly tell: (notice: Notice) => Promise<void>;
  readonly log: (notice: Notice) => void;
}

const LEASE_MS = 60_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const UNWRITABLE = 'store-unwritable';

export class Alerts {
  readonly #options: AlertOptions;
  /** a store that takes no writes keeps no incident: this one is kept here */
  #unwritable: { readonly incident: Incident; told: boolean } | undefined;
  /** tries to send a notice, by incident */
  readonly #tries = new Map<string, number>();

  constructor(options: AlertOptions) {
    this.#options = options;
  }

  /** Looks once, opens and closes incidents, and sends the notices that are due. Never rejects for a notice that nobody took. */
  async look(): Promise<void> {
    await this.#lookAtStore();
    if (this.#unwritable) return;
    const { incidents, clock, health } = this.#options;
    const open = new Map((await incidents.openCauses()).map((one) => [one.cause, one]));
    for (const target of health()) {
      await this.#settle(open, downOf(target, this.#options));
      await this.#settle(open, await this.#waitingLong(target.target));
    }
    for (const notice of await incidents.takeNotices(clock(), LEASE_MS)) await this.#send(notice);
  }

  async #settle(open: ReadonlyMap<string, Incident>, found: Finding): Promise<void> {
    const { incidents, clock } = this.#options;
    if (found.state === 'wrong' && !open.has(found.cause)) await incidents.open(found, clock());
    if (found.state === 'well' && open.has(found.cause)) await incidents.close(found.cause, clock());
  }

  async #waitingLong(target: string): Promise<Finding> {
    const { incidents, clock, rules } = this.#options;
    const cause = `oldest-delivery:${target}`;
    const waitedMs = await incidents.longestWaitMs(target, clock());
    if (waitedMs === undefined || waitedMs < rules.oldestHours * HOUR_MS) return { state: 'well', cause };
    const detail = `The oldest delivery to target ${target} has waited for more than ${rules.oldestHours} hours. Look at what the target answers, and at the worklist; nothing was dropped.`;
    return { state: 'wrong', cause, target, detail };
  }

  async #lookAtStore(): Promise<void> {
    const { writable, clock, log } = this.#options;
    const isWritable = await writable();
    if (!isWritable && !this.#unwritable) {
      const detail =
        'The store cannot be written: intake answers 507, and deliveries wait. Free space on its disk, or bring its database back; it goes on by itself.';
      const incident = { id: UNWRITABLE, cause: UNWRITABLE, target: undefined, detail };
      this.#unwritable = {
        incident: { ...incident, openedMs: clock(), closedMs: undefined },
        told: false,
      };
      log({ incident: this.#unwritable.incident, of: 'opened' });
    }
    if (!this.#unwritable) return;
    if (!this.#unwritable.told)
      this.#unwritable.told = await this.#told({ incident: this.#unwritable.incident, of: 'opened' });
    if (!isWritable) return;
    const closed = { ...this.#unwritable.incident, closedMs: clock() };
    const { told } = this.#unwritable;
    this.#unwritable = undefined;
    log({ incident: closed, of: 'closed' });
    if (told) await this.#told({ incident: closed, of: 'closed' });
  }

  async #send(notice: Notice): Promise<void> {
    const { incidents, clock, random, log } = this.#options;
    const { id } = notice.incident;
    const tries = (this.#tries.get(id) ?? 0) + 1;
    if (tries === 1) log(notice);
    if (await this.#told(notice)) {
      this.#tries.delete(id);
      await incidents.told(notice);
      return;
    }
    this.#tries.set(id, tries);
    await incidents.putOff(notice, clock(), retryDelayMs(tries, random));
  }

  async #told(notice: Notice): Promise<boolean> {
    return await this.#options.tell(notice).then(
      () => true,
      () => false,
    );
  }
}

type Finding =
  | { readonly state: 'well' | 'unclear'; readonly cause: string }
  | { readonly state: 'wrong'; readonly cause: string; readonly target: string; readonly detail: string };

/** A target that fails, but not for long, is neither down nor up again: an incident that is open stays so. */
function downOf(
  { target, downSinceMs, failures }: TargetHealth,
  { rules, clock }: Pick<AlertOptions, 'rules' | 'clock'>,
): Finding {
  const cause = `target-down:${target}`;
  if (downSinceMs === undefined) return { state: failures === 0 ? 'well' : 'unclear', cause };
  const isLong = clock() - downSinceMs >= rules.targetDownMinutes * MINUTE_MS;
  if (!isLong && failures < rules.targetDownFailures) return { state: 'unclear', cause };
  const detail = `Target ${target} has not taken deliveries since ${new Date(downSinceMs).toISOString()}. Look at its address, credentials and state; everything for it waits, and goes on by itself when it answers.`;
  return { state: 'wrong', cause, target, detail };
}
