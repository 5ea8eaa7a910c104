/** The platform's webhooks as its reader gives them. */

export interface ContactDetails {
  readonly phone?: string;
  readonly mobile?: string;
  readonly email?: string;
}

export interface Organisation {
  readonly id: string;
  readonly name?: string;
  readonly odsCode?: string;
  readonly type?: string;
  readonly contact?: ContactDetails;
  readonly parent?: Organisation;
}

export interface Worker {
  readonly id: string;
  readonly sdsUserId?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly jobRole?: string;
  readonly jobTitle?: string;
  readonly organisation?: Organisation;
  readonly contact?: ContactDetails;
}

export interface Concern {
  readonly id: string;
  readonly code?: string;
  readonly snomed?: string;
  readonly detail?: string;
}

export interface ConsentAnswer {
  readonly topic: string;
  readonly answer: string;
  readonly at?: string;
  readonly codesOnly?: boolean;
}

export interface Goal {
  readonly id: string;
  readonly statement?: string;
  readonly domain?: string;
  readonly agreedOn?: string;
  readonly targetOn?: string;
  readonly progress?: string;
  readonly progressOn?: string;
  readonly remarks?: string;
}

export interface Activity {
  readonly id: string;
  readonly name?: string;
  readonly category?: string;
  readonly provider?: Organisation;
}

export interface Onward {
  readonly id: string;
  readonly state: string;
  readonly stateReason?: string;
  readonly madeAt?: string;
  readonly activity: Activity;
  readonly concerns?: readonly Concern[];
  readonly remarks?: string;
}

export interface Referral {
  readonly id: string;
  readonly ubrn?: string;
  readonly type: string;
  readonly state: string;
  readonly stateReason?: string;
  readonly stateReasonText?: string;
  readonly stateSince?: string;
  readonly acceptedAt?: string;
  readonly createdAt?: string;
  readonly urgency?: string;
  readonly channel?: string;
  readonly channelText?: string;
  readonly concerns?: readonly Concern[];
  readonly domains?: readonly string[];
  readonly whatMatters?: string;
  readonly hopes?: string;
  readonly remarks?: string;
  readonly handedOverFrom?: string;
}

export interface Client {
  readonly id: string;
  readonly nhsNumber?: string;
  readonly nhsNumberTrace?: string;
  readonly noNhsNumberReason?: string;
  readonly otherIds?: readonly { readonly system: string; readonly value: string }[];
  readonly title?: string;
  readonly firstName?: string;
  readonly middleNames?: string;
  readonly lastName?: string;
  readonly knownAs?: string;
  readonly birthDate?: string;
  readonly gender?: string;
  readonly ethnicity?: string;
  readonly address?: {
    readonly lines?: readonly string[];
    readonly town?: string;
    readonly county?: string;
    readonly postcode?: string;
  };
  readonly contact?: ContactDetails;
  readonly preferences?: {
    readonly method?: string;
    readonly times?: string;
    readonly language?: string;
    readonly interpreter?: boolean;
    readonly communication?: string;
  };
  readonly practice?: Organisation;
  readonly deceased?: boolean;
  readonly deceasedOn?: string;
  readonly accommodation?: string;
  readonly adjustments?: readonly string[];
  readonly alerts?: readonly { readonly id: string; readonly type: string; readonly detail?: string }[];
}

export interface Relative {
  readonly id: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly relation?: string;
  readonly relationText?: string;
  readonly contact?: ContactDetails;
}

export interface ReferralRecord {
  readonly referral: Referral;
  readonly client: Client;
  readonly referredBy?: {
    readonly professional?: Worker;
    readonly relative?: Relative;
    readonly self?: boolean;
  };
  readonly service?: Organisation;
  readonly worker?: Worker;
  readonly onward?: readonly Onward[];
  readonly consents?: readonly ConsentAnswer[];
}

export interface ContactRecord {
  readonly contact: {
    readonly id: string;
    readonly clientId: string;
    readonly referralId?: string;
    readonly onwardId?: string;
    readonly start?: string;
    readonly day?: string;
    readonly end?: string;
    readonly minutes?: number;
    readonly channel: string;
    readonly kind?: string;
    readonly outcome: string;
    readonly outcomeReason?: string;
    readonly outcomeReasonText?: string;
    readonly sessionId?: string;
    readonly place?: string;
    readonly attempt?: number;
    readonly remarks?: string;
  };
  readonly worker?: Worker;
  readonly consents?: readonly ConsentAnswer[];
}

export interface Answer {
  readonly item: string;
  readonly value?: number;
  readonly amount?: number;
  readonly words?: string;
}

export interface QuestionnaireRecord {
  readonly form: {
    readonly id: string;
    readonly clientId: string;
    readonly referralId?: string;
    readonly contactId?: string;
    readonly tool: string;
    readonly toolVersion?: string;
    readonly completedAt: string;
    readonly point?: string;
    readonly filledInBy?: string;
    readonly answers?: readonly Answer[];
    readonly results?: readonly { readonly name: string; readonly value: number }[];
    readonly remarks?: string;
  };
  readonly worker?: Worker;
}

export interface SupportRecord {
  readonly support: {
    readonly id: string;
    readonly clientId: string;
    readonly referralId?: string;
    readonly contactId?: string;
    readonly category: string;
    readonly categoryText?: string;
    readonly state: string;
    readonly on?: string;
    readonly concerns?: readonly Concern[];
    readonly activity?: Activity;
    readonly provider?: Organisation;
    readonly whatMatters?: string;
    readonly reviewOn?: string;
    readonly goals?: readonly Goal[];
    readonly onward?: readonly Onward[];
    readonly remarks?: string;
  };
  readonly worker?: Worker;
}

export interface OutcomeRecord {
  readonly closure: {
    readonly id: string;
    readonly clientId: string;
    readonly referralId: string;
    readonly state: string;
    readonly stateReason?: string;
    readonly stateReasonText?: string;
    readonly closedAt: string;
    readonly firstContactAt?: string;
    readonly lastContactAt?: string;
    readonly contacts?: number;
    readonly results?: readonly {
      readonly id: string;
      readonly outcome?: string;
      readonly domain?: string;
      readonly change?: string;
      readonly detail?: string;
    }[];
    readonly goals?: readonly Goal[];
    readonly ownWords?: string;
    readonly gpAction?: string;
    readonly practiceId?: string;
    readonly remarks?: string;
  };
  readonly worker?: Worker;
  readonly consents?: readonly ConsentAnswer[];
}
