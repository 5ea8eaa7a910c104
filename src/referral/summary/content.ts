/** What a summary of a referral says to a GP practice or referrer: plain text in the order in which it is read. */

/** Why a summary is written. */
export type SummaryTrigger = 'accepted' | 'closed' | 'action';

/** Somebody with a part in it, as they are named to a reader. */
export interface Party {
  readonly name?: string;
  readonly role?: string;
  readonly organisation?: string;
  /** ODS code of the organisation */
  readonly odsCode?: string;
  readonly phone?: string;
  readonly email?: string;
}

export interface Action {
  readonly text: string;
  /** a safety finding: it stands before all others */
  readonly isSafety: boolean;
}

/** Something that was offered. */
export interface Support {
  readonly what: string;
  readonly where?: string;
  /** `Taken up`, `Declined`, `Waiting for a place` */
  readonly state: string;
  readonly isTakenUp: boolean;
  readonly date?: string;
  readonly note?: string;
}

export interface Contacts {
  readonly attended: number;
  readonly missed: number;
  /** as the service counted them, where it did */
  readonly counted?: number;
  readonly first?: string;
  readonly last?: string;
  /** `3 by telephone`, most first */
  readonly ways: readonly string[];
}

/** One value of a score. */
export interface ScorePoint {
  readonly date: string;
  readonly atMs: number;
  readonly value: number;
  readonly band?: string;
}

/** What became of a score: only instruments whose reading is published. */
export interface ScoreCourse {
  /** code in CodeSystem score */
  readonly code: string;
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** `higher is better` */
  readonly reading?: string;
  /** oldest first, at least one */
  readonly points: readonly ScorePoint[];
  /** last less first; absent with one point */
  readonly change?: number;
  /** `better: a reliable change (3 points or more)`; only where a threshold is published */
  readonly meaning?: string;
}

export interface GoalLine {
  readonly text: string;
  readonly achievement: string;
}

export interface Closure {
  readonly state: string;
  readonly reason?: string;
  readonly date?: string;
}

export interface Summary {
  readonly trigger: SummaryTrigger;
  readonly title: string;
  /** the whole of it in a line or two */
  readonly headline: string;
  /** the person agreed to codes, numbers and dates only: nothing that anybody wrote is in it */
  readonly isCodedOnly: boolean;
  readonly isRestricted: boolean;
  readonly person: {
    readonly name: string;
    /** in groups of three, three and four */
    readonly nhsNumber?: string;
    readonly born?: string;
    readonly died?: string;
  };
  readonly linkWorker: Party;
  readonly referrer: Party;
  readonly practice: Party;
  readonly actions: readonly Action[];
  readonly notices: readonly string[];
  readonly referred?: string;
  readonly accepted?: string;
  readonly reasons: readonly string[];
  readonly whatMatters: readonly string[];
  readonly support: readonly Support[];
  readonly contacts: Contacts;
  readonly scores: readonly ScoreCourse[];
  readonly outcomes: readonly string[];
  readonly ownWords: readonly string[];
  readonly goals: readonly GoalLine[];
  readonly plan: readonly string[];
  readonly closure?: Closure;
}
