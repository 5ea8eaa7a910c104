/** The rows of the spreadsheet source, as its reader gives them: blank cells are absent, dates are ISO. */

export interface ReferralRow {
  readonly 'Referral ID': string;
  readonly 'Person ID': string;
  readonly 'NHS No'?: string;
  readonly 'NHS No checked'?: string;
  readonly 'No NHS No because'?: string;
  readonly Title?: string;
  readonly 'First name'?: string;
  readonly Surname: string;
  readonly 'Known as'?: string;
  readonly 'Date of Birth'?: string;
  readonly Gender?: string;
  readonly Ethnicity?: string;
  readonly Language?: string;
  readonly Interpreter?: string;
  readonly Address?: string;
  readonly Town?: string;
  readonly Postcode?: string;
  readonly Phone?: string;
  readonly Email?: string;
  readonly 'Contact by'?: string;
  readonly 'Access needs'?: readonly string[];
  readonly Home?: string;
  readonly 'Be aware'?: string;
  readonly 'Be aware of'?: string;
  readonly 'GP practice'?: string;
  readonly 'Practice code'?: string;
  readonly 'Referral date'?: string;
  readonly 'Referred by'?: string;
  readonly 'Referrer name'?: string;
  readonly 'Referrer organisation'?: string;
  readonly 'Referrer is their'?: string;
  readonly 'Referred or recommended'?: string;
  readonly Urgency?: string;
  readonly Reasons?: readonly string[];
  readonly 'Reason in words'?: string;
  readonly 'What matters to me'?: string;
  readonly Hopes?: string;
  readonly Service?: string;
  readonly 'Service code'?: string;
  readonly 'Link worker'?: string;
  readonly Status: string;
  readonly 'Status date'?: string;
  readonly 'Status reason'?: string;
  readonly 'Accepted on'?: string;
  readonly 'Handed over from'?: string;
  readonly 'OK to refer'?: string;
  readonly 'OK to share with GP'?: string;
  readonly 'OK for research'?: string;
  readonly 'Consent date'?: string;
}

export interface ContactRow {
  readonly 'Contact ID': string;
  readonly 'Person ID': string;
  readonly 'Referral ID'?: string;
  readonly 'Activity ID'?: string;
  readonly Start?: string;
  readonly Minutes?: number;
  readonly How: string;
  readonly Type?: string;
  readonly Attended: string;
  readonly 'Why not'?: string;
  readonly Attempt?: number;
  readonly 'Group session'?: string;
  readonly Place?: string;
  readonly 'Link worker'?: string;
  readonly Notes?: string;
}

export interface QuestionnaireRow {
  readonly 'Questionnaire ID': string;
  readonly 'Person ID': string;
  readonly 'Referral ID'?: string;
  readonly 'Contact ID'?: string;
  readonly Questionnaire: string;
  readonly Version?: string;
  readonly Date: string;
  readonly When?: string;
  readonly 'Filled in by'?: string;
  readonly Q1?: string;
  readonly Q2?: string;
  readonly Q3?: string;
  readonly Q4?: string;
  readonly Q5?: string;
  readonly Q6?: string;
  readonly Q7?: string;
  readonly Q8?: string;
  readonly Q9?: string;
  readonly Q10?: string;
  readonly Q11?: string;
  readonly Q12?: string;
  readonly Q13?: string;
  readonly Q14?: string;
  readonly 'Health today'?: string;
  readonly 'Concern 1'?: string;
  readonly 'Concern 2'?: string;
  readonly Total?: number;
  readonly 'PAM score'?: number;
  readonly 'PAM level'?: number;
  readonly 'Link worker'?: string;
  readonly Comments?: string;
}

export interface SupportRow {
  readonly 'Activity ID': string;
  readonly 'Person ID': string;
  readonly 'Referral ID'?: string;
  readonly Date?: string;
  readonly What: string;
  readonly 'In words'?: string;
  readonly 'Referred on to'?: string;
  readonly 'Run by'?: string;
  readonly Outcome: string;
  readonly Reasons?: readonly string[];
  readonly 'What matters to me'?: string;
  readonly Goal?: string;
  readonly 'Goal by'?: string;
  readonly 'Review on'?: string;
  readonly 'Link worker'?: string;
  readonly Notes?: string;
}

export interface OutcomeRow {
  readonly 'Referral ID': string;
  readonly 'Person ID': string;
  readonly 'Closed on': string;
  readonly 'How it ended': string;
  readonly Why?: string;
  readonly 'Why in words'?: string;
  readonly 'First contact'?: string;
  readonly 'Last contact'?: string;
  readonly Contacts?: number;
  readonly Work?: string;
  readonly Social?: string;
  readonly Learning?: string;
  readonly Crime?: string;
  readonly Housing?: string;
  readonly Legal?: string;
  readonly Money?: string;
  readonly Welfare?: string;
  readonly 'What changed'?: readonly string[];
  readonly Goal?: string;
  readonly 'Goal reached'?: string;
  readonly 'In their own words'?: string;
  readonly 'For the GP'?: string;
  readonly 'Practice code'?: string;
  readonly 'Link worker'?: string;
  readonly Notes?: string;
  readonly 'OK to share with GP'?: string;
  readonly 'OK for research'?: string;
}
